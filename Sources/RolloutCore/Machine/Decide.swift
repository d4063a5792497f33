/// Inputs to events. Total: every input in every state gives events (none: it changes nothing) or a rejection.
extension Rollout {
  /// The events that `input` causes at `now`, in order, consequences included. `self` is unchanged.
  ///
  /// Late and repeated inputs give no events. A `now` before the last event counts as the last event's time, so that
  /// a clock that was set back never writes history backwards; only a recorded `clocksShifted` lets stamps go back.
  ///
  /// A turn that takes several inputs decides each with `settling: false` and ends with a `.tick`: so what a person
  /// asked is heard before the rollout moves on, and consequences are worked out once. Inputs for which `comesLast`
  /// holds are kept until then and decided settling, before the `.tick`.
  public func decide(_ input: Input, now: Timestamp, settling: Bool = true) throws(Rejection) -> [Event] {
    var draft = Draft(state: self, now: max(now, lastEventAt))
    if case .ended(let fate, _) = phase {
      if case .operation(let operation, _) = input {
        if recentRequests.contains(operation.request) { return [] }
        throw .ended(fate)
      }
      return []
    }
    switch input {
    case .tick: break
    case .tookOver(let epoch, let holder, let gap):
      guard epoch > self.epoch else { throw .staleEpoch(current: self.epoch) }
      draft.emit(.controllerTookOver(epoch: epoch, holder: holder, gap: max(gap, .zero)))
    case .stopping(let reason):
      draft.emit(.controllerStopped(reason: reason))
      return draft.events
    case .clockJumped(let by, let reason):
      if by != .zero {
        draft.emit(.clocksShifted(by: by, reason: reason))
        draft.now = max(now, draft.state.lastEventAt)
      }
    case .outcome(let host, let number, let outcome): draft.take(outcome, host: host, number: number)
    case .answered(let host, let number, let record):
      // What time brings comes first: a step must not be sent again in the decision that stops it.
      if record == .absent || record == .interrupted { draft.advance() }
      guard !draft.state.isEnded else { return draft.events }
      draft.take(record, host: host, number: number)
    case .unreachable(let host, let number, let detail): draft.takeUnreachable(host, number: number, detail)
    case .health(let host, let expecting, let health): draft.take(health, host: host, expecting: expecting)
    case .verdict(let number, let verdict): draft.take(verdict, number: number)
    case .baselineTaken(let number): draft.takeBaseline(number: number)
    case .operation(let operation, let verb):
      if recentRequests.contains(operation.request) { return [] }
      try draft.take(verb, operation)
    }
    if settling { draft.advance() }
    return draft.events
  }
}

/// A copy of the state that takes its own events in as it emits them.
struct Draft {
  var state: Rollout
  var now: Timestamp
  private(set) var events: [Event] = []

  init(state: Rollout, now: Timestamp) {
    self.state = state
    self.now = now
  }

  mutating func emit(_ event: Event) {
    do {
      try state.apply(event, at: now)
    } catch {
      // Law 4: only reachable if `decide` and `apply` disagree about a state that our own code built.
      preconditionFailure("decided \(event.kind) in state \(state.stateName): \(error.message)")
    }
    events.append(event)
  }

  var policy: Policy { state.plan.policy }

  /// Where the clocks of the rollout as a whole stand. The end of a pause moves their deadlines by all of it, so what
  /// begins in one is counted from its begin.
  var running: Timestamp { state.pause?.since ?? now }

  func intent(_ host: Int, number: Int64) -> HostUpdate.Intent? {
    // An upload may still be in flight when the rollout ends.
    guard !state.isEnded, state.hosts.indices.contains(host), case .inFlight(let intent) = state.hosts[host].position,
      intent.number == number || planted(.lateAnswersCount)
    else { return nil }
    return intent
  }

  // MARK: Hosts

  mutating func take(_ outcome: Outcome, host: Int, number: Int64) {
    guard let intent = intent(host, number: number), intent.contact == .sending else { return }
    settle(outcome, host, intent)
  }

  private mutating func settle(_ outcome: Outcome, _ host: Int, _ intent: HostUpdate.Intent) {
    switch outcome {
    case .succeeded:
      let verifyBy = intent.step.isActivation ? now + policy.healthyDeadline : nil
      emit(.stepFinished(host: host, step: intent.step, verifyBy: verifyBy))
    case .failed(let detail):
      emit(.stepFailed(host: host, step: intent.step, detail: detail))
    case .refused(let current):
      let detail =
        "the host follows another controller (fence \(current), ours \(intent.fence)); "
        + "see who drives this service: `canary status`"
      emit(.stepFailed(host: host, step: intent.step, detail: detail))
    case .notSent(let detail):
      emit(.stepDeferred(host: host, detail: detail, retryAt: retryTime(intent)))
    case .unanswered(let detail) where planted(.unansweredIsSentAgain):
      emit(.stepDeferred(host: host, detail: detail, retryAt: retryTime(intent)))
    case .unanswered(let detail):
      emit(.stepQuestioned(host: host, detail: detail))
    }
  }

  mutating func take(_ record: StepRecord, host: Int, number: Int64) {
    guard let intent = intent(host, number: number), intent.contact == .asking else { return }
    switch record {
    case .interrupted where planted(.interruptedCountsAsDone): settle(.succeeded, host, intent)
    case .absent, .interrupted:
      if state.pause != nil {
        emit(.stepDeferred(host: host, detail: "paused before it was done", retryAt: retryTime(intent)))
      } else if mayStillSend(intent.step) {
        emit(.stepReissued(host: host, fence: state.nextFence()))
      } else {
        emit(.stepFailed(host: host, step: intent.step, detail: "stopped before it was done"))
      }
    case .running:
      emit(.stepDeferred(host: host, detail: "still running on the host", retryAt: retryTime(intent)))
    case .finished(.unanswered(let detail)), .finished(.notSent(let detail)):
      emit(.stepFailed(host: host, step: intent.step, detail: detail))
    case .finished(let outcome):
      settle(outcome, host, intent)
    }
  }

  /// A forward step that has not acted is not sent again once the rollout turned or stopped.
  func mayStillSend(_ step: StepKind) -> Bool {
    if !state.isForwardStopped || step.isRevert { return true }
    if case .rollingBack = state.phase { return false }
    return step == .undrain
  }

  mutating func takeUnreachable(_ host: Int, number: Int64, _ detail: String) {
    guard let intent = intent(host, number: number), intent.contact == .asking else { return }
    emit(.stepDeferred(host: host, detail: detail, retryAt: retryTime(intent)))
  }

  /// 1, 2, 4, 8, then every 15 seconds: soon enough for a dropped connection, seldom enough for a host that is down.
  /// Every five minutes in a pause, which may last for days, and where nothing follows from the answer.
  private func retryTime(_ intent: HostUpdate.Intent) -> Timestamp {
    if state.pause != nil { return now + .minutes(5) }
    let seconds = intent.tries > 4 ? 15 : Int64(1) << Int64(max(intent.tries, 1) - 1)
    return now + .seconds(seconds)
  }

  mutating func take(_ health: Health, host: Int, expecting: Version?) {
    guard state.hosts.indices.contains(host), state.isWatched(host), state.expectedVersion(host) == expecting
    else { return }
    let known = state.hosts[host].health
    guard known != health else { return }
    // A failure that waits for its consequences is not taken back by news of the same turn.
    if failsByHealth(host) {
      settleUnhealthy(host)
      return
    }
    // An untouched instance that answers well is what everybody assumes: no news.
    if known == nil, health == .healthy, expecting == nil, !state.hosts[host].isImpaired { return }
    if case .unhealthy = known, case .unhealthy = health { return }
    emit(.healthChanged(host: host, health: health))
  }

  mutating func take(_ verdict: Verdict, number: Int64) {
    guard let analysis = state.analysis, analysis.number == number, state.verdict != verdict,
      let wave = state.currentWave
    else { return }
    // A fail stands, whatever the checks say before its consequences are worked out.
    if state.isCondemned { return }
    // Nothing runs the release yet, so nothing can be said for or against it; that a source is away is news.
    if analysis.stage == .baseline, verdict.outcome == .pass || verdict.outcome == .fail { return }
    emit(.verdictReached(wave: wave, verdict: verdict))
  }

  mutating func takeBaseline(number: Int64) {
    // Where a wave whose instances are all left out waits for a person, nothing is about to be taken down.
    guard case .updating = state.phase, state.isTakingBaseline, state.analysis?.number == number else { return }
    endBaseline(.history)
  }
}
