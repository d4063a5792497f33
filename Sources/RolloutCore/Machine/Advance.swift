/// Consequences: what follows from the state and the time by itself. Runs until nothing more follows, so a tick before
/// `nextDeadline` finds nothing to do.
extension Draft {
  mutating func advance() {
    var before = -1
    while before != events.count, !state.isEnded {
      before = events.count
      settleHosts()
      advancePhase()
      // Last, so that no step begins in the decision that fails the wave or turns the rollout.
      if before == events.count { beginSteps() }
    }
  }

  // MARK: Hosts

  private mutating func settleHosts() {
    for index in state.activeHosts ?? [] {
      switch state.hosts[index].position {
      case .inFlight(let intent): resumeContact(intent, index)
      case .verifying(let verification): verify(verification, index)
      case .healthy: failIfUnhealthy(index)
      case .outside, .waiting, .reverted, .failed, .skipped: break
      }
    }
  }

  private mutating func beginSteps() {
    for index in state.activeHosts ?? [] {
      switch state.hosts[index].position {
      case .waiting(let step): beginStep(step, index)
      case .inFlight(let intent): sendAgain(intent, index)
      case .outside, .verifying, .healthy, .reverted, .failed, .skipped: break
      }
    }
  }

  private mutating func beginStep(_ step: StepKind, _ index: Int) {
    let host = state.hosts[index]
    let isHeld = state.pause != nil && step != .undrain && !step.isRevert && !planted(.pauseDoesNotHold)
    guard !isHeld, mayBegin(step) else { return }
    if state.takesDown(step), !state.hasRoom(toTakeDown: index) { return }
    let giveUp = now + policy.healthyDeadline + state.timeLimit(step)
    emit(.stepIntended(host: index, step: step, attempt: host.attempt, fence: state.nextFence(), giveUp: giveUp))
  }

  private func mayBegin(_ step: StepKind) -> Bool {
    switch state.phase {
    case .stopping where planted(.abortLeavesStagedHostsGoing): true
    case .updating: !step.isRevert && !(state.isTakingBaseline && state.takesDown(step))
    case .rollingBack: step.isRevert
    // An instance that is out of its load balancer is put back whatever else stands still.
    case .queued, .burningIn, .waitingApproval, .soaking, .halted, .stuck, .stopping, .ended:
      step == .undrain || step == .revertUndrain
    }
  }

  private mutating func resumeContact(_ intent: HostUpdate.Intent, _ index: Int) {
    if state.pause == nil, now >= intent.giveUp, !planted(.unansweredStepsNeverEnd) {
      var detail = "no outcome of \(intent.step.rawValue) within \(intent.giveUp - intent.since)"
      if case .deferred(let reason, _, _) = intent.contact { detail += ": \(reason)" }
      emit(.hostFailed(host: index, detail: detail))
      return
    }
    if intent.contact == .sending, !mayStillSend(intent.step) {
      // It may still wait for a connection. It is called back, and the host is asked whether it came that far.
      emit(.stepQuestioned(host: index, detail: "called back"))
      return
    }
    guard case .deferred(_, let retryAt, let thenAsk) = intent.contact, now >= retryAt else { return }
    if thenAsk {
      emit(.questionRepeated(host: index))
    } else if !mayStillSend(intent.step) {
      // It never reached the host, and it no longer should.
      emit(.stepFailed(host: index, step: intent.step, detail: "not sent; stopped before it began"))
    }
  }

  private mutating func sendAgain(_ intent: HostUpdate.Intent, _ index: Int) {
    guard state.pause == nil, mayStillSend(intent.step) else { return }
    if case .deferred(_, let retryAt, thenAsk: false) = intent.contact, now >= retryAt {
      emit(.stepReissued(host: index, fence: state.nextFence()))
    }
  }

  private mutating func verify(_ verification: HostUpdate.Verification, _ index: Int) {
    guard state.pause == nil, !state.isFrozen else { return }
    if let since = verification.healthySince, now >= since + policy.minHealthyTime || planted(.firstAnswerIsHealthy) {
      emit(.hostVerified(host: index, progressDeadline: now + policy.progressDeadline))
    } else if now >= verification.deadline, !isAboutToVerify(verification) {
      var detail = "not healthy within \(policy.healthyDeadline)"
      if case .unhealthy(let reason) = state.hosts[index].health { detail += ": \(reason)" }
      if state.hosts[index].health == nil { detail += ": its probes have not agreed once" }
      emit(.hostFailed(host: index, detail: detail))
    }
  }

  /// Healthy before the deadline is healthy in time, even if `min_healthy_time` ends after it.
  private func isAboutToVerify(_ verification: HostUpdate.Verification) -> Bool {
    guard let since = verification.healthySince else { return false }
    return since <= verification.deadline
  }

  /// The immune system does not sleep: an updated instance whose probes turn fails, also while paused.
  private mutating func failIfUnhealthy(_ index: Int) {
    guard failsByHealth(index), case .unhealthy(let reason) = state.hosts[index].health else { return }
    emit(.hostFailed(host: index, detail: "was healthy and is no longer: \(reason)"))
  }

  /// Updated and healthy before, its probes have turned, and somebody acts on it.
  func failsByHealth(_ index: Int) -> Bool {
    guard case .healthy = state.hosts[index].position, case .unhealthy = state.hosts[index].health else { return false }
    switch state.phase {
    case .burningIn where planted(.burnInIgnoresProbes): return false
    case .updating, .burningIn, .waitingApproval, .soaking: return true
    default: return false
    }
  }

  /// Such a failure with what it means for the wave, and no step begun.
  mutating func settleUnhealthy(_ index: Int) {
    failIfUnhealthy(index)
    advancePhase()
  }
}
