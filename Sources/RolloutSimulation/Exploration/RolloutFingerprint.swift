package import RolloutCore

/// What of a rollout decides its future, and nothing else: two rollouts of one plan with equal fingerprints answer
/// every input alike, up to the names and numbers in the answers.
///
/// Left out: words for people, requests that were taken (a repeat is tried on the spot), the number of events, and the
/// size of epochs, fences and numbers, of which only the order matters. Times are taken from `now`, those that a pause
/// holds from its begin; a time that has passed counts as passed, however long ago.
package struct RolloutFingerprint {
  let rollout: Rollout
  let now: Timestamp

  package init(_ rollout: Rollout, now: Timestamp) {
    self.rollout = rollout
    self.now = now
  }

  package func add(to fingerprint: inout Fingerprint) {
    fingerprint.add(rollout.epoch > 0)
    fingerprint.add(rollout.pause != nil)
    fingerprint.add(rollout.passedWaves)
    fingerprint.add(rollout.pendingAbort != nil)
    fingerprint.add(rollout.skipsWaits != nil)
    fingerprint.add(rollout.provenAt != nil)
    fingerprint.add(rollout.verdict.map { $0.outcome.ordinal + 1 } ?? 0)
    addBaseline(&fingerprint)
    addPhase(&fingerprint)
    for host in rollout.hosts { add(host, &fingerprint) }
  }

  /// Time left until `deadline` for the rollout as a whole.
  private func left(_ deadline: Timestamp) -> Int64 {
    let from = rollout.pause?.since ?? now
    return max((deadline - from).milliseconds, -1)
  }

  /// Time left for a host's clock that began at `begin`.
  private func left(_ deadline: Timestamp, begin: Timestamp) -> Int64 {
    guard let since = rollout.pause?.since else { return max((deadline - now).milliseconds, -1) }
    return max((deadline - max(since, begin)).milliseconds, -1)
  }

  private func addBaseline(_ fingerprint: inout Fingerprint) {
    switch rollout.baseline {
    case .due: fingerprint.add(0)
    case .running(_, let until):
      fingerprint.add(1)
      fingerprint.add(left(until))
    case .over: fingerprint.add(2)
    }
  }

  private func addPhase(_ fingerprint: inout Fingerprint) {
    switch rollout.phase {
    case .queued: fingerprint.add(0)
    case .updating(let wave, let deadline): add(1, wave, left(deadline), &fingerprint)
    case .burningIn(let wave, let burnIn):
      add(2, wave, left(burnIn.earliest), &fingerprint)
      fingerprint.add(left(burnIn.latest))
      fingerprint.add((burnIn.isExtended ? 2 : 0) + (burnIn.isSeen ? 1 : 0))
    case .waitingApproval(let wave, let deadline): add(3, wave, left(deadline), &fingerprint)
    case .soaking(let soak): add(4, soak.isPromoted ? 1 : 0, left(soak.until), &fingerprint)
    case .halted(let wave, let halt): add(5, wave, Int64(halt.cause.ordinal), &fingerprint)
    case .rollingBack(let cause, let deadline): add(6, cause.ordinal, left(deadline), &fingerprint)
    case .stuck(let cause, _): add(7, cause.ordinal, 0, &fingerprint)
    case .stopping: fingerprint.add(8)
    case .ended(let fate, _): add(9, fate.ordinal, 0, &fingerprint)
    }
  }

  private func add(_ kind: Int, _ detail: Int, _ time: Int64, _ fingerprint: inout Fingerprint) {
    fingerprint.add(kind << 8 | detail)
    fingerprint.add(time)
  }

  private func add(_ host: HostUpdate, _ fingerprint: inout Fingerprint) {
    var bits = 0
    for flag in [
      host.direction == .revert, host.isTouched, host.isActivated, host.isImpaired, host.isSeenDown, host.isDrained,
    ] { bits = bits << 1 | (flag ? 1 : 0) }
    let health =
      switch host.health {
      case nil: 0
      case .healthy: 1
      case .unhealthy: 2
      }
    fingerprint.add(bits << 2 | health)
    switch host.position {
    case .outside: fingerprint.add(0)
    case .waiting(let step): fingerprint.add(16 + step.ordinal)
    case .inFlight(let intent): add(intent, &fingerprint)
    case .verifying(let verification): add(verification, &fingerprint)
    case .healthy: fingerprint.add(1)
    case .reverted: fingerprint.add(2)
    case .failed(_, let isUnknown): fingerprint.add(isUnknown ? 3 : 4)
    case .skipped: fingerprint.add(5)
    }
  }

  private func add(_ intent: HostUpdate.Intent, _ fingerprint: inout Fingerprint) {
    fingerprint.add(32 + intent.step.ordinal)
    fingerprint.add(left(intent.giveUp, begin: intent.since))
    // Every later try waits equally long.
    fingerprint.add(min(intent.tries, 5))
    switch intent.contact {
    case .sending: fingerprint.add(0)
    case .asking: fingerprint.add(1)
    case .deferred(_, let retryAt, let thenAsk):
      fingerprint.add(thenAsk ? 2 : 3)
      fingerprint.add(max((retryAt - now).milliseconds, -1))
    }
  }

  private func add(_ verification: HostUpdate.Verification, _ fingerprint: inout Fingerprint) {
    fingerprint.add(6)
    fingerprint.add(left(verification.deadline, begin: verification.since))
    guard let healthySince = verification.healthySince else { return fingerprint.add(-1) }
    let reference = rollout.pause.map { max($0.since, healthySince) } ?? now
    let taken = min((reference - healthySince).milliseconds, rollout.plan.policy.minHealthyTime.milliseconds)
    fingerprint.add(taken)
    fingerprint.add(healthySince <= verification.deadline)
  }
}

extension Verdict.Outcome {
  package var ordinal: Int {
    switch self {
    case .pass: 0
    case .fail: 1
    case .inconclusive: 2
    case .noData: 3
    case .error: 4
    }
  }
}

extension Halt.Cause {
  fileprivate var ordinal: Int {
    switch self {
    case .failed: 0
    case .inconclusive: 1
    case .noData: 2
    case .approvalTimedOut: 3
    }
  }
}

extension RollbackCause {
  fileprivate var ordinal: Int {
    switch self {
    case .failed: 0
    case .aborted: 1
    case .requested: 2
    }
  }
}

extension Fate {
  fileprivate var ordinal: Int {
    switch self {
    case .succeeded: 0
    case .rolledBack: 1
    case .aborted: 2
    case .superseded: 3
    }
  }
}
