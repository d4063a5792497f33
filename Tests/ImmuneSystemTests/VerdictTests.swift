import CanaryJudge
import RolloutCore
import Testing

@testable import ImmuneSystem

@Suite struct VerdictTests {
  /// The canary shows `bad` events of 500 requests in each look, the siblings nearly none.
  static func burn(_ burn: inout Burn, bad: Double, looks: Int) throws -> Verdict {
    for tick in 0..<looks {
      try burn.look { _, host in Burn.counts(host == 0 ? bad : Burn.events(0.1, tick, host), of: 500) }
      if burn.immune.verdict.outcome == .fail { break }
    }
    return burn.immune.verdict
  }

  @Test func `errors of the canary alone fail, the reason says how much worse, and it stays`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.comparison, updated: 1)
    let verdict = try Self.burn(&burn, bad: 50, looks: 60)
    #expect(verdict.outcome == .fail)
    #expect(verdict.reason.hasPrefix("server-errors: 10 % ("), "\(verdict.reason)")
    #expect(verdict.reason.contains("at the siblings, more than the tolerated 10 % worse"), "\(verdict.reason)")
    let evidence = verdict.evidence[0]
    #expect(evidence.outcome == .fail && (evidence.logEvidence ?? 0) >= (evidence.logThreshold ?? 99))
    #expect(evidence.canary == 0.1 && evidence.canarySamples > 0 && evidence.baselineSamples > 0)
    for tick in 0..<50 { try burn.look { _, host in Burn.counts(Burn.events(0.1, tick, host), of: 500) } }
    #expect(burn.immune.verdict.outcome == .fail)
  }

  @Test func `errors everywhere are not the canary's, and it is said that the siblings degraded`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.baseline)
    for tick in 0..<60 { try burn.look { _, host in Burn.counts(Burn.events(1, tick, host), of: 500) } }
    try burn.segment(.comparison, updated: 1)
    var degraded = false
    for tick in 0..<120 {
      let verdict = try burn.look { _, host in Burn.counts(Burn.events(tick < 20 ? 1 : 100, tick, host), of: 500) }
      #expect(verdict.outcome != .fail, "\(verdict.reason)")
      degraded = degraded || verdict.evidence[0].siblingsDegraded
      if verdict.evidence[0].siblingsDegraded {
        #expect(verdict.evidence[0].detail.contains("not the canary alone"), "\(verdict.evidence[0].detail)")
      }
    }
    #expect(degraded)
  }

  @Test func `a pass needs the requests and the evidence, and says what is missing`() throws {
    var check = Burn.errors()
    check.owner = "team-web"
    var burn = Burn([check], requests: 20_000)
    try burn.segment(.comparison, updated: 1)
    var reasons: [String] = []
    var outcomes: [Verdict.Outcome] = []
    var needs: [Evidence.Need?] = []
    for tick in 0..<120 {
      let verdict = try burn.look { _, host in Burn.counts(Burn.events(0.1, tick, host), of: 500) }
      reasons.append(verdict.reason)
      outcomes.append(verdict.outcome)
      needs.append(verdict.evidence[0].need)
    }
    #expect(reasons[5] == "3,000 of 20,000 requests")
    #expect(!outcomes[..<39].contains(.pass) && outcomes.last == .pass, "\(reasons.last ?? "")")
    #expect(reasons.last?.hasPrefix("the check shows the updated instances no worse after") == true)
    let need = try #require(needs.compactMap { $0 }.last)
    #expect(need.unit == "requests" && need.about > need.have && need.time != nil)
    #expect(burn.immune.verdict.evidence[0].owner == "team-web")
    #expect(burn.immune.verdict.lastSample == burn.samples.count - 1)
  }

  @Test func `silence of the canary is no data after three looks, and never a pass`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.comparison, updated: 1)
    for tick in 0..<120 { try burn.look { _, host in Burn.counts(Burn.events(0.1, tick, host), of: 500) } }
    #expect(burn.immune.verdict.outcome == .pass)
    var outcomes: [Verdict.Outcome] = []
    for _ in 0..<4 { outcomes.append(try burn.look { _, host in host == 0 ? nil : Burn.counts(0, of: 500) }.outcome) }
    #expect(outcomes == [.pass, .pass, .noData, .noData])
    #expect(burn.immune.verdict.reason == "server-errors: no data for 3 intervals: connection refused")
    #expect(burn.immune.verdict.evidence[0].outcome == .noData)
    #expect(try burn.look { _, _ in Burn.counts(0, of: 500) }.outcome == .pass)
  }

  @Test func `a silent critical check is no data whatever the others say, and another one is not`() throws {
    var critical = Burn.errors()
    (critical.name, critical.isCritical) = ("payments", true)
    var burn = Burn([Burn.errors(), critical])
    try burn.segment(.comparison, updated: 1)
    func look(_ tick: Int, silent: Int?, kind: Gap.Kind = .noData) throws -> Verdict {
      try burn.look(
        { check, host in
          host == 0 && check == silent ? nil : Burn.counts(Burn.events(0.1, tick, host), of: 500)
        }, kind: kind)
    }
    for tick in 0..<120 { _ = try look(tick, silent: nil) }
    #expect(burn.immune.verdict.outcome == .pass)
    #expect(try (0..<4).map { try look($0, silent: 1).outcome } == [.pass, .pass, .noData, .noData])
    #expect(burn.immune.verdict.reason == "payments: no data for 3 intervals: connection refused")
    #expect(try look(4, silent: 1, kind: .error).outcome == .error)
    #expect(try (0..<4).map { try look($0, silent: 0).outcome } == [.pass, .pass, .inconclusive, .inconclusive])
  }

  @Test func `an outcome alone is that of the whole verdict`() throws {
    for limit in [nil, 0.05] {
      var burn = Burn([Burn.errors(limit: limit), Burn.errors()], requests: 5000)
      try burn.segment(.baseline)
      var seen: Set<Verdict.Outcome> = []
      for tick in 0..<200 {
        if tick == 20 { try burn.segment(.comparison, updated: 1) }
        let verdict = try burn.look { check, host in
          if (100..<105).contains(tick), host == 0 { return nil }
          return Burn.counts(tick > 150 && host == 0 ? 60 : Burn.events(0.1, tick, host), of: 500)
        }
        #expect(burn.immune.outcome == verdict.outcome)
        seen.insert(verdict.outcome)
      }
      #expect(seen.isSuperset(of: [.inconclusive, .noData, .fail]), "\(seen)")
    }
  }

  @Test func `answers that cannot be used are an error, and beginning counters are neither`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.comparison, updated: 1)
    for _ in 0..<5 { try burn.look({ _, host in host == 0 ? nil : Burn.counts(0, of: 500) }, kind: .first) }
    #expect(burn.immune.verdict.outcome == .inconclusive)
    for _ in 0..<3 { try burn.look({ _, host in host == 0 ? nil : Burn.counts(0, of: 500) }, kind: .error) }
    #expect(burn.immune.verdict.outcome == .error && burn.immune.verdict.evidence[0].outcome == .error)
    #expect(burn.immune.verdict.evidence[0].canary == nil)
  }

  @Test func `no data is not zero errors`() throws {
    var (silent, clean) = (Burn([Burn.errors()]), Burn([Burn.errors()]))
    try silent.segment(.comparison, updated: 1)
    try clean.segment(.comparison, updated: 1)
    for tick in 0..<120 {
      let siblings = { (host: Int) in Burn.counts(Burn.events(0.1, tick, host), of: 500) }
      try silent.look { _, host in host == 0 ? nil : siblings(host) }
      try clean.look { _, host in host == 0 ? Burn.counts(0, of: 500) : siblings(host) }
    }
    #expect(silent.immune.verdict.outcome == .noData && clean.immune.verdict.outcome == .pass)
  }

  @Test func `a host that is out counts for nobody`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.comparison, updated: 1, out: [3])
    for tick in 0..<60 {
      try burn.look { _, host in Burn.counts(host == 3 ? 400 : Burn.events(0.1, tick, host), of: 500) }
    }
    let evidence = burn.immune.verdict.evidence[0]
    #expect(evidence.baselineSamples == 2 * evidence.canarySamples && (evidence.baseline ?? 1) < 0.01)
  }

  @Test func `a muted check is measured and never acted on`() throws {
    var burn = Burn([Burn.errors(limit: 0.01, muted: true)])
    try burn.segment(.comparison, updated: 1)
    let verdict = try Self.burn(&burn, bad: 250, looks: 40)
    #expect(verdict.outcome == .pass && verdict.reason == "no check to judge by")
    #expect(verdict.evidence[0].outcome == .fail && verdict.evidence[0].detail.hasPrefix("muted: "))
  }

  @Test func `a limit is breached by both arms if both are beyond it`() throws {
    var burn = Burn([Burn.errors(limit: 0.05)])
    try burn.segment(.comparison, updated: 1)
    var outcomes: [Verdict.Outcome] = []
    for _ in 0..<6 { outcomes.append(try burn.look { _, _ in Burn.counts(100, of: 500) }.outcome) }
    #expect(outcomes.first == .inconclusive && outcomes.last == .fail)
    #expect(
      burn.immune.verdict.reason
        == "server-errors: 20 %, beyond the limit 5 %; the siblings degraded too: not the canary alone")
  }

  @Test func `without siblings only limits apply, and it says so`() throws {
    var burn = Burn([Burn.errors(limit: 0.05)], hosts: 1)
    try burn.segment(.comparison, updated: 1)
    for _ in 0..<10 { try burn.look { _, _ in Burn.counts(0, of: 500) } }
    #expect(burn.immune.verdict.outcome == .inconclusive)
    for _ in 0..<20 { try burn.look { _, _ in Burn.counts(0, of: 500) } }
    #expect(burn.immune.verdict.outcome == .pass, "\(burn.immune.verdict.reason)")

    var blind = Burn([Burn.errors()], hosts: 1)
    try blind.segment(.comparison, updated: 1)
    for _ in 0..<60 { try blind.look { _, _ in Burn.counts(0, of: 500) } }
    #expect(blind.immune.verdict.outcome == .inconclusive)
    #expect(blind.immune.verdict.reason.contains("no siblings to compare with and no limit"))
  }

  @Test func `what can never be measured is an error that names the cause`() throws {
    var burn = Burn([Burn.errors(), Burn.errors()])
    try burn.segment(.comparison, updated: 1, refusals: [.init(check: 1, detail: "selector, column 5: no")])
    #expect(burn.immune.verdict.outcome == .error)
    #expect(burn.immune.verdict.reason == "server-errors cannot be measured: selector, column 5: no")
    #expect(burn.immune.verdict.lastSample == 0)
  }

  @Test func `before the push nothing is judged`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.baseline)
    for _ in 0..<30 { try burn.look { _, host in Burn.counts(host == 0 ? 400 : 0, of: 500) } }
    #expect(burn.immune.verdict.outcome == .inconclusive)
    #expect(burn.immune.verdict.reason.contains("before the push"), "\(burn.immune.verdict.reason)")
  }

  @Test func `records that do not fit are typed errors`() throws {
    var burn = Burn([Burn.errors()])
    #expect(throws: SampleMismatch.self) { try burn.look { _, _ in Burn.counts(0, of: 1) } }
    try burn.segment(.comparison, updated: 1)
    let foreign = Look(at: burn.now, duration: .seconds(5), checks: [CheckLook(check: 3, readings: [])])
    #expect(throws: SampleMismatch.self) { try burn.record(.look(foreign)) }
    let short = Look(at: burn.now, duration: .seconds(5), checks: [CheckLook(check: 0, readings: [.missing])])
    #expect(throws: SampleMismatch.self) { try burn.record(.look(short)) }
    let others = Segment(number: 7, stage: .comparison, hosts: [1, 2], arms: [.updated, .sibling])
    #expect(throws: SampleMismatch.self) { try burn.record(.segment(others)) }
  }
}
