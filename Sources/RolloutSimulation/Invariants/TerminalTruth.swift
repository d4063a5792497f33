internal import RolloutCore

/// G7: what an end claims is so on the hosts. What changed by itself so shortly before that no probe can have seen it,
/// and what no probe of the policy can tell, is left out.
enum TerminalTruth {
  static func check(_ rollout: WitnessedRollout, _ fleet: Fleet, _ now: Int64) -> [String] {
    guard case .ended(let fate, let detail) = rollout.state.phase else { return [] }
    var flaws: [String] = []
    for (index, planned) in rollout.plan.hosts.enumerated() {
      guard let host = fleet.host(planned.instance.id) else { continue }
      let update = rollout.state.hosts[index]
      switch (fate, update.position) {
      case (.succeeded, .healthy):
        if isExcused(host, rollout, fleet, now) { continue }
        if let flaw = flaw(host, rollout.plan.release.version) { flaws.append("succeeded, and \(flaw)") }
        if rollout.plan.kind == .release, !rollout.plan.release.artifact.isEmpty,
          host.disk.live.release(rollout.plan.release.version)?.digest != rollout.plan.release.digest
        {
          flaws.append("succeeded, and \(host.id) holds another digest")
        }
      case (.succeeded, .waiting), (.succeeded, .inFlight), (.succeeded, .verifying):
        flaws.append("succeeded with \(host.id) \(update.stateName)")
      case (.rolledBack, .reverted), (.aborted, .reverted):
        // Only put back behind its balancer, which nothing verifies: another machine there is not noticed.
        if host.isReplaced, !update.isActivated { continue }
        if isExcused(host, rollout, fleet, now) { continue }
        // It went back and fell ill since; the end says so.
        if case .unhealthy = update.health, detail.contains("unhealthy now"), detail.contains(host.id.text) { continue }
        if let from = planned.from, let flaw = flaw(host, from) { flaws.append("\(fate.rawValue), and \(flaw)") }
      case (.rolledBack, .healthy), (.rolledBack, .verifying):
        flaws.append("rolled back with \(host.id) \(update.stateName) on the release")
      default: break
      }
    }
    return flaws
  }

  private static func flaw(_ host: SimHost, _ version: Version) -> String? {
    if host.disk.live.current != version {
      return "current of \(host.id) is \(host.disk.live.current?.text ?? "nothing"), not \(version)"
    }
    if host.isDrained { return "\(host.id) is out of its load balancer" }
    return host.running == version ? nil : "\(host.id) runs \(host.running?.text ?? "nothing"), not \(version)"
  }

  private static func isExcused(_ host: SimHost, _ rollout: WitnessedRollout, _ fleet: Fleet, _ now: Int64) -> Bool {
    if host.isReplaced { return !fleet.traits.assertsVersion || now - host.disturbedAt < fleet.settling }
    if rollout.plan.policy.probes.isEmpty { return host.disturbedAt > -1_000_000 }
    return now - host.disturbedAt < fleet.settling || !host.isUp
  }
}
