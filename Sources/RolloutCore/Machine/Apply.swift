/// Taking events in. Each event checks that it is possible here, so that a damaged or foreign journal is named and
/// never followed.
extension Rollout {
  public mutating func apply(_ event: Event, at: Timestamp) throws(ReplayError) {
    if case .ended = phase { throw illegal(event, "the rollout has ended") }
    guard at >= lastEventAt else { throw illegal(event, "it is older than the event before it") }
    switch event {
    case .planned: throw illegal(event, "there is a plan already")
    case .controllerTookOver(let epoch, _, let gap): try applyTakeover(event, epoch, gap, at)
    case .controllerStopped: break
    case .clocksShifted(let by, _):
      shiftDeadlines(by: by)
      if let since = pause?.since { pause?.since = since + by }
    case .stepIntended, .stepFinished, .stepFailed, .stepDeferred, .stepQuestioned, .stepReissued, .questionRepeated:
      try applyStep(event, at)
    case .healthChanged, .hostVerified, .hostFailed: try applyHost(event, at)
    case .waveStarted, .burnInStarted, .burnInExtended, .wavePassed, .approvalAwaited: try applyWave(event, at)
    case .baselineStarted, .baselineEnded, .verdictReached, .soakStarted: try applyAnalysis(event, at)
    case .paused, .resumed, .promoted, .hostSkipped, .retried, .abortRequested: try applyOperation(event, at)
    case .halted(let halt):
      if case .halted = phase { throw illegal(event, "it is halted already") }
      guard let wave = currentWave else { throw illegal(event, "no wave is at work") }
      endPause(at)
      dropBaseline()
      phase = .halted(wave: wave, halt)
      turnDrainedHosts()
    case .rollbackStarted(let cause, let operation, let deadline):
      try applyRollback(event, cause, operation, deadline, at)
    case .stuck(let detail):
      endPause(at)
      switch phase {
      case .rollingBack(let cause, _): phase = .stuck(cause, detail: detail)
      case .updating where plan.kind == .rollback: phase = .stuck(.requested, detail: detail)
      default: throw illegal(event, "nothing is being undone")
      }
      turnDrainedHosts()
    case .ended(let fate, let detail):
      phase = .ended(fate, detail: detail)
      pause = nil
    }
    lastEventAt = at
    // The clock was set back, and the events to come are stamped by it.
    if case .clocksShifted(let by, _) = event, by < .zero {
      clockWasSetBackFrom = max(clockWasSetBackFrom ?? at, at)
      lastEventAt = at + by
    }
    eventCount += 1
  }

  func illegal(_ event: Event, _ detail: String) -> ReplayError { .illegal(kind: event.kind, detail: detail) }

  private mutating func applyTakeover(
    _ event: Event, _ epoch: Int64, _ gap: TimeSpan, _ at: Timestamp
  ) throws(ReplayError) {
    guard epoch > self.epoch else { throw illegal(event, "epoch \(epoch) after epoch \(self.epoch)") }
    guard gap >= .zero else { throw illegal(event, "a gap of \(gap)") }
    self.epoch = epoch
    if pause == nil { shiftDeadlines(by: gap) }
    if planted(.takeoverResetsBaseline) { baseline = .due }
    for index in hosts.indices {
      switch hosts[index].position {
      case .inFlight(var intent):
        lastNumber += 1
        intent.number = lastNumber
        intent.contact = planted(.takeoverSendsAgain) ? .sending : .asking
        updateHost(index) { $0.position = .inFlight(intent) }
      // Nobody watched, so its healthy time begins anew with the first answer that the new controller sees; one that
      // was healthy in time gets the time to be seen so again.
      case .verifying(var verification) where !plan.policy.probes.isEmpty:
        if verification.healthySince != nil, pause == nil {
          verification.deadline = max(verification.deadline, at + plan.policy.healthyDeadline)
        }
        if !planted(.takeoverTrustsOldHealth) { verification.healthySince = nil }
        updateHost(index) {
          $0.health = nil
          $0.position = .verifying(verification)
        }
      // What was down counts as down until its probes tell again, and is not taken for known.
      case .waiting where !plan.policy.probes.isEmpty && isKnownDown(index):
        updateHost(index) {
          $0.isImpaired = true
          $0.isSeenDown = false
          $0.health = nil
        }
      default: break
      }
    }
    // Fences in older journals count a number for each analysis, and there was one for each burn-in and controller.
    if case .burningIn = phase { lastNumber += 1 }
  }

  private mutating func applyWave(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    switch event {
    case .waveStarted(let wave, let deadline):
      guard plan.waves.indices.contains(wave), wave == passedWaves, isBeforeWave(wave) else {
        throw illegal(event, "wave \(wave &+ 1) is not next")
      }
      phase = .updating(wave: wave, progressDeadline: deadline)
    case .burnInStarted(let wave, let earliest, let latest):
      guard case .updating(wave, _) = phase, earliest <= latest else { throw illegal(event, "the wave is not up") }
      lastNumber += 1
      phase = .burningIn(
        wave: wave, Phase.BurnIn(since: at, earliest: earliest, latest: latest, isExtended: false))
    case .burnInExtended(let wave, let latest):
      guard case .burningIn(wave, var burnIn) = phase, !burnIn.isExtended else {
        throw illegal(event, "no burn-in to extend")
      }
      burnIn.isExtended = true
      burnIn.latest = latest
      phase = .burningIn(wave: wave, burnIn)
    case .wavePassed(let wave, let grounds):
      guard currentWave == wave, passedWaves == wave, allows(grounds, wave) else {
        throw illegal(event, "wave \(wave &+ 1) cannot pass so")
      }
      if case .burnedIn = grounds, provenAt == nil { provenAt = at }
      passedWaves = wave + 1
    case .approvalAwaited(let wave, let deadline):
      guard currentWave == wave, passedWaves == wave + 1 else {
        throw illegal(event, "wave \(wave &+ 1) has not passed")
      }
      if case .waitingApproval = phase { throw illegal(event, "it is awaited already") }
      phase = .waitingApproval(wave: wave, deadline: deadline)
    default: throw illegal(event, "not an event of a wave")
    }
  }

  private func isBeforeWave(_ wave: Int) -> Bool {
    if case .queued = phase { wave == 0 } else { currentWave == wave - 1 }
  }

  /// A wave that no checks watch passes when its hosts are done; any other out of its burn-in, or by a person.
  private func allows(_ grounds: PassGrounds, _ wave: Int) -> Bool {
    let isCanary = plan.waves[wave].kind == .canary
    return switch (grounds, phase) {
    case (.healthy, .updating): !isCanary && isSettled(through: wave)
    case (.watched, .burningIn): !isCanary
    case (.burnedIn, .burningIn), (.inconclusive, .burningIn): isCanary
    case (.promoted, .burningIn), (.promoted, .halted): true
    default: false
    }
  }

  private mutating func applyRollback(
    _ event: Event, _ cause: RollbackCause, _ operation: Operation?, _ deadline: Timestamp, _ at: Timestamp
  ) throws(ReplayError) {
    guard isReversible else { throw illegal(event, "this rollout has no way back") }
    if case .rollingBack = phase { throw illegal(event, "it is rolling back already") }
    if case .stuck = phase { throw illegal(event, "it is stuck in a rollback") }
    if let operation { remember(operation) }
    endPause(at)
    dropBaseline()
    pendingAbort = nil
    phase = .rollingBack(cause, deadline: deadline)
    // Whatever its burn-in said: a release that is taken back is nothing to go back to.
    provenAt = nil
    for index in hosts.indices { turnBack(index) }
  }

  /// Points a touched host at its baseline. One with a step in flight turns when that step is known.
  mutating func turnBack(_ index: Int) {
    let host = hosts[index]
    guard host.isTouched, host.direction == .forward else { return }
    if planted(.rollbackLeavesDrained), !host.isActivated { return }
    switch host.position {
    case .outside, .skipped, .inFlight, .reverted: return
    case .failed where planted(.rollbackForgetsFailed): return
    case .waiting, .verifying, .healthy, .failed: break
    }
    let position = firstRevertPosition(of: host)
    let isKnownDown = isKnownDown(index)
    updateHost(index) {
      $0.isImpaired = host.isDown
      $0.isSeenDown = isKnownDown
      $0.direction = .revert
      $0.health = nil
      $0.position = position
    }
  }

  /// Forward work stopped: what was taken out of its load balancer and is unchanged goes back into it.
  mutating func turnDrainedHosts() {
    guard !plan.policy.release.undrain.isEmpty else { return }
    for index in hosts.indices where hosts[index].isDrained && !hosts[index].isActivated {
      guard case .waiting(.activate) = hosts[index].position else { continue }
      updateHost(index) { $0.position = .waiting(.undrain) }
    }
  }

  mutating func remember(_ operation: Operation) {
    if recentRequests.contains(operation.request) || planted(.repeatedRequestActs) { return }
    recentRequests.append(operation.request)
    if recentRequests.count > Self.rememberedRequests { recentRequests.removeFirst() }
  }
}
