import ChildProcesses
import Glibc
import RolloutCore
import TestKit
import Testing

@testable import Observers

/// Programs that are really run.
@Suite(.serialized) struct CommandReaderTests {
  typealias Documents = JSONMeasureTests

  func reader(
    _ argv: [String], _ measure: CheckPolicy.Measure = .rate("/{id}"), timeout: TimeSpan = .seconds(10),
    isCumulative: Bool = true, directory: String? = nil
  ) -> CommandReader {
    let source = CommandSource(argv: argv, timeout: timeout, isCumulative: isCumulative)
    let group = ReaderGroup(.command(source), [measure], of: Documents.instances)
    return CommandReader(group, source: source, directory: directory)
  }

  func problem(_ reader: CommandReader) async -> ReadingProblem? {
    await reader.read(at: Timestamp(milliseconds: 1_700_000_000_000))[0][0].problem
  }

  @Test func `a database is asked by its own client, dies and comes back`() async throws {
    try await TemporaryDirectory.with { directory in
      func sql(_ text: String) async throws {
        let run = await ChildProcess.run(
          ProcessCommand(["sqlite3", "orders.db", text], workingDirectory: directory.path))
        guard case .success(let result) = run, result.status.isSuccess else { throw FixtureFailure("\(run)") }
      }
      try await sql("CREATE TABLE orders (instance TEXT, failed INT)")
      try await sql("INSERT INTO orders VALUES ('web1', 0), ('web2', 1)")
      let query = """
        SELECT json_group_object(instance, json_object('failed', failed, 'orders', orders)) FROM
          (SELECT instance, sum(failed) AS failed, count(*) AS orders FROM orders GROUP BY instance)
        """
      let reader = reader(
        ["sqlite3", "-readonly", "orders.db", query], .ratio(events: "/{id}/failed", total: "/{id}/orders"),
        directory: directory.path)
      var now = Timestamp(milliseconds: 1_700_000_000_000)
      func look() async -> [Observation] {
        now = now + .seconds(5)
        return await reader.read(at: now)[0]
      }
      #expect(await look() == [.first, .first])
      try await sql("INSERT INTO orders VALUES ('web1', 1), ('web1', 0), ('web1', 0)")
      #expect(await look() == [Documents.counts(1, 3), Documents.counts(0, 0)])

      rename(directory.path("orders.db"), directory.path("elsewhere"))
      let gone = await look()[0].problem
      #expect(gone?.kind == .error && gone?.detail.hasPrefix("sqlite3: exit status 1: ") == true, "\(gone as Any)")
      #expect(gone?.detail.contains("unable to open database") == true, "\(gone as Any)")
      rename(directory.path("elsewhere"), directory.path("orders.db"))
      try await sql("INSERT INTO orders VALUES ('web2', 1), ('web2', 0)")
      #expect(await look() == [Documents.counts(0, 0), Documents.counts(1, 2)], "the outage cost nothing")
    }
  }

  @Test func `a program beside the policy, in its directory`() async throws {
    try await TemporaryDirectory.with { directory in
      try directory.file("orders.json", #"{"web1": 7, "web2": 8}"#)
      try directory.file("orders", "#!/bin/sh\nexec cat orders.json\n", executable: true)
      let reader = reader(["./orders"], isCumulative: false, directory: directory.path)
      let start = Timestamp(milliseconds: 1_700_000_000_000)
      #expect(await reader.read(at: start) == [[.first, .first]])
      #expect(await reader.read(at: start + .seconds(2)) == [[Documents.counts(7, 2), Documents.counts(8, 2)]])
    }
  }

  @Test func `a program that fails is an error with its last words`() async {
    let failing = reader([
      "sh", "-c", "echo '{}'; echo starting >&2; printf 'no route to\\033[2J db\\n\\n' >&2; exit 3",
    ])
    #expect(await problem(failing) == ReadingProblem(.error, detail: "sh: exit status 3: no route to\u{FFFD}[2J db"))
    #expect(await problem(reader(["sh", "-c", "kill -9 $$"])) == ReadingProblem(.error, detail: "sh: signal 9"))
    let missing = await problem(reader(["no-such-program-anywhere"]))
    #expect(missing?.kind == .error && missing?.detail.contains("is not there or not executable") == true)
    #expect(await problem(reader([]))?.kind == .error)
    #expect(await problem(reader(["true"], directory: "/nonexistent"))?.detail.contains("/nonexistent") == true)
  }

  @Test func `output that is no JSON is an error that shows its start`() async {
    #expect(
      await problem(reader(["printf", "%s", "<html>\u{202e}gone"]))
        == ReadingProblem(
          .error, detail: "printf: expected one JSON document, it printed `<html>\u{FFFD}gone`"))
    #expect(
      await problem(reader(["true"]))
        == ReadingProblem(
          .error, detail: "true: expected one JSON document, it printed nothing"))
    #expect(await problem(reader(["head", "-c", "1000", "/dev/urandom"]))?.kind == .error)
  }

  @Test func `endless output ends with the byte too much`() async {
    let endless = ContinuousClock.now
    #expect(
      await problem(reader(["yes"], timeout: .minutes(10)))
        == ReadingProblem(
          .error, detail: "yes: more than 1048576 bytes of output"))
    // Errors are kept to their end, however many there are.
    let noisy = reader(["sh", "-c", "head -c 3000000 /dev/zero >&2; echo '{\"web1\": 1, \"web2\": 2}'"])
    #expect(await problem(noisy) == nil)
    #expect(ContinuousClock.now - endless < .seconds(120), "did not wait for the timeout")
  }

  @Test func `a program that hangs is killed with all it started`() async throws {
    try await TemporaryDirectory.with { directory in
      let hanging = reader(
        ["sh", "-c", "tail -f /dev/null & echo $! > child; echo $$ > parent; trap '' TERM; tail -f /dev/null"],
        timeout: TimeSpan(milliseconds: 300), directory: directory.path)
      #expect(await problem(hanging) == ReadingProblem(.error, detail: "sh: killed after 0.3 s"))
      for name in ["child", "parent"] {
        let text = try #require(contents(of: directory.path(name)))
        let pid = try #require(Int32(Phrase.trimmed(text)))
        #expect(await eventually { !isRunning(pid) })
      }
    }
  }

  @Test func `a cancelled look ends the program`() async throws {
    try await TemporaryDirectory.with { directory in
      let hanging = reader(
        ["sh", "-c", "echo $$ > started.part; mv started.part started; exec tail -f /dev/null"], timeout: .minutes(10),
        directory: directory.path)
      let look = Task { await problem(hanging) }
      #expect(await eventually { contents(of: directory.path("started")) != nil })
      look.cancel()
      #expect(await look.value?.kind == .error)
      let pid = try #require(Int32(Phrase.trimmed(contents(of: directory.path("started")) ?? "")))
      #expect(await eventually { !isRunning(pid) })
    }
  }

  @Test func `pointers that are none, or the same for all, are told before`() {
    func refusal(_ pointer: String) -> String? {
      let source = CommandSource(argv: ["orders"])
      return MetricReaders.refusal(
        of: CheckPolicy(name: "orders", source: .command(source), measure: .rate(pointer)), on: Documents.instances)
    }
    #expect(refusal("/{id}/orders") == nil && refusal("/orders/{host}") == nil)
    #expect(refusal("orders") == "orders is no JSON pointer, such as /{id}/orders")
    #expect(refusal("/orders") == "/orders is the same place for several instances; write {id} in it")
  }
}
