internal import RolloutCore

/// G4: hosts that run the release, or may, are of waves that have begun.
/// G5: by our own doing no more instances are out of service at once than the policy allows; unknown ones count.
enum Exposure {
  static func checkWave(_ command: HostCommand, _ rollout: WitnessedRollout) -> String? {
    guard !command.key.step.isRevert, let host = rollout.indexOf[command.key.host] else { return nil }
    guard let wave = rollout.waveOfHost[host] else { return "\(command.key.host) is no part of the work" }
    return wave <= rollout.lastWaveBegun
      ? nil : "\(command.key) acts in wave \(wave + 1), and wave \(rollout.lastWaveBegun + 1) is at work"
  }

  static func checkCap(_ rollout: WitnessedRollout) -> String? {
    let state = rollout.state
    var cap = 0
    for wave in rollout.plan.waves.prefix(rollout.lastWaveBegun + 1) { cap += wave.hosts.count }
    let exposed = state.exposedHosts.count
    return exposed <= cap ? nil : "\(exposed) hosts run the release or may, the waves allow \(cap)"
  }

  static func checkFloor(_ host: SimHost, _ rollout: WitnessedRollout, _ hosts: [SimHost]) -> String? {
    guard !rollout.plan.policy.probes.isEmpty else { return nil }
    var others: [HostID] = []
    for other in hosts where other !== host && other.isDownByUs && !other.wasSeenDown && !other.serves {
      if let index = rollout.indexOf[other.id], case .skipped = rollout.state.hosts[index].position { continue }
      others.append(other.id)
    }
    let limit = rollout.plan.maxUnavailable
    return others.count < limit
      ? nil : "\(host.id) goes down while \(others.map(\.text)) are down by our doing, limit \(limit)"
  }

  /// By the journal alone: an intent that takes an instance down leaves the count of those that are down or unknown
  /// within the limit.
  static func checkIntent(_ event: Event, _ before: Rollout, _ after: Rollout) -> String? {
    guard case .stepIntended(let host, let step, _, _, _) = event, after.downCount > before.downCount else {
      return nil
    }
    // Where nothing ran there is no availability to lose.
    if before.plan.hosts[host].from == nil, !before.hosts[host].isActivated { return nil }
    return after.downCount <= after.plan.maxUnavailable
      ? nil
      : "\(step.rawValue) of \(after.name(host)) makes \(after.downCount) down, limit \(after.plan.maxUnavailable)"
  }
}
