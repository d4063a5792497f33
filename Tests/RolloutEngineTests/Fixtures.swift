import RolloutCore
import RolloutEngine

enum Fixtures {
  static let old: Version = "1.0"
  static let new: Version = "2.0"

  /// A quick policy: milliseconds where people write minutes, long limits where a loaded machine may be slow.
  static func policy(_ tweak: (inout Policy) -> Void = { _ in }) -> Policy {
    var policy = Policy(
      service: "checkout", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "a-{version}.tar.gz", directory: "/srv/checkout"))
    policy.probes = [ProbePolicy(name: "up", target: .tcp("{host}:80"))]
    policy.burnIn = BurnInPolicy(min: TimeSpan(milliseconds: 20), max: .minutes(10), untilRequests: nil)
    policy.minHealthyTime = TimeSpan(milliseconds: 10)
    (policy.baseline, policy.soak) = (.zero, .zero)
    policy.waveBurnIn = TimeSpan(milliseconds: 10)
    policy.healthyDeadline = .minutes(10)
    tweak(&policy)
    return policy
  }

  static func plan(_ count: Int, id: RolloutID = "r1", policy: Policy = policy()) -> Plan {
    let hosts = (1...count).map { number in
      PlannedHost(instance: Instance(id: HostID("web\(number)")), from: old, task: .update, rollback: .ready(old))
    }
    var waves = [PlannedWave(kind: .canary, hosts: [0], explanation: "first")]
    if count > 1 { waves.append(PlannedWave(kind: .rolling, hosts: Array(1..<count), explanation: "the rest")) }
    return Plan(
      rollout: id, kind: .release, policy: policy, policyDigest: "p",
      release: Release(version: new, digest: "d", artifact: "/a.tar.gz"), hosts: hosts, waves: waves,
      maxUnavailable: 1, createdAt: Timestamp(milliseconds: 1_800_000_000_000), createdBy: "test")
  }

  static func fleet(_ count: Int) -> FakeFleet {
    FakeFleet(Dictionary(uniqueKeysWithValues: (1...count).map { (HostID("web\($0)"), Optional(old)) }))
  }

  static func holder(_ name: String) -> LeaseHolder {
    LeaseHolder(controller: name, user: "ann", host: "build1", bootID: "b", pid: 1, processStart: 1)
  }

  static func request(_ id: String, _ verb: Input.Verb, on rollout: RolloutID = "r1") throws -> OperatorRequest {
    let body = EventCodec.RequestBody(verb: verb, by: "ann", reason: "because")
    return OperatorRequest(
      id: id, rollout: rollout, payload: try EventCodec.encode(body), offeredAt: Timestamp(milliseconds: 0))
  }
}
