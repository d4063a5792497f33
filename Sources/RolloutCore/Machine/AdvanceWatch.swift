/// Consequences where the checks are given time: baseline, burn-in, the watch over later waves, approval, soak.
extension Draft {
  // MARK: Baseline

  /// True when that was news.
  mutating func advanceBaseline() -> Bool {
    guard state.pause == nil else { return false }
    if state.wantsBaseline {
      emit(.baselineStarted(until: now + policy.baseline))
      return true
    }
    guard let end = state.baselineEnd, now >= end else { return false }
    endBaseline(.measured)
    return true
  }

  mutating func endBaseline(_ grounds: BaselineGrounds) {
    emit(.baselineEnded(grounds, progressDeadline: running + policy.progressDeadline))
  }

  // MARK: Burn-in and approval

  mutating func advanceBurnIn(_ wave: Int, _ burnIn: Phase.BurnIn) {
    if let failure = failure(wave) {
      failWave(failure)
    } else if state.passedWaves > wave {
      if state.pause == nil { pass(wave) }
    } else if state.pause == nil {
      endBurnIn(wave, burnIn)
    }
  }

  private mutating func endBurnIn(_ wave: Int, _ burnIn: Phase.BurnIn) {
    if let operation = state.skipsWaits {
      emit(.wavePassed(wave: wave, grounds: .promoted(by: operation.by, reason: operation.reason)))
    } else if now < burnIn.earliest {
      return
    } else if state.plan.waves[wave].kind == .canary {
      endCanary(wave, burnIn)
    } else {
      endWatch(wave, burnIn)
    }
  }

  private mutating func endCanary(_ wave: Int, _ burnIn: Phase.BurnIn) {
    if !state.plan.isJudged || planted(.burnInEndsOnTime) {
      let verdict = Verdict(outcome: .pass, reason: "probes stayed green for \(policy.burnIn.min); no checks to judge")
      emit(.wavePassed(wave: wave, grounds: .burnedIn(verdict)))
    } else if let verdict = state.verdict, verdict.outcome == .pass {
      emit(.wavePassed(wave: wave, grounds: .burnedIn(verdict)))
    } else if now >= burnIn.latest {
      endWithoutVerdict(wave, burnIn)
    }
  }

  private var said: String { state.verdict.map { ": \($0.reason)" } ?? ": the checks said nothing" }

  /// The limit came and nothing was earned: the policy says what that means.
  private mutating func endWithoutVerdict(_ wave: Int, _ burnIn: Phase.BurnIn) {
    // Answers that cannot be used tell as little as none: neither may promote a release that was never measured.
    if !state.hasData, !planted(.noDataPromotes) {
      let halt = Halt(cause: .noData, detail: "no data within \(policy.burnIn.max)\(said)")
      switch policy.onNoData {
      case .wait where !burnIn.isExtended:
        emit(.burnInExtended(wave: wave, latest: now + policy.progressDeadline))
      case .wait, .halt: act(.halt, halt)
      case .rollback: act(.rollback, halt)
      }
      return
    }
    let halt = Halt(cause: .inconclusive, detail: "no verdict within \(policy.burnIn.max)\(said)")
    switch policy.onInconclusive {
    case .halt: act(.halt, halt)
    case .rollback: act(.rollback, halt)
    case .promote: emit(.wavePassed(wave: wave, grounds: .inconclusive(state.verdict)))
    }
  }

  /// The canary has earned the pass; a later wave only must not be seen to do harm, and must be seen: what the checks
  /// said before it says nothing of it.
  private mutating func endWatch(_ wave: Int, _ burnIn: Phase.BurnIn) {
    if state.hasData, burnIn.isSeen || planted(.passCarriesOver) {
      emit(.wavePassed(wave: wave, grounds: .watched(state.verdict)))
    } else if now >= burnIn.latest {
      let said = burnIn.isSeen ? said : ": the checks said nothing of this wave"
      let halt = Halt(cause: .noData, detail: "no data within \(policy.progressDeadline)\(said)")
      act(policy.onNoData == .rollback ? .rollback : .halt, halt)
    }
  }

  mutating func advanceApproval(_ wave: Int, _ deadline: Timestamp) {
    if let failure = failure(wave) {
      failWave(failure)
    } else if state.pause == nil, state.skipsWaits != nil {
      startNextWave()
    } else if state.pause == nil, now >= deadline, planted(.silenceApproves) {
      startNextWave()
    } else if state.pause == nil, now >= deadline {
      let detail = "nobody said `canary promote` within \(policy.progressDeadline)"
      emit(.halted(Halt(cause: .approvalTimedOut, detail: detail)))
    }
  }

  // MARK: Soak

  mutating func advanceSoak(_ soak: Phase.Soak) {
    if let failure = failure(state.plan.waves.count - 1), !planted(.soakIgnoresChecks) {
      failWave(failure)
    } else if state.pause == nil, soak.isPromoted {
      emit(.ended(.succeeded, detail: summary() + "; the soak was cut short"))
    } else if state.pause == nil, now >= soak.until {
      // The release is everywhere and was judged on its way; a source that is away now is said and decides nothing.
      emit(.ended(.succeeded, detail: summary() + (state.hasData ? "" : "; the soak ended without data\(said)")))
    }
  }
}
