import ChildProcesses
import Glibc
import LoopbackFixtures
import RolloutCore
import Synchronization
import TestKit
import Testing

@testable import Observers

/// Sources in a burn-in from the real thing to the verdict, with an outage in the middle that changes nothing.
@Suite(.serialized) struct BurnInTests {
  /// Looks without the source.
  static let outage = 6..<14

  static func check(_ source: MetricSource, _ events: String, _ total: String) -> CheckPolicy {
    CheckPolicy(name: "errors", source: source, measure: .ratio(events: events, total: total))
  }

  /// Errors among 500 requests of one look.
  static func errors(_ instance: Int, isGood: Bool) -> Int { instance == 0 && !isGood ? 25 : 2 }

  func judge(_ verdicts: [Verdict], isGood: Bool) {
    let last = verdicts.last
    #expect(last?.outcome == (isGood ? .pass : .fail), "\(last?.reason ?? "nothing")")
    #expect(verdicts.contains { $0.outcome == .noData || $0.outcome == .error }, "the outage is seen as one")
    guard !isGood else { return }
    let reason = last?.reason ?? "nothing"
    #expect(reason.hasPrefix("errors: ") && reason.hasSuffix("more than the tolerated 10 % worse"), "\(reason)")
  }

  @Test(arguments: [true, false]) func `StatsD, whose clients die and come back`(_ isGood: Bool) async throws {
    let port = try await FreePort.next(.udp)
    let clients = StatsDClients(port: port)
    let burnIn = BurnIn(
      check: Self.check(.statsd(StatsDSource(listen: "127.0.0.1:\(port)")), "{id}.errors", "{id}.requests"))
    // Few errors before the outage: the verdict has to come after it.
    let verdicts = try await burnIn.verdicts(after: Self.outage.upperBound) { step in
      // The first look binds the address.
      guard step > 1 else { return }
      if step == Self.outage.lowerBound { await clients.die() }
      guard !Self.outage.contains(step) else { return }
      let isQuiet = isGood || step < Self.outage.lowerBound
      for instance in 0..<4 {
        let errors = Self.errors(instance, isGood: isQuiet)
        try await clients.send(["incr requests 500", "incr errors \(errors)"], from: instance)
      }
      _ = await eventually { waitingBytes(udpPort: port) == 0 }
    }
    await clients.die()
    judge(verdicts, isGood: isGood)
    #expect(waitingBytes(udpPort: port) == nil, "the address is free again")
  }

  @Test(arguments: [true, false]) func `a database that goes away and comes back`(_ isGood: Bool) async throws {
    try await TemporaryDirectory.with { directory in
      @Sendable func sql(_ text: String) async throws {
        let run = await ChildProcess.run(
          ProcessCommand(["sqlite3", "orders.db", text], workingDirectory: directory.path))
        guard case .success(let result) = run, result.status.isSuccess else { throw FixtureFailure("\(run)") }
      }
      try await sql("CREATE TABLE orders (instance TEXT, failed INT, total INT)")
      try await sql("INSERT INTO orders VALUES ('web0', 0, 0), ('web1', 0, 0), ('web2', 0, 0), ('web3', 0, 0)")
      let query = "SELECT json_group_object(instance, json_object('failed', failed, 'total', total)) FROM orders"
      let source = CommandSource(argv: ["sqlite3", "-readonly", "orders.db", query])
      let burnIn = BurnIn(
        check: Self.check(.command(source), "/{id}/failed", "/{id}/total"), directory: directory.path)
      let verdicts = try await burnIn.verdicts(after: Self.outage.upperBound) { step in
        if step == Self.outage.lowerBound { rename(directory.path("orders.db"), directory.path("away")) }
        if step == Self.outage.upperBound { rename(directory.path("away"), directory.path("orders.db")) }
        guard !Self.outage.contains(step) else { return }
        let own = Self.errors(0, isGood: isGood || step < Self.outage.lowerBound)
        try await sql(
          """
          UPDATE orders SET total = total + 500,
            failed = failed + CASE instance WHEN 'web0' THEN \(own) ELSE \(Self.errors(1, isGood: true)) END
          """)
      }
      judge(verdicts, isGood: isGood)
    }
  }

  @Test(arguments: [true, false]) func `a server of documents that dies and comes back`(_ isGood: Bool) async throws {
    let servers = Servers(try LoopbackServer())
    let port = servers.current.port
    let burnIn = BurnIn(
      check: Self.check(.http("http://{host}:{port}/{id}"), "/requests/failed", "/requests/all"),
      labels: [.init(name: "port", value: "\(port)")])
    let failed = Mutex([0, 0, 0, 0])
    let verdicts = try await burnIn.verdicts(after: Self.outage.upperBound) { step in
      if step == Self.outage.lowerBound { servers.current.stop() }
      if step == Self.outage.upperBound { servers.current = try LoopbackServer(port: port) }
      // Its services go on meanwhile.
      let isQuiet = isGood || step < Self.outage.lowerBound
      let counts = failed.withLock { failed in
        for instance in 0..<4 { failed[instance] += Self.errors(instance, isGood: isQuiet) }
        return failed
      }
      guard !Self.outage.contains(step) else { return }
      for instance in 0..<4 {
        let body = "{\"requests\": {\"failed\": \(counts[instance]), \"all\": \(step * 500)}}"
        try servers.current.set("/web\(instance)", [.init(body: body)])
      }
    }
    judge(verdicts, isGood: isGood)
  }

  final class Servers: Sendable {
    private let value: Mutex<LoopbackServer>
    init(_ server: LoopbackServer) { value = Mutex(server) }
    var current: LoopbackServer {
      get { value.withLock { $0 } }
      set { value.withLock { $0 = newValue } }
    }
  }
}

/// Bytes that wait to be read at a UDP port of this machine; nil where nobody listens.
func waitingBytes(udpPort port: Int) -> Int? {
  let end = ":" + String(repeating: "0", count: max(0, 4 - String(port, radix: 16).count)) + String(port, radix: 16)
  for line in (contents(of: "/proc/net/udp") ?? "").split(separator: "\n").dropFirst() {
    let fields = line.split(separator: " ")
    guard fields.count > 4, fields[1].lowercased().hasSuffix(end) else { continue }
    return fields[4].split(separator: ":").last.flatMap { Int($0, radix: 16) }
  }
  return nil
}
