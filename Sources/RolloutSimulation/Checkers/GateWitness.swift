internal import RolloutCore

/// Notes where a rollout went through a gate that was not open: an approval nobody gave, a pause that held, a wave
/// whose evidence was not there, a step that was sent again before anybody asked what became of it.
struct GateWitness {
  private let shared: Shared<Plan>
  private var violations: [String] = []
  /// A person let it go on without further waits.
  private var isFull = false
  /// A person let it go on since it began to wait for that.
  private var isApproved = false
  /// The checks have spoken in the present analysis.
  private var hasSpoken = false
  /// Instances that were seen healthy by the controller in charge.
  private var seenHealthy: [Bool]
  /// The step of each host of which nobody knows whether it acted.
  private var unsure: [Doubt?]

  private struct Doubt: Hashable {
    var step: StepKind
    var attempt: Int
  }

  init(_ plan: Shared<Plan>) {
    shared = plan
    unsure = Array(repeating: nil, count: plan.value.hosts.count)
    seenHealthy = Array(repeating: false, count: plan.value.hosts.count)
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

  mutating func see(_ event: Event, at: Timestamp, _ before: Rollout) {
    switch event {
    case .stepIntended(let host, let step, _, _, _): seeBegin(step, host, before)
    case .stepReissued(let host, _):
      if case .inFlight(let intent) = before.hosts[host].position { seeBegin(intent.step, host, before) }
    case .controllerTookOver: seeTakeover(before)
    case .hostVerified(let host, _): seeVerified(host, at, before)
    case .healthChanged(let host, let health): seenHealthy[host] = health == .healthy
    case .verdictReached: hasSpoken = true
    case .retried: if case .halted = before.phase { hasSpoken = false }
    case .wavePassed(let wave, let grounds): seePass(wave, grounds, before)
    case .approvalAwaited: isApproved = false
    case .promoted(_, let full):
      isApproved = true
      if full { isFull = true }
    case .waveStarted(let wave, _): seeStart(wave, before)
    case .rollbackStarted: require(before.plan.kind == .release, "a way back is itself taken back")
    default: break
    }
  }

  private mutating func seeBegin(_ step: StepKind, _ host: Int, _ before: Rollout) {
    if step.isRevert || step == .undrain { return }
    require(before.pause == nil, "\(before.name(host)) begins \(step) in a pause")
  }

  private mutating func seeVerified(_ host: Int, _ at: Timestamp, _ before: Rollout) {
    guard case .verifying(let verification) = before.hosts[host].position else { return }
    let since = verification.healthySince ?? at
    require(
      at - since >= policy.minHealthyTime && verification.healthySince != nil,
      "\(before.name(host)) counts as healthy after \(at - since)")
    require(
      seenHealthy[host] || policy.probes.isEmpty,
      "\(before.name(host)) counts as healthy, and this controller never saw it so")
  }

  // MARK: Waves

  private mutating func seePass(_ wave: Int, _ grounds: PassGrounds, _ before: Rollout) {
    for host in before.plan.waves[...wave].flatMap(\.hosts) {
      if case .promoted = grounds { break }
      let update = before.hosts[host]
      let isUnhealthy = if case .unhealthy = update.health, case .healthy = update.position { true } else { false }
      require(!isUnhealthy, "wave \(wave + 1) passes while \(before.name(host)) is unhealthy")
      let isCanary = before.plan.waves[before.waveOfHost[host] ?? 0].kind == .canary
      require(!isCanary || !update.isFailed, "wave \(wave + 1) passes although the canary \(before.name(host)) failed")
    }
    switch grounds {
    case .burnedIn(let verdict):
      require(verdict.outcome == .pass, "wave \(wave + 1) burned in on \(verdict.outcome)")
      guard before.plan.isJudged else { break }
      require(before.verdict == verdict, "wave \(wave + 1) burned in on what the checks did not say")
      require(hasSpoken, "wave \(wave + 1) burned in on an earlier analysis")
    case .watched: require(hasSpoken, "wave \(wave + 1) was watched by an earlier analysis")
    case .inconclusive(let verdict):
      let hasData = verdict?.outcome == .pass || verdict?.outcome == .inconclusive
      require(
        policy.onInconclusive == .promote && hasData,
        "wave \(wave + 1) passes on \(verdict?.outcome.rawValue ?? "nothing")")
    case .healthy, .promoted: break
    }
  }

  private mutating func seeStart(_ wave: Int, _ before: Rollout) {
    guard wave > 0, before.plan.kind == .release, !isFull else { return }
    let isAsked =
      switch policy.approval {
      case .none: false
      case .canary: before.plan.waves[wave - 1].kind == .canary
      case .everyWave: true
      }
    guard isAsked else { return }
    let waits =
      switch before.phase {
      case .waitingApproval, .halted: true
      default: false
      }
    require(waits && isApproved, "wave \(wave + 1) begins without approval")
  }

  // MARK: Doubt

  private mutating func seeTakeover(_ before: Rollout) {
    for index in before.hosts.indices {
      seenHealthy[index] = false
      guard case .inFlight(let intent) = before.hosts[index].position else { continue }
      unsure[index] = Doubt(step: intent.step, attempt: before.hosts[index].attempt)
    }
  }

  /// What is offered to the rollout, before it decides.
  mutating func seeOffered(_ input: Input, _ before: Rollout) {
    switch input {
    case .outcome(let host, let number, .unanswered):
      guard let intent = intent(host, number, before) else { return }
      unsure[host] = Doubt(step: intent.step, attempt: before.hosts[host].attempt)
    case .answered(let host, let number, let record) where record != .running:
      if intent(host, number, before) != nil { unsure[host] = nil }
    default: break
    }
  }

  private func intent(_ host: Int, _ number: Int64, _ before: Rollout) -> HostUpdate.Intent? {
    guard before.hosts.indices.contains(host), case .inFlight(let intent) = before.hosts[host].position,
      intent.number == number
    else { return nil }
    return intent
  }

  mutating func seeSent(_ command: HostCommand, _ host: Int) {
    let doubt = Doubt(step: command.key.step, attempt: command.key.attempt)
    require(unsure[host] != doubt, "\(command.key) is sent again before the host was asked what became of it")
  }

  // MARK: What decides its future

  func add(to fingerprint: inout Fingerprint, _ rollout: Rollout) {
    var bits = 0
    for flag in [isFull, isApproved, hasSpoken] { bits = bits << 1 | (flag ? 1 : 0) }
    for (host, doubt) in unsure.enumerated() {
      // Nothing is sent again under an earlier attempt.
      let isOpen = doubt.map { $0.attempt == rollout.hosts[host].attempt } ?? false
      bits = bits << 4 | (isOpen ? (doubt?.step.ordinal ?? 0) + 1 : 0)
    }
    for host in seenHealthy.indices {
      let isOpen = if case .verifying = rollout.hosts[host].position { true } else { false }
      bits = bits << 1 | (isOpen && seenHealthy[host] ? 1 : 0)
    }
    fingerprint.add(bits)
  }
}
