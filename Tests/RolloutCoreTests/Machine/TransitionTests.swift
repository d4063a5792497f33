import RolloutCore
import RolloutSimulation
import Testing

/// The transitions that matter most, event by event. Times are seconds since the start.
@Suite struct TransitionTests {
  /// A rollout driven by hand.
  struct Driven {
    var rollout: Rollout
    var now = PlanBuilder.start

    init(hosts: Int = 2, _ change: (inout PlanBuilder) -> Void = { _ in }) {
      let plan = PlanBuilder(hosts: hosts, change).plan
      rollout = Rollout(plan: plan, at: plan.createdAt)
    }

    mutating func at(_ seconds: Int64, _ input: Input) throws -> [Event] {
      now = PlanBuilder.start + .seconds(seconds)
      let events = try rollout.decide(input, now: now)
      for event in events { try rollout.apply(event, at: max(now, rollout.lastEventAt)) }
      return events
    }

    mutating func says(_ verb: Input.Verb, at seconds: Int64, request: String = "q") throws -> [Event] {
      try at(seconds, .operation(Operation(request: request, by: "ann", reason: "why"), verb))
    }

    /// Answers the step that is in flight on a host.
    mutating func answers(_ host: Int, at seconds: Int64, _ outcome: Outcome = .succeeded) throws -> [Event] {
      for case .perform(host, let number, _) in rollout.outstanding {
        return try at(seconds, .outcome(host: host, number: number, outcome))
      }
      return []
    }

    mutating func isHealthy(_ host: Int, at seconds: Int64) throws -> [Event] {
      try at(seconds, .health(host: host, expecting: "2.0", .healthy))
    }

    mutating func isSick(_ host: Int, at seconds: Int64) throws -> [Event] {
      try at(seconds, .health(host: host, expecting: "2.0", .unhealthy(detail: "503")))
    }

    /// To the start of the burn-in, at 20 s.
    mutating func burnsIn() throws -> [Event] {
      _ = try at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
      _ = try answers(0, at: 2)
      _ = try answers(0, at: 4)
      _ = try isHealthy(0, at: 10)
      return try at(20, .tick)
    }

    /// To the burn-in of a policy that drains, at 22 s, and past its end.
    mutating func burnsInDrained() throws -> [Event] {
      _ = try at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
      for second in [2, 4, 6] { _ = try answers(0, at: Int64(second)) }
      _ = try isHealthy(0, at: 10)
      _ = try at(20, .tick)
      return try answers(0, at: 22)
    }

    /// To the second wave's verification, activated at 704 s.
    mutating func verifiesSecondWave() throws {
      _ = try burnsIn()
      _ = try at(620, .tick)
      for host in 1..<rollout.hosts.count { _ = try answers(host, at: 702) }
      _ = try answers(1, at: 704)
    }
  }

  private let ann = Operation(request: "q", by: "ann", reason: "why")
  private func time(_ seconds: Int64) -> Timestamp { PlanBuilder.start + .seconds(seconds) }

  @Test func aControllerTakesUpAPlanAndTheCanaryBegins() throws {
    var driven = Driven()
    #expect(
      try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero)) == [
        .controllerTookOver(epoch: 1, holder: "c1", gap: .zero),
        .waveStarted(wave: 0, progressDeadline: time(1800)),
        .stepIntended(host: 0, step: .stage, attempt: 1, fence: Fence(epoch: 1, step: 1), giveUp: time(1920)),
      ])
  }

  @Test func aStagedReleaseIsActivated() throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    #expect(
      try driven.answers(0, at: 2) == [
        .stepFinished(host: 0, step: .stage, verifyBy: nil),
        .stepIntended(host: 0, step: .activate, attempt: 1, fence: Fence(epoch: 1, step: 2), giveUp: time(182)),
      ])
    #expect(try driven.answers(0, at: 4) == [.stepFinished(host: 0, step: .activate, verifyBy: time(124))])
  }

  @Test func aHealthyCanaryBurnsIn() throws {
    var driven = Driven()
    #expect(
      try driven.burnsIn() == [
        .hostVerified(host: 0, progressDeadline: time(1820)),
        .burnInStarted(wave: 0, earliest: time(620), latest: time(3620)),
      ])
  }

  @Test func aBurnInWithoutChecksPassesOnGreenProbes() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    let verdict = Verdict(outcome: .pass, reason: "probes stayed green for 10m; no checks to judge")
    #expect(
      try driven.at(620, .tick) == [
        .wavePassed(wave: 0, grounds: .burnedIn(verdict)),
        .waveStarted(wave: 1, progressDeadline: time(2420)),
        .stepIntended(host: 1, step: .stage, attempt: 1, fence: Fence(epoch: 1, step: 4), giveUp: time(2540)),
      ])
  }

  @Test func aSickCanaryIsTakenBackAtOnce() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    let detail = "was healthy and is no longer: 503"
    #expect(
      try driven.isSick(0, at: 100) == [
        .healthChanged(host: 0, health: .unhealthy(detail: "503")),
        .hostFailed(host: 0, detail: detail),
        .rollbackStarted(.failed(detail: "canary web1: \(detail)"), operation: nil, deadline: time(1900)),
        .stepIntended(host: 0, step: .revertActivate, attempt: 1, fence: Fence(epoch: 1, step: 4), giveUp: time(280)),
      ])
  }

  @Test func aNextControllerAsksBeforeItSends() throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    #expect(
      try driven.at(30, .tookOver(epoch: 2, holder: "c2", gap: .seconds(20))) == [
        .controllerTookOver(epoch: 2, holder: "c2", gap: .seconds(20))
      ])
    #expect(
      driven.rollout.outstanding.contains {
        if case .ask(host: 0, number: 2, let key) = $0 { key.description == "r1/web1/stage/1" } else { false }
      })
    #expect(
      try driven.at(31, .answered(host: 0, number: 2, .absent)) == [
        .stepReissued(host: 0, fence: Fence(epoch: 2, step: 3))
      ])
  }

  @Test func anAbortThatHoldsEndsWhenWhatRunsHasEnded() throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    // What may not have been sent yet is called back; the host says how far it came.
    #expect(
      try driven.says(.abort(.hold), at: 1) == [
        .abortRequested(ann, mode: .hold), .stepQuestioned(host: 0, detail: "called back"),
      ])
    #expect(driven.rollout.outstanding.allSatisfy { if case .perform = $0 { false } else { true } })
    #expect(
      try driven.at(2, .answered(host: 0, number: 2, .finished(.succeeded))) == [
        .stepFinished(host: 0, step: .stage, verifyBy: nil),
        .ended(.aborted, detail: "aborted by ann and held; no instance runs the release"),
      ])
  }

  @Test func anAbortThatRollsBackTurnsTheCanary() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    #expect(
      try driven.says(.abort(nil), at: 60) == [
        .abortRequested(ann, mode: .rollback),
        .rollbackStarted(.aborted, operation: ann, deadline: time(1860)),
        .stepIntended(host: 0, step: .revertActivate, attempt: 1, fence: Fence(epoch: 1, step: 4), giveUp: time(240)),
      ])
    #expect(try driven.says(.abort(nil), at: 61) == [])
  }

  /// It was healthy before its deadline; the pause that followed is not held against it.
  @Test func anInstanceThatBecameHealthyInAPauseIsHealthyAfterIt() throws {
    var driven = Driven()
    try driven.verifiesSecondWave()
    #expect(try driven.says(.pause, at: 705) == [.paused(ann)])
    #expect(try driven.isHealthy(1, at: 2000) == [.healthChanged(host: 1, health: .healthy)])
    _ = try driven.says(.resume, at: 4000, request: "r")
    #expect(driven.rollout.nextDeadline == time(4010))
    #expect(try driven.at(4010, .tick).map(\.kind) == ["hostVerified", "wavePassed", "ended"])
  }

  /// The clock goes back an hour in the burn-in: ten minutes are still ten minutes.
  @Test func aClockSetBackShortensNothing() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    let jump = Input.clockJumped(by: .minutes(-60), reason: "NTP")
    #expect(try driven.at(60 - 3600, jump) == [.clocksShifted(by: .minutes(-60), reason: "NTP")])
    #expect(driven.rollout.nextDeadline == time(620 - 3600))
    #expect(try driven.at(619 - 3600, .tick) == [])
    #expect(try driven.at(620 - 3600, .tick).first?.kind == "wavePassed")
  }

  /// The canary of an earlier wave is begun anew by a retry; the rollout does not end before it is well.
  @Test func aCanaryRetriedInALaterWaveIsAwaited() throws {
    var driven = Driven {
      $0.policy.onFail = .halt
      $0.maxUnavailable = 2
    }
    try driven.verifiesSecondWave()
    #expect(try driven.isSick(0, at: 705).map(\.kind) == ["healthChanged", "hostFailed", "halted"])
    #expect(try driven.says(.retry, at: 706).map(\.kind) == ["retried", "stepIntended"])
    _ = try driven.isHealthy(1, at: 707)
    #expect(try driven.at(717, .tick).map(\.kind) == ["hostVerified"])
    #expect(driven.rollout.stateName == "rolling")
  }

  /// The instance fails at the approval, after its wave had passed: a retry takes the wave back and judges it again.
  @Test func aRetryAfterAPassedWaveBurnsInAgain() throws {
    var driven = Driven {
      $0.policy.onFail = .halt
      $0.policy.approval = .canary
    }
    _ = try driven.burnsIn()
    #expect(try driven.at(620, .tick).map(\.kind) == ["wavePassed", "approvalAwaited"])
    #expect(try driven.isSick(0, at: 630).last?.kind == "halted")
    #expect(throws: Rejection.promoteNeedsRetry) { try driven.says(.promote(full: false), at: 640) }
    _ = try driven.says(.retry, at: 650)
    _ = try driven.answers(0, at: 652)
    _ = try driven.answers(0, at: 654)
    _ = try driven.isHealthy(0, at: 660)
    #expect(try driven.at(670, .tick).map(\.kind) == ["hostVerified", "burnInStarted"])
  }

  /// Seen healthy by a controller that died: the next one gets the time to see it too.
  @Test func aTakeoverDoesNotFailAHealthyInstance() throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 2)
    _ = try driven.answers(0, at: 4)
    _ = try driven.isHealthy(0, at: 120)
    #expect(try driven.at(128, .tookOver(epoch: 2, holder: "c2", gap: .seconds(3))).count == 1)
    #expect(try driven.isHealthy(0, at: 134) == [.healthChanged(host: 0, health: .healthy)])
    #expect(try driven.at(144, .tick).first?.kind == "hostVerified")
  }
}
