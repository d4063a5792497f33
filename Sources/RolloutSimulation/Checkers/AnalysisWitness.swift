internal import RolloutCore

/// Notes where the checks were not given their time, or not heard. It counts watched time by itself: a clock that
/// stands still in pauses and while nobody drives, and takes no part in jumps of the wall clock.
struct AnalysisWitness {
  private let shared: Shared<Plan>
  private let start: Timestamp
  private var violations: [String] = []

  /// Wall clock less watched time.
  private var unwatched = TimeSpan.zero
  private var pausedAt: TimeSpan?
  private var baselineBegan: TimeSpan?
  private var isBaselineOver = false
  private var burnInBegan: TimeSpan?
  private var isSeenInBurnIn = false
  private var soakBegan: TimeSpan?
  private var isPromoted = false
  private var hasFailed = false

  init(_ plan: Shared<Plan>) {
    shared = plan
    start = plan.value.createdAt
  }

  private var policy: Policy {
    _read { yield shared.value.policy }
  }

  mutating func takeViolations() -> [String] {
    defer { violations = [] }
    return violations
  }

  private mutating func require(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { violations.append(violation()) }
  }

  mutating func see(_ event: Event, at: Timestamp, _ before: Rollout, _ after: Rollout) {
    let elapsed = at - start
    countTime(event, elapsed, before, after)
    let watched = (pausedAt ?? elapsed) - unwatched
    seeWatch(event, watched, before)
    seeVerdict(event, before, after)
  }

  /// What it remembers that later events are held against.
  func add(to fingerprint: inout Fingerprint, _ rollout: Rollout, _ now: Timestamp) {
    var bits = 0
    for flag in [isBaselineOver, isSeenInBurnIn, isPromoted, hasFailed] { bits = bits << 1 | (flag ? 1 : 0) }
    fingerprint.add(bits)
    let watched = (pausedAt ?? (now - start)) - unwatched
    func add(_ began: TimeSpan?, _ enough: TimeSpan) {
      fingerprint.add(began.map { min(watched - $0, enough).milliseconds } ?? -1)
    }
    switch rollout.phase {
    case .updating where !isBaselineOver: add(baselineBegan, policy.baseline)
    case .burningIn: add(burnInBegan, max(policy.burnIn.max, policy.waveBurnIn))
    case .soaking: add(soakBegan, policy.soak)
    default: break
    }
  }

  private mutating func countTime(_ event: Event, _ elapsed: TimeSpan, _ before: Rollout, _ after: Rollout) {
    switch event {
    case .controllerTookOver(_, _, let gap): if pausedAt == nil { unwatched = unwatched + gap }
    case .clocksShifted(let by, _):
      unwatched = unwatched + by
      pausedAt = pausedAt.map { $0 + by }
    case .paused: pausedAt = elapsed
    default: break
    }
    if before.pause != nil, after.pause == nil, let since = pausedAt {
      unwatched = unwatched + (elapsed - since)
      pausedAt = nil
    }
  }

  private mutating func seeWatch(_ event: Event, _ watched: TimeSpan, _ before: Rollout) {
    switch event {
    case .promoted: isPromoted = true
    case .baselineStarted:
      baselineBegan = watched
      require(!isBaselineOver, "a second baseline")
      require(!before.hosts.contains(where: \.isTouched), "a baseline of instances that were touched")
    case .baselineEnded(let grounds, _):
      isBaselineOver = true
      guard grounds == .measured, let began = baselineBegan else { break }
      require(watched - began >= policy.baseline, "the baseline ended after \(watched - began)")
    case .stepIntended(let host, let step, _, _, _):
      guard !step.isRevert, step.takesDown else { break }
      require(
        isBaselineOver || isPromoted || before.plan.kind == .rollback || policy.checks.isEmpty
          || policy.baseline == .zero || before.plan.waves.allSatisfy { $0.hosts.allSatisfy { isNew($0, before) } },
        "\(before.name(host)) is taken down before the baseline ended")
    case .burnInStarted:
      burnInBegan = watched
      isSeenInBurnIn = false
      isPromoted = isPromoted && before.skipsWaits != nil
    case .wavePassed(let wave, let grounds): seePass(wave, grounds, watched)
    case .soakStarted:
      soakBegan = watched
      isPromoted = isPromoted && before.skipsWaits != nil
    case .ended(.succeeded, _): seeSuccess(watched, before)
    default: break
    }
  }

  private func isNew(_ host: Int, _ rollout: Rollout) -> Bool { rollout.plan.hosts[host].from == nil }

  private mutating func seePass(_ wave: Int, _ grounds: PassGrounds, _ watched: TimeSpan) {
    let length: TimeSpan
    switch grounds {
    case .burnedIn: length = policy.burnIn.min
    case .inconclusive: length = policy.burnIn.max
    case .watched(let verdict):
      length = policy.waveBurnIn
      let isSeen = verdict?.outcome == .pass || verdict?.outcome == .inconclusive
      require(isSeenInBurnIn, "wave \(wave + 1) passes on what was said before it")
      require(isSeen, "wave \(wave + 1) passes on \(String(describing: verdict))")
    case .healthy, .promoted: return
    }
    let taken = burnInBegan.map { watched - $0 } ?? .zero
    require(taken >= length, "wave \(wave + 1) passes \(grounds) after \(taken)")
  }

  private mutating func seeSuccess(_ watched: TimeSpan, _ before: Rollout) {
    require(!hasFailed, "succeeded after a verdict against the release")
    if let began = soakBegan {
      require(isPromoted || watched - began >= policy.soak, "the soak ended after \(watched - began)")
      return
    }
    let soaks = before.plan.kind == .release && policy.soak > .zero && policy.checks.contains { !$0.muted }
    let runs = before.hosts.contains { if case .healthy = $0.position { true } else { false } }
    require(!soaks || !runs || before.skipsWaits != nil, "succeeded without a soak")
  }

  private mutating func seeVerdict(_ event: Event, _ before: Rollout, _ after: Rollout) {
    let isRetry = if case .retried = event { true } else { false }
    require(
      after.analysisNumber == before.analysisNumber || (isRetry && after.analysisNumber > before.analysisNumber),
      "\(event.kind) makes analysis \(before.analysisNumber) number \(after.analysisNumber)")
    switch event {
    case .verdictReached(_, let verdict):
      require(!hasFailed, "a verdict after the one against the release")
      isSeenInBurnIn = true
      if verdict.outcome == .fail { hasFailed = policy.checks.contains { !$0.muted } }
    case .retried:
      hasFailed = false
      if !before.hosts.contains(where: \.isTouched) { isBaselineOver = false }
    case .stepIntended(let host, let step, _, _, _):
      if step.isRevert || step == .undrain { break }
      require(!hasFailed, "\(before.name(host)) begins \(step) after a verdict against the release")
    default: break
    }
    if let now = after.analysis, let then = before.analysis, now.number == then.number {
      require(now.stage.order >= then.stage.order, "\(event.kind): from \(then.stage) back to \(now.stage)")
    }
    let isOver = after.phase.isOver
    require(!isOver || after.analysis == nil, "the checks run while \(after.stateName)")
  }
}

extension Analysis.Stage {
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Phase {
  fileprivate var isOver: Bool {
    switch self {
    case .halted, .rollingBack, .stuck, .stopping, .ended: true
    case .queued, .updating, .burningIn, .waitingApproval, .soaking: false
    }
  }
}
