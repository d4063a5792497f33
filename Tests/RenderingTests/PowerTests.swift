import RolloutCore
import Testing

@testable import CanaryCommands

@Suite struct PowerTests {
  private static let checks = CheckScenes.plan.policy.checks

  private static func power(_ origin: PlanPower.Origin, _ findings: [CheckPower.Finding]) -> PlanPower {
    PlanPower(
      updated: 1, siblings: 2, horizon: .minutes(60), earliest: .minutes(10), onInconclusive: .halt, onNoData: .wait,
      origin: origin,
      checks: zip(checks, findings).map { CheckPower(check: $0, finding: $1) })
  }

  private static let enough = power(
    .now(.seconds(2)),
    [
      .sight(
        CheckPower.Traffic(perSecond: 48, share: 0.001),
        CheckPower.Sight(
          byHorizon: 1.62, soon: CheckPower.Soon(ratio: 3, within: .seconds(371)), earnsPass: true,
          passAfter: .minutes(22))),
      .sight(
        CheckPower.Traffic(perSecond: 48),
        CheckPower.Sight(
          byHorizon: 1.08, soon: CheckPower.Soon(ratio: 2, within: .seconds(65)), earnsPass: true,
          passAfter: .minutes(6))),
      .level(398_000_000), .idle,
    ])

  private static let few: [CheckPower.Finding] = [
    .sight(
      CheckPower.Traffic(perSecond: 2, share: 0.004, isShareBound: true),
      CheckPower.Sight(byHorizon: 9.4, soon: nil, earnsPass: true, passAfter: .minutes(185))),
    .sight(
      CheckPower.Traffic(perSecond: 2),
      CheckPower.Sight(
        byHorizon: 1.5, soon: CheckPower.Soon(ratio: 3, within: .minutes(12)), earnsPass: true,
        passAfter: .minutes(48))),
    .noData(detail: "web2: GET http://web2:8080/metrics: connection refused"), .idle,
  ]

  @Test func golden() throws {
    let quiet = Self.power(.now(.seconds(2)), Self.few)
    let stored = Self.power(
      .stored(rollout: "checkout-20261120-120000-a1b2", at: World.start + .minutes(-1440), problem: "web1: refused"),
      Self.few)
    let nothing = Self.power(.nothing(problem: "web1: GET http://web1:8080/metrics: connection refused"), [.idle])
    let parts = [Self.enough, quiet, stored, nothing].map { power in
      PlanRenderer.text(
        plan: CheckScenes.plan, review: PlanReview(CheckScenes.plan), power: power, palette: .plain)
    }
    let json = PlanRenderer.json(plan: CheckScenes.plan, review: PlanReview(CheckScenes.plan), power: quiet)
    try compare((parts + [json]).joined(separator: "====\n"), with: "plan-power")
  }

  @Test func aPlanWithoutChecksSaysNothingOfThem() {
    let none = PlanPower(
      updated: 1, siblings: 2, horizon: .minutes(60), earliest: .minutes(10), onInconclusive: .halt, onNoData: .wait,
      origin: .nothing(problem: ""), checks: [])
    #expect(PowerRenderer.lines(none, now: World.start).isEmpty)
  }

  private static func text(_ power: PlanPower) -> String {
    PowerRenderer.lines(power, now: World.start).map { $0.text(.plain) }.joined(separator: "\n")
  }

  @Test func whoStartsARolloutIsToldInALineOrTwo() {
    #expect(
      PowerSummary.lines(Self.enough) == [
        "by the end of the burn-in (1h) the checks can see server-errors ×1.6, latency p99 ×1.08; a pass from about 22m"
      ])
    let few = PowerSummary.lines(Self.power(.now(.seconds(2)), Self.few))
    #expect(
      few == [
        "by the end of the burn-in (1h) the checks can see server-errors ×9.4, latency p99 ×1.5",
        "at this traffic server-errors can earn no pass within 1h: "
          + "it will end inconclusive, and on_inconclusive: halt decides",
      ])
    let nothing = Self.power(.nothing(problem: "web1: refused"), [.idle])
    #expect(PowerSummary.lines(nothing) == ["what the checks can see is not known: web1: refused"])
  }

  @Test func whatCanOnlyFailEarnsNoPass() throws {
    var gauge = try #require(Self.checks.first { if case .gauge = $0.measure { true } else { false } })
    gauge.limit = nil
    var power = Self.power(.now(.seconds(2)), [])
    power.checks = [CheckPower(check: gauge, finding: .level(4))]
    #expect(!power.canPass)
    #expect(Self.text(power).contains("can only fail, and nothing else earns a pass: it will end inconclusive"))
    #expect(Self.text(power).contains("to change it: a check of a ratio or a latency, or an absolute limit of a check"))
    gauge.limit = 9
    power.checks = [CheckPower(check: gauge, finding: .level(4))]
    #expect(power.canPass && !Self.text(power).contains("inconclusive"))
  }

  @Test func oneInstancePassesByLimitsOnEveryCheck() {
    var power = Self.enough
    power.siblings = 0
    for index in power.checks.indices { power.checks[index].check.limit = nil }
    #expect(!power.canPass)
    for index in power.checks.indices.dropFirst() { power.checks[index].check.limit = 1 }
    #expect(!power.canPass)
    #expect(Self.text(power).contains("a limit of \(power.checks[0].check.name)"))
    power.checks[0].check.limit = 1
    #expect(power.canPass && !Self.text(power).contains("inconclusive"))
  }

  /// At 48 requests a second 166,000 take about 58 minutes, and 200,000 more than an hour.
  @Test func thePassWaitsForTheRequestsThatThePolicyAsksFor() {
    var plan = CheckScenes.plan
    func power(_ requests: Int) -> PlanPower {
      plan.policy.burnIn.untilRequests = requests
      let tally = PowerEstimate(plan: plan)
      var power = Self.enough
      power.untilRequests = requests
      power.earliest = tally.earliest(power.checks)
      return power
    }
    #expect(power(100).earliest == .minutes(10) && power(100).canPass)
    #expect(power(166_000).canPass && Self.text(power(166_000)).contains("a pass from about 58m"))
    #expect(!power(200_000).canPass)
    #expect(Self.text(power(200_000)).contains("burn_in waits for 200000 requests, which do not come within 1h"))
    #expect(Self.text(power(200_000)).contains("burn_in: {max: 70m}"))
  }

  @Test func adviceOnlyWhereAPassIsOutOfReach() {
    #expect(!Self.text(Self.enough).contains("inconclusive"))
    let quiet = Self.text(Self.power(.now(.seconds(2)), Self.few))
    #expect(quiet.contains("at this traffic server-errors can earn no pass within 1h"))
    #expect(quiet.contains("burn_in: {max: 4h}"))
    #expect(Self.text(Self.power(.nothing(problem: "why"), [.idle])).contains("the traffic is not known: why"))
  }
}
