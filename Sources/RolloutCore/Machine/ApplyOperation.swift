/// Events of people, and time that does not count.
extension Rollout {
  mutating func applyOperation(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    if let request = event.soleRequest, recentRequests.contains(request) {
      throw illegal(event, "request \(request) was taken already")
    }
    switch event {
    case .paused(let operation):
      guard pause == nil else { throw illegal(event, "it is paused already") }
      pause = Pause(since: at, operation: operation)
      remember(operation)
    case .resumed(let operation):
      guard pause != nil else { throw illegal(event, "it is not paused") }
      endPause(at)
      remember(operation)
    case .promoted(let operation, let full):
      guard currentWave != nil || full else { throw illegal(event, "no gate to pass") }
      if full || planted(.onePromoteApprovesAll) { skipsWaits = operation }
      if case .soaking(var soak) = phase {
        soak.isPromoted = true
        phase = .soaking(soak)
      }
      remember(operation)
    case .hostSkipped(let operation, let index):
      try known(event, index)
      switch hosts[index].position {
      case .outside, .skipped, .reverted: throw illegal(event, "\(name(index)) is \(hosts[index].stateName)")
      default: break
      }
      updateHost(index) {
        $0.health = nil
        $0.position = .skipped(reason: operation.reason)
      }
      remember(operation)
    case .retried(let operation, let deadline):
      try applyRetry(event, deadline)
      remember(operation)
    case .abortRequested(let operation, let mode):
      if case .stopping = phase { throw illegal(event, "it is being aborted already") }
      switch (mode, phase) {
      case (.hold, _):
        endPause(at)
        dropBaseline()
        pendingAbort = nil
        phase = .stopping(operation)
        turnDrainedHosts()
      case (.rollback, .rollingBack), (.rollback, .stuck): break
      case (.rollback, _): pendingAbort = operation
      }
      remember(operation)
    default: throw illegal(event, "not an operation")
    }
  }

  private mutating func applyRetry(_ event: Event, _ deadline: Timestamp) throws(ReplayError) {
    switch phase {
    case .halted(let wave, _):
      // A host that failed after its wave had passed takes the wave back: it is done and judged again.
      passedWaves = min(passedWaves, wave)
      analysisNumber += 1
      if !planted(.retryKeepsVerdict) { verdict = nil }
      // New evidence has nothing to compare with but a new measurement, as long as that is possible.
      if !hasTouched { baseline = .due }
      phase = .updating(wave: wave, progressDeadline: deadline)
    case .stuck(let cause, _):
      // The last wave of a way back may have passed before one of its hosts failed.
      if plan.kind == .rollback { passedWaves = min(passedWaves, plan.waves.count - 1) }
      phase =
        plan.kind == .rollback
        ? .updating(wave: passedWaves, progressDeadline: deadline) : .rollingBack(cause, deadline: deadline)
    default: throw illegal(event, "nothing waits for a retry")
    }
    for index in hosts.indices { beginAnew(index, deadline) }
    // Steps that were in flight when it got stuck may have ended on the way forward.
    if case .rollingBack = phase { for index in hosts.indices { turnBack(index) } }
  }

  /// Failed hosts start their way again under new keys; hosts still being verified get a new deadline.
  private mutating func beginAnew(_ index: Int, _ deadline: Timestamp) {
    switch hosts[index].position {
    case .failed:
      let host = hosts[index]
      let isKnownDown = isKnownDown(index)
      let position = host.direction == .revert ? firstRevertPosition(of: host) : .waiting(firstStep)
      updateHost(index) {
        $0.attempt += planted(.retryReusesAttempt) ? 0 : 1
        $0.isImpaired = host.isDown
        $0.isSeenDown = isKnownDown
        $0.health = nil
        $0.position = position
      }
    case .verifying(var verification):
      verification.deadline = deadline
      updateHost(index) { $0.position = .verifying(verification) }
    default: break
    }
  }

  /// Moves every deadline, and every start that a length is measured from, by `by`.
  mutating func shiftDeadlines(by: TimeSpan) {
    guard by != .zero else { return }
    shiftPhase(by: by)
    if !planted(.clockJumpForgetsHosts) { shiftHosts(by: by) }
  }

  private mutating func shiftPhase(by: TimeSpan) {
    if case .running(let since, let until) = baseline { baseline = .running(since: since + by, until: until + by) }
    switch phase {
    case .updating(let wave, let deadline): phase = .updating(wave: wave, progressDeadline: deadline + by)
    case .burningIn(let wave, var burnIn):
      burnIn.earliest = burnIn.earliest + by
      burnIn.latest = burnIn.latest + by
      phase = .burningIn(wave: wave, burnIn)
    case .waitingApproval(let wave, let deadline): phase = .waitingApproval(wave: wave, deadline: deadline + by)
    case .soaking(var soak):
      soak.until = soak.until + by
      phase = .soaking(soak)
    case .rollingBack(let cause, let deadline): phase = .rollingBack(cause, deadline: deadline + by)
    case .queued, .halted, .stuck, .stopping, .ended: break
    }
  }

  private mutating func shiftHosts(by: TimeSpan) {
    for index in hosts.indices {
      switch hosts[index].position {
      case .inFlight(var intent):
        intent.since = intent.since + by
        intent.giveUp = intent.giveUp + by
        if case .deferred(let detail, let retryAt, let thenAsk) = intent.contact {
          intent.contact = .deferred(detail: detail, retryAt: retryAt + by, thenAsk: thenAsk)
        }
        updateHost(index) { $0.position = .inFlight(intent) }
      case .verifying(var verification):
        verification.since = verification.since + by
        verification.deadline = verification.deadline + by
        verification.healthySince = verification.healthySince.map { $0 + by }
        updateHost(index) { $0.position = .verifying(verification) }
      default: break
      }
    }
  }

  /// Ends a pause, if there is one. What it held goes on where it was; what began under it loses only its own time.
  mutating func endPause(_ at: Timestamp) {
    guard let since = pause?.since else { return }
    pause = nil
    if planted(.pauseTakesTime) { return }
    shiftPhase(by: at - since)
    for index in hosts.indices {
      switch hosts[index].position {
      case .inFlight(var intent):
        intent.giveUp = intent.giveUp + (at - max(since, intent.since))
        if case .deferred(let detail, let retryAt, let thenAsk) = intent.contact {
          intent.contact = .deferred(detail: detail, retryAt: min(retryAt, at), thenAsk: thenAsk)
        }
        updateHost(index) { $0.position = .inFlight(intent) }
      case .verifying(var verification):
        verification.deadline = verification.deadline + (at - max(since, verification.since))
        verification.healthySince = verification.healthySince.map { $0 + (at - max(since, $0)) }
        updateHost(index) { $0.position = .verifying(verification) }
      default: break
      }
    }
  }
}

extension Event {
  /// The event's name in the journal.
  public var kind: String {
    switch self {
    case .planned: "planned"
    case .controllerTookOver: "controllerTookOver"
    case .controllerStopped: "controllerStopped"
    case .clocksShifted: "clocksShifted"
    case .waveStarted: "waveStarted"
    case .baselineStarted: "baselineStarted"
    case .baselineEnded: "baselineEnded"
    case .stepIntended: "stepIntended"
    case .stepFinished: "stepFinished"
    case .stepFailed: "stepFailed"
    case .stepDeferred: "stepDeferred"
    case .stepQuestioned: "stepQuestioned"
    case .stepReissued: "stepReissued"
    case .questionRepeated: "questionRepeated"
    case .healthChanged: "healthChanged"
    case .hostVerified: "hostVerified"
    case .hostFailed: "hostFailed"
    case .burnInStarted: "burnInStarted"
    case .verdictReached: "verdictReached"
    case .burnInExtended: "burnInExtended"
    case .wavePassed: "wavePassed"
    case .approvalAwaited: "approvalAwaited"
    case .soakStarted: "soakStarted"
    case .paused: "paused"
    case .resumed: "resumed"
    case .promoted: "promoted"
    case .hostSkipped: "hostSkipped"
    case .retried: "retried"
    case .abortRequested: "abortRequested"
    case .halted: "halted"
    case .rollbackStarted: "rollbackStarted"
    case .stuck: "stuck"
    case .ended: "ended"
    }
  }

  /// The request of an event that its request causes only once.
  var soleRequest: String? {
    switch self {
    case .paused(let operation), .resumed(let operation), .promoted(let operation, _), .hostSkipped(let operation, _),
      .abortRequested(let operation, .rollback):
      operation.request
    default: nil
    }
  }

  var isHealth: Bool { if case .healthChanged = self { true } else { false } }
}
