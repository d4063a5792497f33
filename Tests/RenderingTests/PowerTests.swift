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

  @Test func adviceOnlyWhereAPassIsOutOfReach() {
    func text(_ power: PlanPower) -> String {
      PowerRenderer.lines(power, now: World.start).map { $0.text(.plain) }.joined(separator: "\n")
    }
    #expect(!text(Self.enough).contains("inconclusive"))
    let quiet = text(Self.power(.now(.seconds(2)), Self.few))
    #expect(quiet.contains("at this traffic server-errors can earn no pass within 1h"))
    #expect(quiet.contains("burn_in: {max: 4h}"))
    #expect(text(Self.power(.nothing(problem: "why"), [.idle])).contains("the traffic is not known: why"))
  }
}
