import RolloutSimulation
import Testing

@testable import RolloutCore

/// One turn on a copy of the state, as the engine's runner takes it.
struct Turn {
  private(set) var state: Rollout
  let now: Timestamp
  private(set) var events: [Event] = []
  private(set) var rejections: [Rejection] = []
  /// Why `apply` refused what `decide` gave, if it did.
  private(set) var flaw: String?
  private var last: [Input] = []

  init(_ state: Rollout, now: Timestamp) {
    self.state = state
    self.now = now
  }

  mutating func take(_ input: Input) {
    if input.comesLast { last.append(input) } else { decide(input, settling: false) }
  }

  mutating func settle() {
    for input in last { decide(input, settling: true) }
    decide(.tick, settling: true)
  }

  private mutating func decide(_ input: Input, settling: Bool) {
    do {
      for event in try state.decide(input, now: now, settling: settling) {
        do { try state.apply(event, at: max(now, state.lastEventAt)) } catch { flaw = "\(input): \(error.message)" }
        events.append(event)
      }
    } catch { rejections.append(error) }
  }
}

/// States whose consequences are pending: in the middle of a turn. Law 3 and the safety of what a turn leaves to do.
@Suite struct UnsettledTests {
  /// All pairs in all states, two million, take three minutes. States with an open question are rare, and the ones in
  /// which an answer may send a step again.
  ///
  /// With and without what the next deadline brings.
  private static var sample: [(Rollout, now: Timestamp)] {
    let states = TotalityTests.states(of: Story.all.filter { $0.plan.hosts.count <= 5 })
    let asking = states.filter { state in
      state.hosts.contains { if case .inFlight(let intent) = $0.position { intent.contact == .asking } else { false } }
    }
    let chosen =
      stride(from: 0, to: states.count, by: 31).map { states[$0] }
      + stride(from: 0, to: asking.count, by: 7).map { asking[$0] }
    return chosen.flatMap { state in
      [state.lastEventAt, state.nextDeadline.map { max($0, state.lastEventAt) }].compactMap { $0 }.map { (state, $0) }
    }
  }

  @Test func anyTwoInputsInATurnAreAnswered() {
    var witness = SafetyWitness(plan: PlanBuilder().plan)
    var pairs = 0
    for (state, now) in Self.sample {
      for first in InputBattery(state: state).telling(request: "one") {
        var turn = Turn(state, now: now)
        turn.take(first)
        if turn.events.isEmpty, !first.comesLast { continue }
        for second in InputBattery(state: turn.state).telling(request: "two") {
          var turn = turn
          turn.take(second)
          turn.settle()
          pairs += 1
          check(turn, from: state, "\(first), then \(second), while \(state.stateName)", &witness)
        }
      }
    }
    #expect(witness.violations.prefix(5) == [])
    #expect(pairs > 10_000, "\(pairs) pairs")
  }

  private func check(
    _ turn: Turn, from state: Rollout, _ what: @autoclosure () -> String, _ witness: inout SafetyWitness
  ) {
    if let flaw = turn.flaw { witness.report("\(what()): \(flaw)") }
    witness.checkCounts(turn.state)
    if turn.state.isEnded != turn.state.waitingOn.isEmpty { witness.report("\(what()): nothing to wait for") }
    if let deadline = turn.state.nextDeadline, deadline <= max(turn.now, turn.state.lastEventAt) {
      witness.report("\(what()): its next deadline is past")
    }
    guard turn.state.isForwardStopped else { return }
    let sent = state.outstanding
    for effect in turn.state.outstanding.forwardWork where !sent.contains(effect) {
      witness.report("\(what()): \(effect) while \(turn.state.stateName)")
    }
  }
}

extension [Effect] {
  /// Commands that take an instance further towards the release.
  var forwardWork: [Effect] {
    filter {
      guard case .perform(_, _, let command) = $0 else { return false }
      return !command.key.step.isRevert && command.key.step != .undrain
    }
  }
}

extension InputBattery {
  /// Inputs that may well be news in this state, each once.
  func telling(request: String) -> [Input] {
    var inputs: [Input] = [
      .tick, .stopping(reason: ""), .tookOver(epoch: state.epoch + 1, holder: "", gap: .minutes(1)),
      .clockJumped(by: .minutes(60), reason: ""), .clockJumped(by: .minutes(-60), reason: ""),
    ]
    for host in state.hosts.indices {
      if case .inFlight(let intent) = state.hosts[host].position {
        inputs += Self.outcomes.map { .outcome(host: host, number: intent.number, $0) }
        inputs += Self.records.map { .answered(host: host, number: intent.number, $0) }
        inputs.append(.unreachable(host: host, number: intent.number, detail: "no route"))
      }
      guard state.isWatched(host) else { continue }
      let expecting = state.expectedVersion(host)
      inputs.append(.health(host: host, expecting: expecting, .healthy))
      inputs.append(.health(host: host, expecting: expecting, .unhealthy(detail: "503")))
    }
    if state.analysis != nil {
      inputs.append(.baselineTaken(number: state.analysisNumber))
      inputs += Verdict.Outcome.allCases.map {
        .verdict(number: state.analysisNumber, Verdict(outcome: $0, reason: "so"))
      }
    }
    return inputs + verbs.map { .operation(Operation(request: request, by: "ann", reason: "why"), $0) }
  }
}

/// The pairs that could do most harm, event by event.
@Suite struct TurnTests {
  private typealias Driven = TransitionTests.Driven
  private let ann = Operation(request: "q", by: "ann", reason: "why")
  private let bob = Operation(request: "r", by: "bob", reason: "why")
  private let sick = Input.health(host: 0, expecting: "2.0", .unhealthy(detail: "503"))
  private let well = Input.health(host: 0, expecting: "2.0", .healthy)

  private func says(_ verb: Input.Verb) -> Input { .operation(ann, verb) }
  private func saysToo(_ verb: Input.Verb) -> Input { .operation(bob, verb) }

  private func kinds(_ driven: Driven, at seconds: Int64, _ inputs: [Input]) -> [String] {
    turn(driven, at: seconds, inputs).events.map(\.kind)
  }

  private func turn(_ driven: Driven, at seconds: Int64, _ inputs: [Input]) -> Turn {
    var turn = Turn(driven.rollout, now: PlanBuilder.start + .seconds(seconds))
    for input in inputs { turn.take(input) }
    turn.settle()
    return turn
  }

  private func verdict(_ driven: Driven, _ outcome: Verdict.Outcome) -> Input {
    .verdict(number: driven.rollout.analysisNumber, Verdict(outcome: outcome, reason: "so"))
  }

  @Test func aSickCanaryIsNotPromoted() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    let failed = ["healthChanged", "promoted", "wavePassed", "hostFailed", "rollbackStarted", "stepIntended"]
    #expect(kinds(driven, at: 100, [sick, says(.promote(full: false))]) == failed)
    #expect(
      kinds(driven, at: 100, [says(.promote(full: false)), sick]) == [
        "promoted", "wavePassed", "healthChanged", "hostFailed", "rollbackStarted", "stepIntended",
      ])
    // The burn-in's end, and a promotion to the end, do not outrun it either.
    #expect(kinds(driven, at: 700, [sick]).suffix(2) == ["rollbackStarted", "stepIntended"])
    #expect(turn(driven, at: 700, [says(.promote(full: true)), sick]).state.stateName == "rolling_back")
  }

  @Test func aSickCanaryIsNotMendedByNewsOfTheSameTurn() throws {
    var driven = Driven()
    _ = try driven.burnsIn()
    #expect(
      kinds(driven, at: 100, [sick, well]) == [
        "healthChanged", "hostFailed", "rollbackStarted", "stepIntended",
      ])
  }

  @Test func aSickCanaryIsNotPromotedAtTheApprovalOrWhenHalted() throws {
    var driven = Driven { $0.policy.approval = .canary }
    _ = try driven.burnsIn()
    _ = try driven.at(620, .tick)
    #expect(turn(driven, at: 630, [sick, says(.promote(full: false))]).state.stateName == "rolling_back")

    var alone = Driven(hosts: 1) { $0.policy.checks(waits: false) }
    _ = try alone.burnsIn()
    _ = try alone.at(100, verdict(alone, .inconclusive))
    #expect(try alone.at(3620, .tick).map(\.kind) == ["halted"])
    let halted = turn(alone, at: 3630, [sick, says(.promote(full: false))])
    #expect(halted.rejections == [.promoteNeedsRetry])
    #expect(halted.state.stateName == "halted")
    #expect(turn(alone, at: 3630, [says(.promote(full: false))]).state.stateName == "succeeded")
  }

  @Test func aFailingVerdictIsNotPromoted() throws {
    var driven = Driven { $0.policy.checks(waits: false) }
    _ = try driven.burnsIn()
    #expect(
      kinds(driven, at: 100, [verdict(driven, .fail), says(.promote(full: false))]) == [
        "verdictReached", "promoted", "wavePassed", "rollbackStarted", "stepIntended",
      ])
  }

  @Test(arguments: [Verdict.Outcome.pass, .inconclusive, .noData, .error])
  func aFailingVerdictStands(_ next: Verdict.Outcome) throws {
    var driven = Driven { $0.policy.checks(waits: false) }
    _ = try driven.burnsIn()
    #expect(
      kinds(driven, at: 3700, [verdict(driven, .fail), verdict(driven, next)]) == [
        "verdictReached", "rollbackStarted", "stepIntended",
      ])
  }

  @Test func anOutcomeBesideAnAbortBeginsNothing() throws {
    var driven = Driven { $0.policy.drains() }
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    let staged = try #require(driven.rollout.succeeded(0))
    for mode in [AbortMode.hold, .rollback] {
      for inputs in [[staged, says(.abort(mode))], [says(.abort(mode)), staged]] {
        let turn = turn(driven, at: 2, inputs)
        #expect(turn.state.stateName == "aborted")
        #expect(!turn.events.map(\.kind).contains("stepIntended"))
      }
    }
    _ = try driven.at(2, staged)
    let drained = try #require(driven.rollout.succeeded(0))
    for inputs in [[drained, says(.abort(.hold))], [says(.abort(.hold)), drained]] {
      let turn = turn(driven, at: 4, inputs)
      #expect(turn.events.contains { if case .stepIntended(0, .undrain, _, _, _) = $0 { true } else { false } })
      #expect(turn.state.outstanding.forwardWork == [])
    }
  }

  @Test func anActivationBesideAnAbortIsTakenBack() throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 2)
    let activated = try #require(driven.rollout.succeeded(0))
    for inputs in [[activated, says(.abort(.rollback))], [says(.abort(.rollback)), activated]] {
      let turn = turn(driven, at: 4, inputs)
      #expect(turn.events.last?.kind == "stepIntended")
      #expect(turn.state.stateName == "rolling_back")
      #expect(turn.state.outstanding.forwardWork == [])
    }
  }

  @Test(arguments: [AbortMode.hold, .rollback])
  func aTakeoverWithAnAbortBeginsNothing(_ mode: AbortMode) throws {
    var driven = Driven()
    let first = Input.tookOver(epoch: 1, holder: "c1", gap: .zero)
    let fresh = turn(driven, at: 0, [first, says(.abort(mode))])
    #expect(!fresh.events.map(\.kind).contains("stepIntended"))
    #expect(fresh.state.stateName == "aborted")

    _ = try driven.at(0, first)
    _ = try driven.answers(0, at: 2)
    let next = turn(driven, at: 9, [.tookOver(epoch: 2, holder: "c2", gap: .seconds(5)), says(.abort(mode))])
    #expect(!next.events.map(\.kind).contains("stepIntended"))
    #expect(next.state.outstanding.forwardWork == [])
    // The host never had the step: it is not sent after all.
    let ended = try #require(next.state.answered(0, .absent))
    #expect(!(try next.state.decide(ended, now: next.now)).map(\.kind).contains("stepReissued"))
  }

  /// The answer alone would send the step again; asked for in the same turn, the abort is heard first.
  @Test(arguments: [StepRecord.absent, .interrupted])
  func aMissingStepBesideAnAbortIsNotSentAgain(_ record: StepRecord) throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 2)
    _ = try driven.at(9, .tookOver(epoch: 2, holder: "c2", gap: .seconds(5)))
    let missing = try #require(driven.rollout.answered(0, record))
    #expect(kinds(driven, at: 10, [missing]) == ["stepReissued"])
    #expect(kinds(driven, at: 10, [missing, says(.abort(.hold))]) == ["abortRequested", "stepFailed", "ended"])
    #expect(kinds(driven, at: 10, [missing, says(.pause)]) == ["paused", "stepDeferred"])
    #expect(turn(driven, at: 10, [missing, says(.abort(.rollback))]).state.outstanding.forwardWork == [])
  }

  @Test func twoPromotesPassOneGate() throws {
    var driven = Driven(hosts: 4) {
      $0.policy.approval = .everyWave
      $0.waveSizes = [1]
    }
    _ = try driven.burnsIn()
    let both = [says(.promote(full: false)), saysToo(.promote(full: false))]
    let burnIn = turn(driven, at: 100, both)
    #expect(burnIn.events.map(\.kind) == ["promoted", "wavePassed", "approvalAwaited"])
    #expect(burnIn.rejections == [.nothingToPromote(state: "burning_in")])
    _ = try driven.at(620, .tick)
    let approval = turn(driven, at: 630, both)
    #expect(approval.events.map(\.kind) == ["promoted", "waveStarted", "stepIntended"])
    #expect(approval.rejections == [.nothingToPromote(state: "rolling")])
    // One request delivered twice is one, and is not refused.
    let repeated = turn(driven, at: 630, [both[0], both[0]])
    #expect(repeated.events == approval.events && repeated.rejections == [])
  }

  @Test func aHostSkippedBesideItsOutcomeIsSkipped() throws {
    var driven = Driven(hosts: 3)
    try driven.verifiesSecondWave()
    _ = try driven.isHealthy(1, at: 706)
    _ = try driven.at(716, .tick)
    let outcome = try #require(driven.rollout.succeeded(2))
    let failure = try #require(driven.rollout.outcome(2, .failed(detail: "no")))
    for outcome in [outcome, failure] {
      #expect(kinds(driven, at: 718, [says(.skip("web3")), outcome]) == ["hostSkipped", "wavePassed", "ended"])
      let late = turn(driven, at: 718, [outcome, says(.skip("web3"))])
      #expect(late.events.dropFirst().map(\.kind) == ["hostSkipped", "wavePassed", "ended"])
      #expect(late.state.exposedHosts == turn(driven, at: 718, [says(.skip("web3")), outcome]).state.exposedHosts)
    }
  }

  /// An instance out of its load balancer is put back before another rollout takes the service.
  @Test func nothingIsSupersededWithAnInstanceToPutBack() throws {
    var driven = Driven(hosts: 3) {
      $0.policy.drains()
      $0.policy.onFail = .halt
      $0.maxUnavailable = 2
    }
    _ = try driven.burnsInDrained()
    _ = try driven.at(720, .tick)
    for host in [1, 2] { _ = try driven.at(722, try #require(driven.rollout.succeeded(host))) }
    let failure = try #require(driven.rollout.outcome(1, .failed(detail: "no")))
    _ = try driven.at(724, failure)
    // The halt called it back, so the host is being asked.
    let number = driven.rollout.outstanding.compactMap {
      if case .ask(host: 2, let number, _) = $0 { number } else { nil }
    }
    let drained = Input.answered(host: 2, number: try #require(number.first), .finished(.succeeded))
    let turn = turn(driven, at: 725, [drained, says(.supersede)])
    #expect(turn.rejections == [.notAtRest(state: "halted")])
    #expect(turn.events.map(\.kind) == ["stepFinished", "stepIntended"])
  }

  /// A controller died between the two records of an abort; the next one hears a promotion in its first turn.
  @Test func anAbortTakenInByADeadControllerComesFirst() throws {
    var driven = Driven(hosts: 1) { $0.policy.checks(waits: false) }
    _ = try driven.burnsIn()
    _ = try driven.at(3620, .tick)
    try driven.rollout.apply(.abortRequested(bob, mode: .rollback), at: driven.now)
    let takeover = Input.tookOver(epoch: 2, holder: "c2", gap: .zero)
    for verb in [Input.Verb.promote(full: false), .supersede, .retry, .pause] {
      #expect(turn(driven, at: 3630, [takeover, says(verb)]).state.stateName == "rolling_back", "\(verb)")
    }
  }

  /// A controller died when the last wave of a way back had passed and its end was not recorded; then a host fails.
  @Test func aWayBackThatFailsAfterItsLastWaveIsRetried() throws {
    var driven = Driven(hosts: 1) { $0.kind = .rollback }
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 2)
    _ = try driven.isHealthy(0, at: 10)
    try driven.rollout.apply(.hostVerified(host: 0, progressDeadline: driven.now + .minutes(30)), at: driven.now)
    try driven.rollout.apply(.wavePassed(wave: 0, grounds: .healthy), at: driven.now)
    let stuck = turn(driven, at: 20, [.tookOver(epoch: 2, holder: "c2", gap: .zero), sick])
    #expect(stuck.state.stateName == "stuck")
    driven.rollout = stuck.state
    #expect(kinds(driven, at: 30, [says(.retry)]) == ["retried", "stepIntended"])
  }

  /// The way back ends at its deadline with an upload in flight; the answer about it comes in that very decision.
  @Test(arguments: [StepRecord.absent, .interrupted], [Int64(5), 1801, 1900])
  func anAnswerAtTheEndOfAWayBackIsLate(_ record: StepRecord, _ seconds: Int64) throws {
    var driven = Driven()
    _ = try driven.at(0, .tookOver(epoch: 1, holder: "c1", gap: .zero))
    _ = try driven.answers(0, at: 1, .unanswered(detail: "lost"))
    _ = try driven.says(.rollback, at: 1)
    let answer = try #require(driven.rollout.answered(0, record))
    let isLate = seconds > 1800
    #expect(kinds(driven, at: seconds, [answer]) == (isLate ? ["ended"] : ["stepFailed", "ended"]))
    #expect(turn(driven, at: seconds, [answer]).state.stateName == "rolled_back")
  }

  /// The deadline has passed and nobody has acted on it when people speak.
  @Test func whatPeopleSayComesBeforeAnExpiredDeadline() throws {
    var driven = Driven { $0.policy.approval = .canary }
    _ = try driven.burnsIn()
    _ = try driven.at(620, .tick)
    #expect(
      kinds(driven, at: 9000, [.tick, says(.promote(full: false))]) == [
        "promoted", "waveStarted", "stepIntended",
      ])
    #expect(kinds(driven, at: 9000, [says(.pause)]) == ["paused"])
    #expect(kinds(driven, at: 9000, [.clockJumped(by: .minutes(120), reason: "NTP")]) == ["clocksShifted"])
  }
}

extension Rollout {
  func outcome(_ host: Int, _ outcome: Outcome) -> Input? {
    guard case .inFlight(let intent) = hosts[host].position else { return nil }
    return .outcome(host: host, number: intent.number, outcome)
  }

  func succeeded(_ host: Int) -> Input? { outcome(host, .succeeded) }

  func answered(_ host: Int, _ record: StepRecord) -> Input? {
    guard case .inFlight(let intent) = hosts[host].position else { return nil }
    return .answered(host: host, number: intent.number, record)
  }
}
