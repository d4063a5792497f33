import RolloutCore

/// The release of these tests, and what hosts say of themselves.
enum Fixture {
  static let release = Release(version: "2.0", digest: "d-2.0", artifact: "dist/checkout-2.0.tar.gz")

  static func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    var policy = Policy(
      service: "checkout", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "dist/checkout-{version}.tar.gz", directory: "/srv/checkout"))
    policy.probes = [ProbePolicy(name: "healthz", target: .tcp("{host}:80"))]
    change(&policy)
    return policy
  }

  /// A host that runs `version` and holds it completely, with the digest `d-<version>`.
  static func host(_ name: String, zone: String? = nil, runs version: String?, holds: [String]? = nil) -> HostFacts {
    let held = (holds ?? version.map { [$0] } ?? []).map {
      HostReport.StagedRelease(version: Version($0), digest: Digest("d-\($0)"))
    }
    return HostFacts(
      instance: Instance(id: HostID(name), zone: zone),
      found: .report(
        HostReport(
          current: version.map { Version($0) }, releases: held, fence: nil, bootID: "b", freeBytes: 1 << 30, step: nil))
    )
  }

  static func unreachable(_ name: String, zone: String? = nil) -> HostFacts {
    HostFacts(instance: Instance(id: HostID(name), zone: zone), found: .unreachable(detail: "connection refused"))
  }

  static func fleet(_ count: Int, zones: [String] = [], runs version: String? = "1.0") -> [HostFacts] {
    (0..<count).map { host("web\($0)", zone: zones.isEmpty ? nil : zones[$0 % zones.count], runs: version) }
  }

  static func request(
    _ facts: [HostFacts], kind: Plan.Kind = .release, release: Release = release, exclusions: [HostExclusion] = [],
    _ change: (inout Policy) -> Void = { _ in }
  ) -> PlanRequest {
    PlanRequest(
      rollout: "r1", kind: kind, policy: policy(change), policyDigest: "p1", release: release, facts: facts,
      exclusions: exclusions, createdAt: Timestamp(milliseconds: 0), createdBy: "ann")
  }
}

extension Plan {
  /// The plan, or the test ends with the problems.
  static func of(_ request: PlanRequest) throws -> Plan { try Planner.plan(request).get() }

  var sizes: [Int] { waves.map(\.hosts.count) }

  func names(_ wave: Int) -> [String] { waves[wave].hosts.map { hosts[$0].instance.id.text } }
}

/// `code host` of every problem, or the empty list for a plan.
func problems(_ request: PlanRequest) -> [String] {
  switch Planner.plan(request) {
  case .success: []
  case .failure(let refusal): refusal.problems.map { $0.code + ($0.host.map { " \($0)" } ?? "") }
  }
}
