/// What people ask, answered at once: events or a rejection that says what to do instead.
extension Draft {
  mutating func take(_ verb: Input.Verb, _ operation: Operation) throws(Rejection) {
    // An abort that a dead controller took in comes before what is asked now.
    if let abort = state.pendingAbort { startRollback(.aborted, abort) }
    switch verb {
    case .pause: try pause(operation)
    case .resume:
      guard state.pause != nil else { throw .notPaused }
      emit(.resumed(operation))
    case .promote(let full): try promote(operation, full: full)
    case .retry: try retry(operation)
    case .skip(let host): try skip(host, operation)
    case .abort(let mode): try abort(operation, mode ?? policy.onAbort)
    case .rollback: try rollback(operation)
    case .supersede:
      guard state.isAtRest else { throw .notAtRest(state: state.stateName) }
      emit(.ended(.superseded, detail: "superseded by \(operation.by): \(operation.reason)"))
    }
  }

  private mutating func pause(_ operation: Operation) throws(Rejection) {
    guard state.pause == nil else { throw .alreadyPaused }
    switch state.phase {
    case .queued, .updating, .burningIn, .waitingApproval, .soaking: emit(.paused(operation))
    default: throw .pauseNotPossible(state: state.stateName)
    }
  }

  private mutating func promote(_ operation: Operation, full: Bool) throws(Rejection) {
    let grounds = PassGrounds.promoted(by: operation.by, reason: operation.reason)
    switch state.phase {
    case .burningIn(let wave, _):
      // Passed already and held by a pause: only the waits after it are left to skip.
      guard full || state.passedWaves == wave else { throw .nothingToPromote(state: state.stateName) }
      emit(.promoted(operation, full: full))
      if state.passedWaves == wave { emit(.wavePassed(wave: wave, grounds: grounds)) }
    case .waitingApproval:
      emit(.promoted(operation, full: full))
      startNextWave()
    case .halted(let wave, let halt):
      guard halt.cause != .failed, !state.hasUnhealthyUpdate else { throw .promoteNeedsRetry }
      emit(.promoted(operation, full: full))
      if state.passedWaves == wave { emit(.wavePassed(wave: wave, grounds: grounds)) }
      startNextWave()
    case .updating where state.isTakingBaseline:
      emit(.promoted(operation, full: full))
      endBaseline(.promoted(by: operation.by, reason: operation.reason))
    case .soaking(let soak) where !soak.isPromoted:
      // Ended with what follows: a verdict of the same turn may be against it.
      emit(.promoted(operation, full: full))
    case .updating where full, .queued where full:
      emit(.promoted(operation, full: true))
    default: throw .nothingToPromote(state: state.stateName)
    }
  }

  private mutating func retry(_ operation: Operation) throws(Rejection) {
    switch state.phase {
    case .halted(let wave, let halt):
      // An approval nobody gave has nothing to redo.
      if halt.cause != .failed, state.passedWaves > wave {
        throw .nothingToRetry(state: "the wave has passed; `canary promote` goes on")
      }
      emit(.retried(operation, progressDeadline: now + policy.progressDeadline))
    case .stuck:
      emit(.retried(operation, progressDeadline: now + policy.progressDeadline))
    default: throw .nothingToRetry(state: state.stateName)
    }
  }

  private mutating func skip(_ id: HostID, _ operation: Operation) throws(Rejection) {
    guard let index = state.plan.hosts.firstIndex(where: { $0.instance.id == id }) else { throw .unknownHost(id) }
    let host = state.hosts[index]
    guard host.canBeSkipped else { throw .cannotSkip(id, state: host.stateName) }
    emit(.hostSkipped(operation, host: index))
  }

  private mutating func abort(_ operation: Operation, _ mode: AbortMode) throws(Rejection) {
    switch state.phase {
    case .stopping: throw .alreadyAborting
    case .rollingBack where mode == .rollback: throw .alreadyRollingBack
    default: break
    }
    if mode == .rollback {
      guard state.exposedHosts.isEmpty || state.isReversible else {
        throw .irreversible(detail: state.irreversibleBecause ?? "")
      }
    }
    emit(.abortRequested(operation, mode: mode))
    guard mode == .rollback else { return }
    if case .stuck = state.phase, state.plan.kind == .release {
      emit(.retried(operation, progressDeadline: now + policy.progressDeadline))
    } else {
      startRollback(.aborted, operation)
    }
  }

  private mutating func rollback(_ operation: Operation) throws(Rejection) {
    switch state.phase {
    case .rollingBack: throw .alreadyRollingBack
    case .stuck: emit(.retried(operation, progressDeadline: now + policy.progressDeadline))
    default:
      guard state.exposedHosts.isEmpty || state.isReversible else {
        throw .irreversible(detail: state.irreversibleBecause ?? "")
      }
      if case .stopping = state.phase, !state.isReversible { throw .alreadyAborting }
      startRollback(.requested, operation)
    }
  }

  mutating func startRollback(_ cause: RollbackCause, _ operation: Operation?) {
    if state.isReversible {
      emit(.rollbackStarted(cause, operation: operation, deadline: now + policy.progressDeadline))
      return
    }
    // Nothing was touched, so there is nothing to undo: it stops where it stands.
    if let operation { emit(.abortRequested(operation, mode: .hold)) }
  }
}
