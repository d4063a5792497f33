/// Consequences for the rollout as a whole.
extension Draft {
  mutating func advancePhase() {
    if let operation = state.pendingAbort, !planted(.abortLostInCrash) {
      startRollback(.aborted, operation)
      return
    }
    switch state.phase {
    case .queued: if state.epoch > 0, state.pause == nil { startNextWave() }
    case .updating(let wave, let deadline): advanceWave(wave, deadline)
    case .burningIn(let wave, let burnIn): advanceBurnIn(wave, burnIn)
    case .waitingApproval(let wave, let deadline): advanceApproval(wave, deadline)
    case .soaking(let soak): advanceSoak(soak)
    case .rollingBack(let cause, let deadline): advanceRollback(cause, deadline)
    case .stopping(let operation): advanceStopping(operation)
    case .halted(let wave, let halt): goOnIfPromoted(wave, halt)
    case .stuck, .ended: break
    }
  }

  /// A person promoted the wave it halted in, and the controller died before the rest of that was recorded.
  private mutating func goOnIfPromoted(_ wave: Int, _ halt: Halt) {
    guard state.passedWaves > wave, !planted(.promoteLostInCrash) else { return }
    switch halt.cause {
    case .inconclusive, .noData: startNextWave()
    // These come after a wave has passed too.
    case .failed, .approvalTimedOut: break
    }
  }

  mutating func startNextWave() {
    let next = state.passedWaves
    if next < state.plan.waves.count {
      emit(.waveStarted(wave: next, progressDeadline: running + policy.progressDeadline))
    } else if state.wantsSoak {
      emit(.soakStarted(until: running + policy.soak))
    } else {
      emit(.ended(.succeeded, detail: summary()))
    }
  }

  func summary() -> String {
    var counts = (done: 0, failed: 0, skipped: 0)
    for host in state.hosts {
      switch host.position {
      case .healthy: counts.done += 1
      case .failed: counts.failed += 1
      case .skipped: counts.skipped += 1
      default: break
      }
    }
    if state.plan.waves.isEmpty { return "every instance was on \(state.plan.release.version) already" }
    var text = "\(counts.done) on \(state.plan.release.version)"
    if counts.failed > 0 { text += ", \(counts.failed) failed within max_failures" }
    if counts.skipped > 0 { text += ", \(counts.skipped) skipped" }
    return text
  }

  // MARK: A wave

  private mutating func advanceWave(_ wave: Int, _ deadline: Timestamp) {
    if let failure = failure(wave) {
      failWave(failure)
      return
    }
    if advanceBaseline() { return }
    // Hosts of earlier waves count too: a retry may have begun them anew.
    guard state.isSettled(through: wave) else {
      if state.pause == nil, now >= deadline, !state.isTakingBaseline { failWave(stalled) }
      return
    }
    guard state.pause == nil else { return }
    if state.passedWaves > wave {
      pass(wave)
    } else if state.plan.waves[wave].kind == .canary {
      finishCanary(wave, state.plan.waves[wave].hosts)
    } else if watchesLaterWaves, hasUpdated(wave) {
      let earliest = now + policy.waveBurnIn
      emit(.burnInStarted(wave: wave, earliest: earliest, latest: earliest + policy.progressDeadline))
    } else {
      emit(.wavePassed(wave: wave, grounds: .healthy))
      pass(wave)
    }
  }

  /// Journals of before later waves were watched promise no time for it, like a policy that gives none.
  private var watchesLaterWaves: Bool {
    state.plan.isJudged && policy.waveBurnIn > .zero && state.skipsWaits == nil
  }

  /// The wave has instances that run the release.
  private func hasUpdated(_ wave: Int) -> Bool {
    state.plan.waves[wave].hosts.contains { if case .healthy = state.hosts[$0].position { true } else { false } }
  }

  private var stalled: String {
    let floor =
      state.downCount >= state.plan.maxUnavailable
      ? "; \(state.downCount) instances are down and max_unavailable is \(state.plan.maxUnavailable)" : ""
    return "no progress within \(policy.progressDeadline)\(floor)"
  }

  private mutating func finishCanary(_ wave: Int, _ hosts: [Int]) {
    if hosts.allSatisfy({ if case .skipped = state.hosts[$0].position { true } else { false } }) {
      emit(.halted(Halt(cause: .inconclusive, detail: "every canary instance was skipped, so nothing was tried")))
      return
    }
    emit(.burnInStarted(wave: wave, earliest: now + policy.burnIn.min, latest: now + policy.burnIn.max))
  }

  /// Why the wave counts as failed, or nil: its instances, or a verdict against the release.
  func failure(_ wave: Int) -> String? {
    waveFailure(wave) ?? (state.isCondemned ? state.verdict?.reason : nil)
  }

  /// A canary may not fail at all; `max_failures` counts over all rolling waves.
  private func waveFailure(_ wave: Int) -> String? {
    guard state.failureCount > 0 else { return nil }
    let reached = state.plan.waves[...wave]
    for planned in reached where planned.kind == .canary {
      for index in planned.hosts where !planted(.canaryMayFail) {
        if case .failed(let detail, _) = state.hosts[index].position {
          return "canary \(state.name(index)): \(detail)"
        }
      }
    }
    guard state.failureCount > policy.maxFailures + (planted(.oneFailureTooMany) ? 1 : 0) else { return nil }
    for planned in reached {
      for index in planned.hosts {
        if case .failed(let detail, _) = state.hosts[index].position {
          let count = state.failureCount == 1 ? "" : " (\(state.failureCount) failed, \(policy.maxFailures) allowed)"
          return "\(state.name(index)): \(detail)\(count)"
        }
      }
    }
    return nil
  }

  mutating func failWave(_ detail: String) {
    act(policy.onFail == .rollback ? .rollback : .halt, Halt(cause: .failed, detail: detail))
  }

  enum Action { case rollback, halt }

  mutating func act(_ action: Action, _ halt: Halt) {
    if state.plan.kind == .rollback, !planted(.rollbackIsRolledBack) {
      emit(.stuck(detail: halt.detail))
    } else if action == .rollback, state.isReversible {
      emit(
        .rollbackStarted(
          .failed(detail: halt.detail), operation: nil, deadline: now + policy.progressDeadline))
    } else {
      emit(.halted(halt))
    }
  }

  mutating func pass(_ wave: Int) {
    let isLast = wave + 1 == state.plan.waves.count
    let isCanary = state.plan.waves[wave].kind == .canary
    let asks =
      switch policy.approval {
      case .none: false
      case .canary: isCanary
      case .everyWave: true
      }
    if asks, !isLast, state.skipsWaits == nil, state.plan.kind == .release {
      emit(.approvalAwaited(wave: wave, deadline: now + policy.progressDeadline))
    } else {
      startNextWave()
    }
  }

  // MARK: The way back

  private mutating func advanceRollback(_ cause: RollbackCause, _ deadline: Timestamp) {
    var failed: [String] = []
    var open: [String] = []
    var moves = false
    var isStaging = false
    for index in state.hosts.indices {
      let host = state.hosts[index]
      switch host.position {
      case .inFlight where !host.isTouched: isStaging = true
      case .inFlight, .verifying:
        moves = true
        open.append(state.name(index).text)
      case .waiting(let step) where host.direction == .revert:
        if !state.takesDown(step) || state.hasRoom(toTakeDown: index) || state.awaitsNews(of: index) { moves = true }
        open.append(state.name(index).text)
      case .failed(let detail, _) where host.direction == .revert: failed.append("\(state.name(index)): \(detail)")
      default: break
      }
    }
    // Hosts that could not go back are down, and may leave no room under max_unavailable to turn the others.
    if !open.isEmpty, !moves, !failed.isEmpty {
      let kept = "kept serving on \(state.plan.release.version), since max_unavailable leaves no room: \(named(open))"
      emit(.stuck(detail: "could not go back: \(named(failed)); \(kept)"))
      return
    }
    // An upload to a host that nothing else was done to is awaited, but leaves nothing to undo.
    if !open.isEmpty || isStaging, now < deadline || planted(.rollbackHasNoDeadline) { return }
    if !open.isEmpty {
      emit(.stuck(detail: "no instance came back within \(policy.progressDeadline): \(named(open))"))
    } else if !failed.isEmpty {
      emit(.stuck(detail: "could not go back: \(named(failed))"))
    } else {
      switch cause {
      case .failed(let detail): emit(.ended(.rolledBack, detail: detail + leftOut))
      case .requested: emit(.ended(.rolledBack, detail: "on request" + leftOut))
      case .aborted:
        emit(.ended(.aborted, detail: "aborted; every touched instance is back on what it ran" + leftOut))
      }
    }
  }

  /// What the end must not pass over: skipped instances that may run the release, which nobody turned back, and those
  /// that were seen well after they went back and are no longer.
  private var leftOut: String {
    let skipped = state.exposedHosts.filter { index in
      if case .skipped = state.hosts[index].position { true } else { false }
    }
    let sick = state.hosts.indices.filter { index in
      if case .reverted = state.hosts[index].position, case .unhealthy = state.hosts[index].health {
        true
      } else {
        false
      }
    }
    let names = { (hosts: [Int]) in self.named(hosts.map { self.state.name($0).text }) }
    return (skipped.isEmpty ? "" : "; skipped and left as they are: \(names(skipped))")
      + (sick.isEmpty ? "" : "; went back and are unhealthy now: \(names(sick))")
  }

  private func named(_ items: [String]) -> String {
    items.count <= 5 ? items.joined(separator: "; ") : items[..<5].joined(separator: "; ") + "; \(items.count - 5) more"
  }

  private mutating func advanceStopping(_ operation: Operation) {
    guard !state.hasStepsInFlight, !state.hasHostsToPutBack || planted(.abortLeavesDrained) else { return }
    let exposed = state.exposedHosts.map { state.name($0).text }
    let left = exposed.isEmpty ? "no instance runs the release" : "left on the release or unsure: \(named(exposed))"
    emit(.ended(.aborted, detail: "aborted by \(operation.by) and held; \(left)"))
  }
}
