/// Taking events in. Each event checks that it is possible here, so that a damaged or foreign journal is named and
/// never followed.
extension Rollout {
  public mutating func apply(_ event: Event, at: Timestamp) throws(ReplayError) {
    if case .ended = phase { throw illegal(event, "the rollout has ended") }
    guard at >= lastEventAt else { throw illegal(event, "it is older than the event before it") }
    switch event {
    case .planned: throw illegal(event, "there is a plan already")
    case .controllerTookOver(let epoch, _, let gap): try applyTakeover(event, epoch, gap)
    case .controllerStopped: break
    case .clocksShifted(let by, _): if pause == nil { shiftDeadlines(by: by) }
    case .stepIntended, .stepFinished, .stepFailed, .stepDeferred, .stepQuestioned, .stepReissued, .questionRepeated:
      try applyStep(event, at)
    case .healthChanged, .hostVerified, .hostFailed: try applyHost(event, at)
    case .waveStarted, .burnInStarted, .verdictReached, .burnInExtended, .wavePassed, .approvalAwaited:
      try applyWave(event, at)
    case .paused, .resumed, .promoted, .hostSkipped, .retried, .abortRequested: try applyOperation(event, at)
    case .halted(let halt):
      if case .halted = phase { throw illegal(event, "it is halted already") }
      guard let wave = currentWave else { throw illegal(event, "no wave is at work") }
      pause = nil
      phase = .halted(wave: wave, halt)
    case .rollbackStarted(let cause, let operation, let deadline):
      try applyRollback(event, cause, operation, deadline)
    case .stuck(let detail):
      switch phase {
      case .rollingBack(let cause, _): phase = .stuck(cause, detail: detail)
      case .updating where plan.kind == .rollback: phase = .stuck(.requested, detail: detail)
      default: throw illegal(event, "nothing is being undone")
      }
      pause = nil
    case .ended(let fate, let detail):
      phase = .ended(fate, detail: detail)
      pause = nil
    }
    lastEventAt = at
    eventCount += 1
  }

  func illegal(_ event: Event, _ detail: String) -> ReplayError { .illegal(kind: event.kind, detail: detail) }

  private mutating func applyTakeover(_ event: Event, _ epoch: Int64, _ gap: TimeSpan) throws(ReplayError) {
    guard epoch > self.epoch else { throw illegal(event, "epoch \(epoch) after epoch \(self.epoch)") }
    guard gap >= .zero else { throw illegal(event, "a gap of \(gap)") }
    self.epoch = epoch
    if pause == nil { shiftDeadlines(by: gap) }
    for index in hosts.indices {
      switch hosts[index].position {
      case .inFlight(var intent):
        lastNumber += 1
        intent.number = lastNumber
        intent.contact = .asking
        updateHost(index) { $0.position = .inFlight(intent) }
      // Nobody watched, so its healthy time begins anew with the first answer that the new controller sees.
      case .verifying(var verification) where !plan.policy.probes.isEmpty:
        verification.healthySince = nil
        updateHost(index) {
          $0.health = nil
          $0.position = .verifying(verification)
        }
      default: break
      }
    }
    // The evidence so far lived in the process that died; its analysis begins again under a new number.
    if case .burningIn(let wave, var burnIn) = phase {
      lastNumber += 1
      burnIn.number = lastNumber
      phase = .burningIn(wave: wave, burnIn)
    }
  }

  private mutating func applyWave(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    switch event {
    case .waveStarted(let wave, let deadline):
      guard plan.waves.indices.contains(wave), wave == passedWaves, isBeforeWave(wave) else {
        throw illegal(event, "wave \(wave + 1) is not next")
      }
      phase = .updating(wave: wave, progressDeadline: deadline)
    case .burnInStarted(let wave, let earliest, let latest):
      guard case .updating(wave, _) = phase, earliest <= latest else { throw illegal(event, "the wave is not up") }
      lastNumber += 1
      phase = .burningIn(
        wave: wave,
        Phase.BurnIn(
          since: at, earliest: earliest, latest: latest, isExtended: false, number: lastNumber, verdict: nil))
    case .verdictReached(let wave, let verdict):
      guard case .burningIn(wave, var burnIn) = phase else { throw illegal(event, "no burn-in runs") }
      burnIn.verdict = verdict
      phase = .burningIn(wave: wave, burnIn)
    case .burnInExtended(let wave, let latest):
      guard case .burningIn(wave, var burnIn) = phase, !burnIn.isExtended else {
        throw illegal(event, "no burn-in to extend")
      }
      burnIn.isExtended = true
      burnIn.latest = latest
      phase = .burningIn(wave: wave, burnIn)
    case .wavePassed(let wave, let grounds):
      guard currentWave == wave, passedWaves == wave else {
        throw illegal(event, "wave \(wave + 1) is not at work")
      }
      if case .burnedIn = grounds, provenAt == nil { provenAt = at }
      passedWaves = wave + 1
    case .approvalAwaited(let wave, let deadline):
      guard currentWave == wave, passedWaves == wave + 1 else { throw illegal(event, "wave \(wave + 1) has not passed") }
      phase = .waitingApproval(wave: wave, deadline: deadline)
    default: throw illegal(event, "not an event of a wave")
    }
  }

  private func isBeforeWave(_ wave: Int) -> Bool {
    if case .queued = phase { wave == 0 } else { currentWave == wave - 1 }
  }

  private mutating func applyRollback(
    _ event: Event, _ cause: RollbackCause, _ operation: Operation?, _ deadline: Timestamp
  ) throws(ReplayError) {
    guard isReversible else { throw illegal(event, "this rollout has no way back") }
    if case .rollingBack = phase { throw illegal(event, "it is rolling back already") }
    if case .stuck = phase { throw illegal(event, "it is stuck in a rollback") }
    if let operation { remember(operation) }
    pause = nil
    phase = .rollingBack(cause, deadline: deadline)
    for index in hosts.indices { turnBack(index) }
  }

  /// Points a touched host at its baseline. One with a step in flight turns when that step is known.
  mutating func turnBack(_ index: Int) {
    let host = hosts[index]
    guard host.isTouched, host.direction == .forward else { return }
    switch host.position {
    case .outside, .skipped, .inFlight, .reverted: return
    case .waiting, .verifying, .healthy, .failed: break
    }
    let position = firstRevertPosition(of: host)
    updateHost(index) {
      $0.isImpaired = host.isDown
      $0.direction = .revert
      $0.health = nil
      $0.position = position
    }
  }

  mutating func remember(_ operation: Operation) {
    recentRequests.append(operation.request)
    if recentRequests.count > Self.rememberedRequests { recentRequests.removeFirst() }
  }
}
