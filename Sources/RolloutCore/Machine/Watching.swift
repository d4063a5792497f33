/// What the checks are to watch. There is one analysis from the baseline to the end of the soak.
extension Rollout {
  /// How far the measuring before the push is.
  public enum Baseline: Hashable, Sendable {
    /// Not begun, or interrupted.
    case due
    /// No instance is taken down before `until`.
    case running(since: Timestamp, until: Timestamp)
    case over
  }

  /// The present analysis, or nil where nothing follows from it.
  public var analysis: Analysis? {
    guard plan.kind == .release, !plan.policy.checks.isEmpty, epoch > 0 else { return nil }
    switch phase {
    case .updating, .burningIn, .waitingApproval, .soaking: break
    case .queued, .halted, .rollingBack, .stuck, .stopping, .ended: return nil
    }
    let (updated, siblings) = arms
    return Analysis(number: analysisNumber, stage: analysisStage, updated: updated, siblings: siblings)
  }

  /// In an analysis of one number it only goes on.
  var analysisStage: Analysis.Stage {
    guard hasTouched else { return .baseline }
    switch phase {
    case .soaking: return .soak
    case .burningIn(let wave, _):
      // Nobody is left to compare with. A canary alone still has to earn its pass.
      return plan.waves[wave].kind == .rolling && wave == plan.waves.count - 1 ? .soak : .comparison
    default: return .comparison
    }
  }

  var hasTouched: Bool { hosts.contains(where: \.isTouched) }

  /// Instances that are well on the release, and untouched ones to compare them with.
  private var arms: (updated: [Int], siblings: [Int]) {
    var updated: [Int] = []
    var siblings: [Int] = []
    for index in hosts.indices {
      switch hosts[index].position {
      case .healthy: updated.append(index)
      case .waiting, .inFlight: if isSibling(index) { siblings.append(index) }
      case .outside, .verifying, .reverted, .failed, .skipped: break
      }
    }
    return (updated, siblings)
  }

  /// Runs what it ran before, and may at most have an upload on its way.
  private func isSibling(_ index: Int) -> Bool { !hosts[index].isTouched && plan.hosts[index].from != nil }

  /// The checks' last word rests on data, and says nothing against the release.
  var hasData: Bool {
    switch verdict?.outcome {
    case .pass, .inconclusive: true
    case .fail, .noData, .error, nil: false
    }
  }

  /// The checks speak against the release, and one of them may act.
  public var isCondemned: Bool { plan.isJudged && verdict?.outcome == .fail }

  // MARK: Baseline and soak

  public var isTakingBaseline: Bool { if case .running = baseline { true } else { false } }

  var baselineEnd: Timestamp? { if case .running(_, let until) = baseline { until } else { nil } }

  /// There is something to measure, and the push has not begun.
  var wantsBaseline: Bool {
    baseline == .due && plan.kind == .release && !plan.policy.checks.isEmpty && plan.policy.baseline > .zero
      && skipsWaits == nil && !hasTouched && hosts.indices.contains { waveOfHost[$0] != nil && isSibling($0) }
  }

  /// Something runs the release, and checks may act on it.
  var wantsSoak: Bool {
    plan.isJudged && plan.policy.soak > .zero && skipsWaits == nil && !planted(.soakIsSkipped)
      && hosts.contains { if case .healthy = $0.position { true } else { false } }
  }

  /// What was measured so far is not the time before a push that does not come now.
  mutating func dropBaseline() { if isTakingBaseline { baseline = .due } }

  mutating func applyAnalysis(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    switch event {
    case .baselineStarted(let until):
      guard case .updating = phase, baseline == .due, !hasTouched else {
        throw illegal(event, "it is not the time before a push")
      }
      baseline = .running(since: at, until: until)
    case .baselineEnded(_, let deadline):
      guard case .updating(let wave, _) = phase, isTakingBaseline else {
        throw illegal(event, "no baseline is being taken")
      }
      baseline = .over
      phase = .updating(wave: wave, progressDeadline: deadline)
    case .verdictReached(let wave, let verdict):
      guard currentWave == wave, analysis != nil, self.verdict != verdict else {
        throw illegal(event, "no analysis runs that it is news to")
      }
      self.verdict = verdict
      if case .burningIn(let wave, var burnIn) = phase {
        burnIn.isSeen = true
        phase = .burningIn(wave: wave, burnIn)
      }
    case .soakStarted(let until):
      guard passedWaves == plan.waves.count, currentWave == plan.waves.count - 1 else {
        throw illegal(event, "not every wave has passed")
      }
      if case .soaking = phase { throw illegal(event, "it soaks already") }
      phase = .soaking(Phase.Soak(since: at, until: until, isPromoted: false))
    default: throw illegal(event, "not an event of the analysis")
    }
  }
}
