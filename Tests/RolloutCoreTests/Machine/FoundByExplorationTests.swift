import RolloutCore
import RolloutSimulation
import Testing

/// What `make explore` found, each as the shortest way to it.
@Suite struct FoundByExplorationTests {
  typealias Driven = TransitionTests.Driven

  /// The controller died between the records of one promote, and the next one stayed halted: the wave had passed, so
  /// `retry` was refused although `explain` named it.
  @Test func aPromoteCutShortByACrashIsCarriedOut() throws {
    var driven = Driven {
      $0.policy.checks(waits: false)
      $0.policy.onNoData = .halt
    }
    _ = try driven.burnsIn()
    _ = try driven.at(20 + 3600, .tick)
    #expect(driven.rollout.stateName == "halted")
    let promote = Input.operation(Operation(request: "p", by: "ann", reason: "why"), .promote(full: false))
    let events = try driven.rollout.decide(promote, now: driven.now)
    #expect(events.prefix(2).map(\.kind) == ["promoted", "wavePassed"])
    for event in events.prefix(2) { try driven.rollout.apply(event, at: driven.now) }
    let after = try driven.at(3700, .tookOver(epoch: 2, holder: "c2", gap: .zero))
    #expect(after.contains { $0.kind == "waveStarted" }, "\(after.map(\.kind)) while \(driven.rollout.stateName)")
  }

  /// Of the instances that are down the first was named as the one to skip, also when it was back on its baseline and
  /// cannot be skipped.
  @Test func theInstanceToSkipIsOneThatCanBeSkipped() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    _ = try driven.at(620, .tick)
    _ = try driven.answers(1, at: 622)
    _ = try driven.isSick(0, at: 623)
    func baseline(_ health: Health) -> Input { .health(host: 0, expecting: "1.0", health) }
    _ = try driven.at(624, .health(host: 0, expecting: nil, .unhealthy(detail: "503")))
    _ = try driven.answers(0, at: 626)
    _ = try driven.at(627, baseline(.healthy))
    _ = try driven.at(640, .tick)
    _ = try driven.at(641, baseline(.unhealthy(detail: "503")))
    for case .ask(1, let number, _) in driven.rollout.outstanding {
      _ = try driven.at(642, .answered(host: 1, number: number, .absent))
    }
    let reason = try #require(
      driven.rollout.waitingOn.first { if case .availability = $0.kind { true } else { false } },
      "\(driven.rollout.waitingOn)")
    #expect(reason.remedy == "skip web2 --reason …")
    #expect(try !driven.says(.skip("web2"), at: 650).isEmpty)
  }
}
