/// Checks that a plan read from a file or a journal could have come from the planner. A plan with findings is not run.
public enum PlanLint {
  public enum Finding: Hashable, Codable, Sendable {
    case duplicateHost(HostID)
    /// A wave names a host that the plan does not have. Waves count from 0.
    case indexOutOfRange(wave: Int, index: Int)
    case emptyWave(Int)
    case hostInNoWave(HostID)
    case hostInSeveralWaves(HostID)
    /// A wave holds a host that is not to be updated.
    case untouchedHostInWave(HostID, wave: Int)
    /// The first wave of a release is its canary, and no other wave is; a rollback has none.
    case canaryMisplaced(wave: Int)
    case canaryAbsent
    /// A rollback has at most one wave.
    case rollbackInSeveralWaves(Int)
    case maxUnavailableDiffers(inPlan: Int, fromPolicy: Int)
    case twoZonesBelowFloor(wave: Int, first: String, second: String)
    /// To be updated although it is on the release, or left alone although it is not.
    case taskContradictsVersion(HostID)
    /// The way back does not lead to the version that ran.
    case rollbackContradictsVersion(HostID)
    /// The policy requires a way back, and this host has none.
    case rollbackMissing(HostID)
    case exclusionWithoutReason(HostID)
  }

  /// In the order of the plan; empty for every plan of `Planner`.
  public static func findings(in plan: Plan) -> [Finding] {
    let instances = plan.hosts.count { $0.isCounted }
    let resolved = Sizing.maxUnavailable(plan.policy.maxUnavailable, instances: instances)
    var findings = hostFindings(plan)
    if plan.maxUnavailable != resolved {
      findings.append(.maxUnavailableDiffers(inPlan: plan.maxUnavailable, fromPolicy: resolved))
    }
    findings += membershipFindings(plan) + shapeFindings(plan)
    if plan.kind == .release { findings += zoneFindings(plan, maxUnavailable: resolved) }
    return findings
  }

  private static func hostFindings(_ plan: Plan) -> [Finding] {
    var findings: [Finding] = []
    var seen: [HostID: Bool] = [:]
    for host in plan.hosts {
      let id = host.instance.id
      if seen.updateValue(true, forKey: id) != nil { findings.append(.duplicateHost(id)) }
      switch host.task {
      case .update where host.from == plan.release.version, .none where host.from != plan.release.version:
        findings.append(.taskContradictsVersion(id))
      case .excluded(let reason) where reason.allSatisfy(\.isWhitespace):
        findings.append(.exclusionWithoutReason(id))
      case .update, .none, .excluded: break
      }
      switch host.rollback {
      case .ready(let version) where version != host.from: findings.append(.rollbackContradictsVersion(id))
      case .nothingBefore where host.from != nil: findings.append(.rollbackContradictsVersion(id))
      case .missing where plan.kind == .release && plan.policy.rollback == .required && host.isUpdated:
        findings.append(.rollbackMissing(id))
      case .ready, .nothingBefore, .missing: break
      }
    }
    return findings
  }

  private static func membershipFindings(_ plan: Plan) -> [Finding] {
    var findings: [Finding] = []
    var memberships = [Int](repeating: 0, count: plan.hosts.count)
    for (number, wave) in plan.waves.enumerated() {
      for index in wave.hosts {
        guard plan.hosts.indices.contains(index) else {
          findings.append(.indexOutOfRange(wave: number, index: index))
          continue
        }
        memberships[index] += 1
        let host = plan.hosts[index]
        if !host.isUpdated { findings.append(.untouchedHostInWave(host.instance.id, wave: number)) }
      }
    }
    for (host, count) in zip(plan.hosts, memberships) {
      if count > 1 { findings.append(.hostInSeveralWaves(host.instance.id)) }
      if count == 0 && host.isUpdated { findings.append(.hostInNoWave(host.instance.id)) }
    }
    return findings
  }

  private static func shapeFindings(_ plan: Plan) -> [Finding] {
    var findings: [Finding] = []
    for (number, wave) in plan.waves.enumerated() {
      if wave.hosts.isEmpty { findings.append(.emptyWave(number)) }
      if wave.kind == .canary && (number > 0 || plan.kind == .rollback) {
        findings.append(.canaryMisplaced(wave: number))
      }
    }
    switch plan.kind {
    case .release:
      if let first = plan.waves.first, first.kind != .canary { findings.append(.canaryAbsent) }
    case .rollback:
      if plan.waves.count > 1 { findings.append(.rollbackInSeveralWaves(plan.waves.count)) }
    }
    return findings
  }

  private static func zoneFindings(_ plan: Plan, maxUnavailable: Int) -> [Finding] {
    let floors = ZoneFloors(hosts: plan.hosts, maxUnavailable: maxUnavailable)
    var findings: [Finding] = []
    for (number, wave) in plan.waves.enumerated() {
      let taken = floors.taken(by: wave.hosts.filter(plan.hosts.indices.contains))
      guard let pair = floors.brokenPair(taken) else { continue }
      findings.append(
        .twoZonesBelowFloor(wave: number, first: floors.zones[pair.0], second: floors.zones[pair.1]))
    }
    return findings
  }
}

extension PlanLint.Finding: CustomStringConvertible {
  public var description: String {
    switch self {
    case .duplicateHost(let host): "\(host): listed more than once"
    case .indexOutOfRange(let wave, let index): "wave \(wave + 1): no host number \(index)"
    case .emptyWave(let wave): "wave \(wave + 1): no host"
    case .hostInNoWave(let host): "\(host): to be updated, but in no wave"
    case .hostInSeveralWaves(let host): "\(host): in more than one wave, or twice in one"
    case .untouchedHostInWave(let host, let wave): "\(host): in wave \(wave + 1), but not to be updated"
    case .canaryMisplaced(let wave): "wave \(wave + 1): a canary only comes first, and only in a release"
    case .canaryAbsent: "wave 1: a release starts with its canary"
    case .rollbackInSeveralWaves(let count): "a rollback in \(count) waves instead of one"
    case .maxUnavailableDiffers(let inPlan, let fromPolicy):
      "max_unavailable of \(inPlan), where the policy gives \(fromPolicy)"
    case .twoZonesBelowFloor(let wave, let first, let second):
      "wave \(wave + 1): zones \(first) and \(second) could fall below their floors at once"
    case .taskContradictsVersion(let host): "\(host): its task does not fit the version it runs"
    case .rollbackContradictsVersion(let host): "\(host): its way back does not lead to the version it runs"
    case .rollbackMissing(let host): "\(host): no way back, and the policy requires one"
    case .exclusionWithoutReason(let host): "\(host): excluded without a reason"
    }
  }
}
