import RolloutSimulation
import Testing

@testable import RolloutCore

/// Baseline, burn-in, later waves and soak, event by event. Times are seconds since the start.
@Suite struct WatchingTests {
  private typealias Driven = TransitionTests.Driven
  private let ann = Operation(request: "q", by: "ann", reason: "why")
  private func time(_ seconds: Int64) -> Timestamp { PlanBuilder.start + .seconds(seconds) }
  private func verdict(_ outcome: Verdict.Outcome) -> Verdict { Verdict(outcome: outcome, reason: "so") }

  private func driven(hosts: Int = 2, _ change: (inout PlanBuilder) -> Void = { _ in }) throws -> Driven {
    var driven = Driven(hosts: hosts) {
      $0.policy.checks()
      change(&$0)
    }
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 2)
    return driven
  }

  /// To the canary's burn-in at 320 s.
  private func burningIn(hosts: Int = 2, _ change: (inout PlanBuilder) -> Void = { _ in }) throws -> Driven {
    var driven = try driven(hosts: hosts, change)
    _ = try driven.at(300, .tick)
    _ = try driven.answers(0, at: 304)
    _ = try driven.isHealthy(0, at: 310)
    _ = try driven.at(320, .tick)
    return driven
  }

  /// To the last wave's watch at 1020 s.
  private func judging(_ change: (inout PlanBuilder) -> Void = { _ in }) throws -> Driven {
    var driven = try burningIn(change)
    _ = try driven.says(.pass, at: 400)
    _ = try driven.at(920, .tick)
    _ = try driven.answers(1, at: 1002)
    _ = try driven.answers(1, at: 1004)
    _ = try driven.isHealthy(1, at: 1010)
    _ = try driven.at(1020, .tick)
    return driven
  }

  /// The same, and the checks have spoken of the wave.
  private func judged(_ change: (inout PlanBuilder) -> Void = { _ in }) throws -> Driven {
    var driven = try judging(change)
    _ = try driven.says(.inconclusive, at: 1023)
    _ = try driven.says(.pass, at: 1025)
    return driven
  }

  @Test func whatWasSaidBeforeAWaveDoesNotPassIt() throws {
    var driven = try judging { $0.policy.soak = .zero }
    #expect(driven.rollout.verdict == verdict(.pass))
    #expect(driven.rollout.nextDeadline == time(1050 + 1800))
    #expect(try driven.at(1060, .tick) == [])
    var silent = driven
    let detail = "no data within 30m: the checks said nothing of this wave"
    #expect(try silent.at(2850, .tick) == [.halted(Halt(cause: .noData, detail: detail))])
    // A live source says the same of newer samples, in a pause too; the clock may have been set back meanwhile.
    _ = try driven.says(.pause, at: 1070)
    var newer = verdict(.pass)
    newer.lastSample = 9
    #expect(try driven.at(1075, .verdict(number: 1, newer)).map(\.kind) == ["verdictReached"])
    _ = try driven.at(1076 - 3600, .clockJumped(by: .minutes(-60), reason: "NTP"))
    let events = try driven.says(.resume, at: 1080 - 3600, request: "r")
    #expect(events.map(\.kind) == ["resumed", "wavePassed", "ended"])
  }

  @Test func withoutTimeForItALaterWaveIsNotWatched() throws {
    var driven = try burningIn { $0.policy.waveBurnIn = .zero }
    _ = try driven.says(.pass, at: 400)
    _ = try driven.at(920, .tick)
    _ = try driven.answers(1, at: 1002)
    _ = try driven.answers(1, at: 1004)
    _ = try driven.isHealthy(1, at: 1010)
    #expect(
      try driven.at(1020, .tick).dropFirst() == [
        .wavePassed(wave: 1, grounds: .healthy), .soakStarted(until: time(1320)),
      ])
  }

  @Test func aRetryOfWhatNothingWasTouchedForMeasuresAgain() throws {
    var driven = try driven { $0.policy.onFail = .halt }
    _ = try driven.at(3, .baselineTaken(number: 1))
    #expect(driven.rollout.baseline == .over)
    var untouched = Driven(hosts: 2) {
      $0.policy.checks()
      $0.policy.onFail = .halt
    }
    _ = try untouched.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try untouched.at(1, .baselineTaken(number: 1))
    let number = untouched.rollout.lastNumber
    _ = try untouched.at(2, .outcome(host: 0, number: number, .failed(detail: "disk full")))
    #expect(untouched.rollout.stateName == "halted")
    #expect(
      try untouched.says(.retry, at: 10).map(\.kind) == ["retried", "baselineStarted", "stepIntended"])
    #expect(untouched.rollout.nextDeadline == time(310))
  }

  /// The deadline that follows is moved by the pause, and by that alone.
  @Test func aBaselineThatEndsInAPauseCountsThePauseOnce() throws {
    for isPromoted in [true, false] {
      var driven = try driven()
      _ = try driven.says(.pause, at: 100)
      let end: Input =
        isPromoted
        ? .operation(Operation(request: "p", by: "ann", reason: "why"), .promote(full: false))
        : .baselineTaken(number: 1)
      #expect(try driven.at(700, end).last?.kind == "baselineEnded")
      _ = try driven.says(.resume, at: 900, request: "r")
      guard case .updating(_, let deadline) = driven.rollout.phase else { throw ReplayError.missingPlan }
      #expect(deadline == time(900 + 1800))
    }
  }

  /// Its wave is left out and waits for a person, and history comes late.
  @Test func aBaselineOfAWaveThatWaitsForAPersonIsNotEndedByHistory() throws {
    var driven = Driven(hosts: 2) {
      $0.policy.checks()
      $0.policy.approval = .everyWave
      $0.canaries = 0
      $0.waveSizes = [1]
    }
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.says(.skip("web1"), at: 1, request: "s")
    #expect(driven.rollout.stateName == "waiting_approval")
    #expect(try driven.at(2, .baselineTaken(number: 1)) == [])
  }

  @Test func theCanaryIsStagedInTheBaselineAndTakenDownAfterIt() throws {
    var driven = Driven { $0.policy.checks() }
    #expect(
      try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero)).dropFirst() == [
        .waveStarted(wave: 0, progressDeadline: time(1800)), .baselineStarted(until: time(300)),
        .stepIntended(host: 0, step: .stage, attempt: 1, fence: Fence(epoch: 1, step: 1), giveUp: time(1920)),
      ])
    #expect(try driven.answers(0, at: 2) == [.stepFinished(host: 0, step: .stage, verifyBy: nil)])
    #expect(driven.rollout.stateName == "canarying")
    #expect(driven.rollout.waitingOn == [WaitReason(kind: .baseline(since: time(0)), deadline: time(300))])
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .baseline, updated: [], siblings: [0, 1]))
    #expect(
      try driven.at(300, .tick) == [
        .baselineEnded(.measured, progressDeadline: time(2100)),
        .stepIntended(host: 0, step: .activate, attempt: 1, fence: Fence(epoch: 1, step: 2), giveUp: time(480)),
      ])
  }

  @Test func aBaselineInTheHistoryIsNotWaitedFor() throws {
    var driven = try driven()
    #expect(try driven.at(3, .baselineTaken(number: 2)) == [])
    let events = try driven.at(3, .baselineTaken(number: 1))
    #expect(events.first == .baselineEnded(.history, progressDeadline: time(1803)))
    #expect(events.map(\.kind) == ["baselineEnded", "stepIntended"])
    #expect(try driven.at(4, .baselineTaken(number: 1)) == [])
  }

  @Test func aPersonEndsTheBaseline() throws {
    var driven = try driven()
    #expect(try driven.says(.promote(full: false), at: 9).map(\.kind) == ["promoted", "baselineEnded", "stepIntended"])
    #expect(throws: Rejection.nothingToPromote(state: "canarying")) {
      try driven.says(.promote(full: false), at: 10, request: "r")
    }
  }

  @Test func noBaselineIsTakenWhereNothingFollows() throws {
    for change: @Sendable (inout PlanBuilder) -> Void in [
      { $0.policy.checks = [] }, { $0.policy.baseline = .zero }, { $0.kind = .rollback },
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
      },
    ] {
      let driven = try driven(change)
      #expect(!driven.rollout.isTakingBaseline)
      if driven.rollout.plan.kind == .rollback { #expect(driven.rollout.analysis == nil) }
    }
    #expect(try driven { $0.policy.checks[0].muted = true }.rollout.isTakingBaseline)
  }

  @Test func theBaselineMovesWithTimeThatNobodyWatched() throws {
    var driven = try driven()
    _ = try driven.says(.pause, at: 100)
    #expect(driven.rollout.nextDeadline == nil)
    _ = try driven.says(.resume, at: 700, request: "r")
    #expect(driven.rollout.nextDeadline == time(900))
    _ = try driven.at(720, .tookOver(epoch: 2, holder: "c2", gap: .seconds(15)))
    #expect(driven.rollout.nextDeadline == time(915))
    _ = try driven.at(721 - 3600, .clockJumped(by: .minutes(-60), reason: "NTP"))
    #expect(driven.rollout.nextDeadline == time(915 - 3600))
    #expect(driven.rollout.analysis?.number == 1)
  }

  @Test func armsFollowTheInstancesUnderOneNumber() throws {
    var driven = try burningIn(hosts: 3)
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .comparison, updated: [0], siblings: [1, 2]))
    _ = try driven.at(330, .tookOver(epoch: 2, holder: "c2", gap: .seconds(5)))
    #expect(driven.rollout.analysis?.number == 1)
    _ = try driven.says(.pass, at: 400)
    _ = try driven.at(925, .tick)
    // An upload on its way takes nothing from what runs.
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .comparison, updated: [0], siblings: [1, 2]))
    _ = try driven.answers(1, at: 930)
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .comparison, updated: [0], siblings: [2]))
  }

  @Test func aLaterWaveIsWatchedBeforeItPasses() throws {
    var driven = try judged { $0.policy.soak = .zero }
    #expect(driven.rollout.stateName == "rolling")
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .soak, updated: [0, 1], siblings: []))
    let kind = WaitReason.Kind.judging(wave: 1, earliest: time(1050), verdict: verdict(.pass))
    #expect(driven.rollout.waitingOn == [WaitReason(kind: kind, deadline: time(1050))])
    #expect(
      try driven.at(1050, .tick) == [
        .wavePassed(wave: 1, grounds: .watched(verdict(.pass))), .ended(.succeeded, detail: "2 on 2.0"),
      ])
    #expect(driven.rollout.provenAt == time(920))
  }

  @Test func aLaterWaveWaitsForData() throws {
    var driven = try judging { $0.policy.soak = .zero }
    _ = try driven.says(.noData, at: 1040)
    #expect(driven.rollout.nextDeadline == time(1050 + 1800))
    #expect(try driven.at(1060, .tick) == [])
    var blind = driven
    #expect(try blind.at(2850, .tick).map(\.kind) == ["halted"])
    #expect(blind.rollout.waitingOn.first?.remedy.hasPrefix("promote") == true)
    #expect(try driven.says(.inconclusive, at: 1100).map(\.kind) == ["verdictReached", "wavePassed", "ended"])
  }

  @Test func theSoakWatchesTheWholeServiceToItsEnd() throws {
    var driven = try judged()
    #expect(try driven.at(1050, .tick).last == .soakStarted(until: time(1350)))
    #expect(driven.rollout.stateName == "soaking")
    #expect(driven.rollout.analysis == Analysis(number: 1, stage: .soak, updated: [0, 1], siblings: []))
    let kind = WaitReason.Kind.soak(since: time(1050), verdict: verdict(.pass))
    #expect(driven.rollout.waitingOn == [WaitReason(kind: kind, deadline: time(1350))])
    var (failed, sick, promoted, blind) = (driven, driven, driven, driven)
    #expect(try driven.at(1350, .tick) == [.ended(.succeeded, detail: "2 on 2.0")])
    #expect(try failed.says(.fail, at: 1100).map(\.kind).prefix(2) == ["verdictReached", "rollbackStarted"])
    #expect(failed.rollout.provenAt == nil)
    #expect(
      try sick.isSick(1, at: 1100).map(\.kind).prefix(3) == ["healthChanged", "hostFailed", "rollbackStarted"])
    #expect(try promoted.says(.promote(full: false), at: 1100).map(\.kind) == ["promoted", "ended"])
    _ = try blind.says(.noData, at: 1200)
    let detail = "2 on 2.0; the soak ended without data: so"
    #expect(try blind.at(1350, .tick) == [.ended(.succeeded, detail: detail)])
  }

  @Test func aRetryBeginsTheEvidenceAnew() throws {
    var driven = try judging { $0.policy.onFail = .halt }
    #expect(try driven.says(.fail, at: 1030).map(\.kind) == ["verdictReached", "halted"])
    #expect(driven.rollout.analysis == nil)
    #expect(throws: Rejection.promoteNeedsRetry) { try driven.says(.promote(full: false), at: 1040) }
    _ = try driven.says(.retry, at: 1050)
    #expect(driven.rollout.analysis?.number == 2)
    #expect(driven.rollout.verdict == nil)
    // What the analyst of before still says is late.
    #expect(try driven.at(1051, .verdict(number: 1, verdict(.fail))) == [])
    #expect(try driven.says(.pass, at: 1052).map(\.kind) == ["verdictReached"])
    #expect(try driven.at(1080, .tick).map(\.kind) == ["wavePassed", "soakStarted"])
  }

  /// What was asked in the same turn does not outrun what the checks say.
  @Test func aVerdictAgainstTheReleaseComesBeforeThePromotionOfItsTurn() throws {
    var driven = try judged()
    _ = try driven.at(1050, .tick)
    for first in [true, false] {
      var turn = Turn(driven.rollout, now: time(1100))
      let inputs: [Input] = [.verdict(number: 1, verdict(.fail)), .operation(ann, .promote(full: true))]
      for input in first ? inputs : inputs.reversed() { turn.take(input) }
      turn.settle()
      #expect(turn.state.stateName == "rolling_back")
    }
  }
}

extension TransitionTests.Driven {
  mutating func says(_ outcome: Verdict.Outcome, at seconds: Int64) throws -> [Event] {
    try at(seconds, .verdict(number: rollout.analysisNumber, Verdict(outcome: outcome, reason: "so")))
  }
}
