internal import RolloutCore

/// One rollout as its journal on stable storage tells it, folded by the referee itself.
final class WitnessedRollout {
  let plan: Plan
  var state: Rollout
  /// Every fence under which each step was recorded.
  private(set) var intents: [StepKey: [Fence]] = [:]
  /// Records whose writer was told that they are durable.
  var acknowledged = 0
  private(set) var waveOfHost: [Int?]
  private(set) var indexOf: [HostID: Int] = [:]
  /// The last wave that ever began.
  private(set) var lastWaveBegun = -1
  /// When forward work was stopped for good, by virtual time; an abort, or the way back.
  private(set) var stoppedAt: Int64?
  private(set) var endedAt: Int64?
  /// Its events, where somebody wants to read them.
  var story: [RunReport.ToldEvent] = []

  init(plan: Plan, state: Rollout) {
    self.plan = plan
    self.state = state
    waveOfHost = Array(repeating: nil, count: plan.hosts.count)
    for (wave, planned) in plan.waves.enumerated() { for host in planned.hosts { waveOfHost[host] = wave } }
    for (index, host) in plan.hosts.enumerated() { indexOf[host.instance.id] = index }
  }

  func key(_ host: Int, _ step: StepKind, _ attempt: Int) -> StepKey {
    StepKey(rollout: plan.rollout, host: plan.hosts[host].instance.id, step: step, attempt: attempt)
  }

  /// Steps whose instance was seen to be down when they were intended. One that has come back since is taken down all
  /// the same: nobody watches it meanwhile.
  private(set) var seenDown: Set<StepKey> = []

  /// After `event` was applied to `state`.
  func note(_ event: Event, _ before: Rollout, now: Int64) {
    switch event {
    case .stepIntended(let host, let step, let attempt, let fence, _):
      if before.hosts[host].isDown { seenDown.insert(key(host, step, attempt)) }
      intents[key(host, step, attempt), default: []].append(fence)
    case .stepReissued(let host, let fence):
      guard case .inFlight(let intent) = state.hosts[host].position else { return }
      intents[key(host, intent.step, state.hosts[host].attempt), default: []].append(fence)
    case .waveStarted(let wave, _): lastWaveBegun = max(lastWaveBegun, wave)
    case .abortRequested, .rollbackStarted: stoppedAt = stoppedAt ?? now
    case .ended: endedAt = now
    default: break
    }
  }

  var isSettled: Bool {
    if state.isEnded { return true }
    if state.isAtRest { return true }
    // Unreachable hosts are asked again every few minutes.
    return state.pause != nil
      && state.hosts.allSatisfy { host in
        guard case .inFlight(let intent) = host.position else { return true }
        if case .deferred = intent.contact { return true }
        return false
      }
  }
}
