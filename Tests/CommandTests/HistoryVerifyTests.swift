import RolloutCore
import RolloutEngine
import RolloutStore
import TestKit
import Testing

@testable import CanaryCommands

/// A journal that is no longer what was written: found, named, kept to itself, and put aside.
@Suite(.timeLimit(.minutes(2)))
struct HistoryVerifyTests {
  private static let till = """
    service: till
    instances: [{host: t}]
    transport: {local: {}}
    release: {artifact: "dist/shop-{version}.tar.gz", directory: /srv/till}
    burn_in: {min: 0s, max: 1m}
    min_healthy_time: 0s
    healthy_deadline: 1s
    on_fail: halt
    probes: [{tcp: "{host}:80"}]
    """

  /// Two services with a halted rollout each, and the one of `shop` changed at record 3.
  private func damaged(_ body: (CommandBench, _ shop: String, _ till: String) async throws -> Void) async throws {
    try await CommandBench.with(["a", "b", "c", "t"]) { bench in
      try bench.writePolicy(CommandBench.policy + "\nhealthy_deadline: 1s\non_fail: halt\nmax_unavailable: 2\n")
      try bench.writePolicy(Self.till, to: "till.yaml")
      await bench.fleet.makeSick("2.0")
      #expect(await bench("start", "shop@2.0").status == 3)
      let shop = try #require(await bench.state()?.id.text)
      #expect(await bench("start", "till@2.0", "-f", "till.yaml").status == 3)
      let till = try #require(await bench.state()?.id.text)
      let whole = await bench("history", "verify")
      #expect(whole.status == 0 && whole.notes.isEmpty, "\(whole)")
      #expect(whole.answers.split(separator: "\n").count { $0.contains("whole, head ") } == 2, "\(whole)")
      try await tamper(bench, "UPDATE event SET at = at + 1 WHERE rollout = '\(shop)' AND sequence = 3")
      await bench.fleet.cure()
      try await body(bench, shop, till)
    }
  }

  private func tamper(_ bench: CommandBench, _ sql: String) async throws {
    let triggers = "DROP TRIGGER IF EXISTS event_is_final; DROP TRIGGER IF EXISTS event_is_kept;"
    try await runOrThrow(["sqlite3", "-cmd", ".timeout 20000", bench.directory.path("state/canary.db"), triggers + sql])
  }

  @Test func `the first bad record is named, and the others are whole`() async throws {
    try await damaged { bench, shop, till in
      let found = await bench("history", "verify")
      #expect(found.status == 1, "\(found)")
      let lines = found.answers.split(separator: "\n")
      #expect(lines.contains { $0.contains(shop) && $0.contains("record 3 (stepIntended, 20") }, "\(found)")
      #expect(lines.contains { $0.contains(shop) && $0.contains("content does not match its hash") }, "\(found)")
      #expect(lines.contains { $0.contains(till) && $0.contains("whole, head ") }, "\(found)")
      #expect(found.notes.contains("1 rollout is damaged") && found.notes.contains("backup"), "\(found)")
      let json = await bench("history", "verify", "--output", "json")
      #expect(json.status == 1 && json.answers.contains("\"seq\": 3,"), "\(json)")
      #expect(json.answers.contains("\"event\": \"stepIntended\""), "\(json)")
      #expect(await bench("history", "verify", till).status == 0)
      #expect(await bench("history", "verify", "shop").status == 1)
      #expect(await bench("history", "verify", "nobody").status == 5)
      // The list itself needs no journal.
      #expect(await bench("history").answers.contains(shop))
      #expect(await bench("history", "till", "--limit", "1").answers.contains(till))
    }
  }

  @Test func `only the damaged rollout is refused, with what to do`() async throws {
    try await damaged { bench, shop, till in
      let table = await bench("status", "-f", "nowhere.yaml")
      #expect(table.answers.contains(shop) == table.answers.contains(till), "\(table)")
      for words in [
        ["status", shop], ["resume", shop], ["explain", shop], ["log", shop], ["abort", shop, "--hold"],
      ] {
        let refused = await bench.run(words)
        #expect(refused.status == 1, "\(words) \(refused)")
        #expect(refused.notes.contains("the journal of \(shop) does not add up at record 3"), "\(words) \(refused)")
        #expect(refused.notes.contains("canary history verify \(shop)"), "\(words) \(refused)")
      }
      let log = await bench("log", "-f", "till.yaml")
      #expect(log.status == 0 && log.answers.contains(till), "\(log)")
      #expect(await bench("status", till).status == 0)
      #expect(await bench("retry", till, "-f", "till.yaml").status == 0)
      #expect(await bench("start", "till@2.1", "-f", "till.yaml").status == 0)
      #expect(await bench("hosts", "shop").status == 0)
    }
  }

  @Test func `a damaged rollout does not block its service for ever`() async throws {
    try await damaged { bench, shop, _ in
      #expect(await bench("start", "shop@2.1").status == 5)
      let next = await bench("start", "shop@2.1", "--supersede")
      #expect(next.status == 0 && next.notes.contains("put aside"), "\(next)")
      #expect(await bench.fleet.versions().prefix(3) == ["2.1", "2.1", "2.1"])
      #expect(await bench.state(shop)?.state == "superseded")
      #expect(await bench.state(shop)?.detail.contains("damaged at record 3") == true)
      #expect(await bench("history", "verify").status == 1, "what was damaged stays so")
      let log = await bench("log")
      #expect(log.status == 1 && log.answers.contains("shop wave 2/2") && log.notes.contains(shop), "\(log)")
    }
  }

  @Test func `lost records, a lost row and a row that lies are found`() async throws {
    try await damaged { bench, shop, till in
      try await tamper(bench, "DELETE FROM event WHERE rollout = '\(till)' AND sequence > 5")
      let cut = await bench("history", "verify", till)
      #expect(cut.status == 1 && cut.answers.contains("record 6: the record is missing"), "\(cut)")
      try await tamper(bench, "PRAGMA foreign_keys = OFF; DELETE FROM rollout WHERE id = '\(shop)'")
      let orphan = await bench("history", "verify")
      #expect(orphan.status == 1 && orphan.answers.contains("\(shop)  ?"), "\(orphan)")
      #expect(await bench("start", "till@2.1", "-f", "till.yaml", "--supersede").status == 0)
      let last = try #require(await bench.state()?.id.text)
      try await tamper(bench, "UPDATE rollout SET state = 'halted' WHERE id = '\(last)'")
      let lie = await bench("history", "verify", last)
      #expect(lie.status == 1 && lie.answers.contains("the list shows halted"), "\(lie)")
    }
  }

  /// Only a changed schema lets a column of the list hold what it never should.
  private func loosened(_ sql: String) -> String {
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') "
      + "WHERE name = 'rollout'; PRAGMA writable_schema = RESET; \(sql)"
  }

  @Test func `a row that cannot be read hides no other rollout, and is put aside`() async throws {
    try await damaged { bench, shop, till in
      try await tamper(bench, loosened("UPDATE rollout SET started_at = 'soon' WHERE id = '\(till)'"))
      let found = await bench("history", "verify")
      let lines = found.answers.split(separator: "\n")
      #expect(found.status == 1 && found.notes.contains("2 rollouts are damaged"), "\(found)")
      #expect(lines.contains { $0.contains(till) && $0.contains("row cannot be read") }, "\(found)")
      #expect(lines.contains { $0.contains(shop) && $0.contains("record 3 (stepIntended, 20") }, "\(found)")
      let table = await bench("status", "-f", "nowhere.yaml")
      #expect(table.status == 0 && table.answers.contains(shop) && table.answers.contains(till), "\(table)")
      #expect(await bench("history").answers.contains(till))
      #expect(await bench("start", "till@2.1", "-f", "till.yaml").status == 5, "it is still open")
      let next = await bench("start", "till@2.1", "-f", "till.yaml", "--supersede")
      #expect(next.status == 0 && next.notes.contains("put aside"), "\(next)")
    }
  }

  @Test func `a rollout that this version cannot follow is put aside`() async throws {
    try await damaged { bench, _, till in
      try await appendUnknownRecord(bench, to: RolloutID(till))
      let refused = await bench("retry", till, "-f", "till.yaml")
      #expect(refused.status == 1 && refused.notes.contains("(fromTheFuture) cannot be followed"), "\(refused)")
      #expect(refused.notes.contains("--supersede"), "\(refused)")
      let next = await bench("start", "till@2.1", "-f", "till.yaml", "--supersede")
      #expect(next.status == 0 && next.notes.contains("put aside"), "\(next)")
      #expect(await bench.state(till)?.detail.contains("(fromTheFuture) cannot be followed") == true)
    }
  }

  /// As a newer version would have written it: the chain is whole.
  private func appendUnknownRecord(_ bench: CommandBench, to id: RolloutID) async throws {
    let store = try await SQLiteStore.open(at: bench.directory.path("state/canary.db"))
    let summary = try #require(try await store.summary(of: id))
    let records = try await store.records(of: id, from: 0)
    let holder = LeaseHolder.current(user: "ada")
    let lease = try await store.acquire(service: summary.service, holder: holder, now: SteadyClock().now()).get()
    let last = try #require(records.last)
    let record = JournalRecord(sequence: records.count, at: last.at, kind: "fromTheFuture", payload: "{}")
    try await store.append(JournalBatch(records: [record], summary: summary, answers: []), under: lease)
    try await store.release(lease)
    await store.close()
  }

  @Test func `an ended rollout that its row shows as open is put aside, and one in another state is taken up`()
    async throws
  {
    try await damaged { bench, _, till in
      #expect(await bench("abort", till, "--hold", "-f", "till.yaml").status != 1)
      try await tamper(bench, "UPDATE rollout SET state = 'halted', is_ended = 0 WHERE id = '\(till)'")
      let lie = await bench("history", "verify", till)
      #expect(lie.notes.contains("no host is asked anything"), "\(lie)")
      let next = await bench("start", "till@2.1", "-f", "till.yaml", "--supersede")
      #expect(next.status == 0 && next.notes.contains("put aside; the list shows halted"), "\(next)")
      await bench.fleet.makeSick("2.0")
      #expect(await bench("start", "till@2.0", "-f", "till.yaml").status == 3)
      let last = try #require(await bench.state()?.id.text)
      try await tamper(bench, "UPDATE rollout SET state = 'rolling' WHERE id = '\(last)'")
      let mild = await bench("history", "verify", last)
      #expect(mild.status == 1 && mild.notes.contains("the records count"), "\(mild)")
      #expect(!mild.notes.contains("no host is asked anything"), "\(mild)")
      let taken = await bench("start", "till@2.1", "-f", "till.yaml", "--supersede")
      #expect(taken.status == 0 && !taken.notes.contains("put aside"), "\(taken)")
    }
  }

  @Test func `leases that were lost do not keep a rollout from being taken up`() async throws {
    try await damaged { bench, _, till in
      try await tamper(bench, "DROP TRIGGER lease_is_kept; DELETE FROM lease WHERE service = 'till'")
      let retried = await bench("retry", till, "-f", "till.yaml")
      #expect(retried.status == 0 && retried.notes.contains("go on above"), "\(retried)")
    }
  }

  /// Two rollouts that succeeded, the newer of them damaged.
  private func damagedLast(_ body: (CommandBench) async throws -> Void) async throws {
    try await CommandBench.with { bench in
      #expect(await bench("start", "shop@2.0").status == 0)
      #expect(await bench("start", "shop@2.1").status == 0)
      let last = try #require(await bench.state()?.id.text)
      try await tamper(bench, "UPDATE event SET at = at + 1 WHERE rollout = '\(last)' AND sequence = 3")
      try await body(bench)
    }
  }

  @Test func `a damaged last rollout does not keep its service from going back`() async throws {
    try await damagedLast { bench in
      let back = await bench("rollback", "shop")
      #expect(back.status == 0 && back.notes.contains("going by canary.yaml"), "\(back)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
    }
  }

  @Test func `without a policy here the newest whole rollout says which hosts there are`() async throws {
    try await damagedLast { bench in
      try bench.writePolicy(Self.till)
      let hosts = await bench("hosts", "shop")
      #expect(hosts.status == 0 && hosts.answers.contains("2.1"), "\(hosts)")
      let back = await bench("rollback", "shop")
      #expect(back.status == 0 && back.notes.contains("pinned in"), "\(back)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
    }
    try await damagedLast { bench in
      try bench.writePolicy(Self.till)
      try await tamper(bench, "UPDATE event SET at = at + 1 WHERE sequence = 2")
      let refused = await bench("rollback", "shop")
      #expect(refused.status == 5 && refused.notes.contains("--policy FILE"), "\(refused)")
    }
  }

  @Test func `nothing recorded is nothing damaged`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("history", "verify").status == 0)
      #expect(await bench("history", "verify", "shop").status == 5)
    }
  }
}
