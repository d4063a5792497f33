/// Something a person should know before saying yes. It does not keep a plan from being run.
public enum PlanWarning: Hashable, Codable, Sendable {
  /// The canary runs a version that fewer hosts run than another, so it says little about most of them.
  case canaryOnRareVersion(host: HostID, version: Version?)
  /// The canary is the only instance of its zone, so no sibling there sees the same traffic.
  case canaryAloneInZone(host: HostID, zone: String)
  /// No instance on an earlier release is left beside the canary, so metric checks have nothing to compare with.
  case noSiblings
  /// The canary is every host that is updated, and there is more than one.
  case wholeFleetInOneWave(hosts: Int)
  /// Nothing asks the instances whether they are healthy.
  case noProbes
  /// `max_unavailable` allows every instance to be down at once.
  case everythingMayBeDown(instances: Int)
  /// Hosts that cannot be rolled back, which `rollback: forward_only` accepts.
  case noWayBack(hosts: Int)

  public var code: String {
    let code: PlanProblemCode =
      switch self {
      case .canaryOnRareVersion: .warnRareVersion
      case .canaryAloneInZone: .warnAloneInZone
      case .noSiblings: .warnNoSiblings
      case .wholeFleetInOneWave: .warnOneWave
      case .noProbes: .warnNoProbes
      case .everythingMayBeDown: .warnAllMayBeDown
      case .noWayBack: .warnNoWayBack
      }
    return code.rawValue
  }

  /// One phrase for people.
  public var text: String {
    switch self {
    case .canaryOnRareVersion(let host, let version?):
      "canary \(host) runs \(version), which few of the other hosts run"
    case .canaryOnRareVersion(let host, nil): "canary \(host) is empty, while most of the hosts to update run something"
    case .canaryAloneInZone(let host, let zone): "canary \(host) is the only instance in zone \(zone)"
    case .noSiblings: "no instance on an earlier release is left to compare the canary with"
    case .wholeFleetInOneWave(let hosts): "one wave updates all \(counted(hosts, "host")) before anything is judged"
    case .noProbes: "no probes: an update counts as healthy as soon as its restart command succeeds"
    case .everythingMayBeDown(let instances):
      instances == 1
        ? "the only instance is down while it is updated"
        : "max_unavailable allows all \(instances) instances to be down at once"
    case .noWayBack(let hosts): "\(counted(hosts, "host")) cannot be rolled back"
    }
  }
}

extension PlanWarning {
  static func warnings(of plan: Plan) -> [PlanWarning] {
    guard plan.hosts.contains(where: \.isUpdated) else { return [] }
    var warnings = plan.kind == .release ? canaryWarnings(plan) : []
    let updated = plan.hosts.count { $0.isUpdated }
    if plan.kind == .release, plan.waves.count == 1, updated > 1 {
      warnings.append(.wholeFleetInOneWave(hosts: updated))
    }
    if plan.policy.probes.isEmpty { warnings.append(.noProbes) }
    let instances = plan.hosts.count { $0.isCounted }
    if plan.maxUnavailable >= instances { warnings.append(.everythingMayBeDown(instances: instances)) }
    let stranded = plan.kind == .rollback ? 0 : stranded(plan)
    if stranded > 0 { warnings.append(.noWayBack(hosts: stranded)) }
    return warnings
  }

  /// Hosts to update that a rollback of this rollout could not bring back. A host of a first deploy is none of them.
  private static func stranded(_ plan: Plan) -> Int {
    let isMixed = plan.hosts.contains { $0.isUpdated && $0.from != nil }
    return plan.hosts.count { host in
      guard host.isUpdated else { return false }
      switch host.rollback {
      case .ready: return false
      case .nothingBefore: return isMixed
      case .missing: return true
      }
    }
  }

  private static func canaryWarnings(_ plan: Plan) -> [PlanWarning] {
    guard let wave = plan.waves.first, wave.kind == .canary else { return [] }
    var hostsOn: [Version?: Int] = [:]
    var hostsIn: [String: Int] = [:]
    var commonest = 0
    for host in plan.hosts where host.isCounted {
      if let zone = host.instance.zone { hostsIn[zone, default: 0] += 1 }
      guard host.isUpdated else { continue }
      hostsOn[host.from, default: 0] += 1
      commonest = max(commonest, hostsOn[host.from] ?? 0)
    }
    var warnings: [PlanWarning] = []
    let canaries = wave.hosts.filter(plan.hosts.indices.contains).map { plan.hosts[$0] }
    for canary in canaries {
      let id = canary.instance.id
      if (hostsOn[canary.from] ?? 0) < commonest {
        warnings.append(.canaryOnRareVersion(host: id, version: canary.from))
      }
      if let zone = canary.instance.zone, hostsIn[zone] == 1, plan.hosts.count > 1 {
        warnings.append(.canaryAloneInZone(host: id, zone: zone))
      }
    }
    let running = plan.hosts.count { $0.isUpdated && $0.from != nil }
    if running <= canaries.count(where: { $0.from != nil }) { warnings.append(.noSiblings) }
    return warnings
  }
}
