/// What changed in the world since a plan was saved. `start --plan FILE` refuses when there is any.
public enum PlanDifference: Hashable, Codable, Sendable {
  case kind(saved: Plan.Kind, fresh: Plan.Kind)
  case releaseVersion(saved: Version, fresh: Version)
  case releaseDigest(saved: Digest, fresh: Digest)
  case policyDigest(saved: Digest, fresh: Digest)
  /// Same bytes, other meaning: the two plans come from different versions of the tool.
  case policyReading
  case hostAdded(HostID)
  case hostRemoved(HostID)
  /// Address, zone, port, labels or directory.
  case hostDescription(HostID)
  case unreachable(HostID, detail: String)
  case runningVersion(HostID, saved: Version?, fresh: Version?)
  case exclusion(HostID, saved: String?, fresh: String?)
  case rollbackReadiness(HostID, saved: RollbackReadiness, fresh: RollbackReadiness)
  /// Nothing above differs for these hosts, and yet the waves or limits do.
  case waves

  /// Differences between a saved plan and one made now. What runs on a host that both leave out does not count;
  /// neither do the ids of the rollouts, and who made them when.
  public static func between(_ saved: Plan, _ fresh: Plan) -> [PlanDifference] {
    var differences = documents(saved, fresh)
    let freshIndex = index(fresh.hosts.map(\.instance.id))
    let savedIndex = index(saved.hosts.map(\.instance.id))
    for old in saved.hosts {
      let id = old.instance.id
      guard let new = freshIndex[id].map({ fresh.hosts[$0] }) else {
        differences.append(.hostRemoved(id))
        continue
      }
      differences += host(old, new)
    }
    for host in fresh.hosts where savedIndex[host.instance.id] == nil {
      differences.append(.hostAdded(host.instance.id))
    }
    let sameLimits =
      saved.waves.map(\.hosts) == fresh.waves.map(\.hosts) && saved.maxUnavailable == fresh.maxUnavailable
    let sameOrder = saved.hosts.map(\.instance.id) == fresh.hosts.map(\.instance.id)
    if differences.isEmpty && !(sameLimits && sameOrder) { differences.append(.waves) }
    return differences
  }

  /// Differences between a saved plan and what is found on the hosts now: for when no plan can be made any more.
  /// Hosts that the plan leaves out are not looked at.
  public static func between(_ saved: Plan, facts: [HostFacts]) -> [PlanDifference] {
    var differences: [PlanDifference] = []
    let factsIndex = index(facts.map(\.instance.id))
    let savedIndex = index(saved.hosts.map(\.instance.id))
    for old in saved.hosts {
      let id = old.instance.id
      guard let new = factsIndex[id].map({ facts[$0] }) else {
        differences.append(.hostRemoved(id))
        continue
      }
      if new.instance != old.instance { differences.append(.hostDescription(id)) }
      guard old.isCounted else { continue }
      switch new.found {
      case .unreachable(let detail): differences.append(.unreachable(id, detail: detail))
      case .report(let report):
        differences += host(
          old,
          PlannedHost(
            instance: old.instance, from: report.current, task: old.task, rollback: RollbackReadiness(report)))
      }
    }
    for new in facts where savedIndex[new.instance.id] == nil { differences.append(.hostAdded(new.instance.id)) }
    return differences
  }

  private static func documents(_ saved: Plan, _ fresh: Plan) -> [PlanDifference] {
    var differences: [PlanDifference] = []
    if saved.kind != fresh.kind { differences.append(.kind(saved: saved.kind, fresh: fresh.kind)) }
    let (old, new) = (saved.release, fresh.release)
    if old.version != new.version { differences.append(.releaseVersion(saved: old.version, fresh: new.version)) }
    if old.digest != new.digest { differences.append(.releaseDigest(saved: old.digest, fresh: new.digest)) }
    if saved.policyDigest != fresh.policyDigest {
      differences.append(.policyDigest(saved: saved.policyDigest, fresh: fresh.policyDigest))
    } else if saved.policy != fresh.policy {
      differences.append(.policyReading)
    }
    return differences
  }

  private static func host(_ old: PlannedHost, _ new: PlannedHost) -> [PlanDifference] {
    let id = old.instance.id
    var differences: [PlanDifference] = []
    if old.instance != new.instance { differences.append(.hostDescription(id)) }
    guard old.isCounted || new.isCounted else {
      return differences + exclusion(old, new)
    }
    if old.from != new.from { differences.append(.runningVersion(id, saved: old.from, fresh: new.from)) }
    differences += exclusion(old, new)
    if old.from == new.from && old.rollback != new.rollback {
      differences.append(.rollbackReadiness(id, saved: old.rollback, fresh: new.rollback))
    }
    return differences
  }

  private static func exclusion(_ old: PlannedHost, _ new: PlannedHost) -> [PlanDifference] {
    let (saved, fresh) = (old.exclusionReason, new.exclusionReason)
    return saved == fresh ? [] : [.exclusion(old.instance.id, saved: saved, fresh: fresh)]
  }

  /// Where each host is. Looked up, never iterated.
  private static func index(_ hosts: [HostID]) -> [HostID: Int] {
    var index: [HostID: Int] = [:]
    for (position, host) in hosts.enumerated() where index[host] == nil { index[host] = position }
    return index
  }
}

extension PlannedHost {
  fileprivate var exclusionReason: String? {
    if case .excluded(let reason) = task { return reason }
    return nil
  }
}

extension PlanDifference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .kind(let saved, let fresh): "a \(fresh.rawValue) now, a \(saved.rawValue) in the plan"
    case .releaseVersion(let saved, let fresh): "release \(fresh) now, \(saved) in the plan"
    case .releaseDigest(let saved, let fresh): "artifact \(fresh) now, \(saved) in the plan"
    case .policyDigest(let saved, let fresh): "policy file \(fresh) now, \(saved) in the plan"
    case .policyReading: "same policy file, read differently by this version of canary"
    case .hostAdded(let host): "\(host): not in the plan"
    case .hostRemoved(let host): "\(host): no longer in the inventory"
    case .hostDescription(let host): "\(host): its address, zone, port, labels or directory changed"
    case .unreachable(let host, let detail): "\(host): no answer: \(detail)"
    case .runningVersion(let host, let saved, let fresh):
      "\(host): runs \(fresh?.text ?? "nothing") now, \(saved?.text ?? "nothing") in the plan"
    case .exclusion(let host, nil, let fresh): "\(host): excluded now (\(fresh ?? "")), not in the plan"
    case .exclusion(let host, let saved?, nil): "\(host): excluded in the plan (\(saved)), not now"
    case .exclusion(let host, let saved?, let fresh?):
      "\(host): excluded for `\(fresh)` now, for `\(saved)` in the plan"
    case .rollbackReadiness(let host, let saved, let fresh):
      "\(host): way back: \(fresh.phrase) now, \(saved.phrase) in the plan"
    case .waves: "same hosts and files, but other waves: the inventory's order or the planner's rules changed"
    }
  }
}

extension RollbackReadiness {
  init(_ report: HostReport) {
    guard let current = report.current else {
      self = .nothingBefore
      return
    }
    self =
      report.holds(current)
      ? .ready(current)
      : .missing(reason: "\(current) runs, but the host holds no complete, verified release of it")
  }

  fileprivate var phrase: String {
    switch self {
    case .ready(let version): version.text
    case .nothingBefore: "nothing ran before"
    case .missing(let reason): reason
    }
  }
}
