package import RolloutCore

/// Plans to try things on: `n` hosts on 1.0 that shall run 2.0, first a canary of one, then waves of the given sizes.
package struct PlanBuilder {
  package static let start = Timestamp(milliseconds: 1_000_000_000)

  package var kind = Plan.Kind.release
  package var hostCount = 3
  package var canaries = 1
  /// Sizes of the rolling waves. Empty: one with everything that is left.
  package var waveSizes: [Int] = []
  package var maxUnavailable = 1
  /// What runs on the host before, by index. Default: 1.0 everywhere.
  package var from: @Sendable (Int) -> Version? = { _ in "1.0" }
  package var policy = PlanBuilder.policy

  package static var policy: Policy {
    var release = ReleasePolicy(artifact: "app-{version}.tar.gz", directory: "/srv/app")
    release.restart = ["restart"]
    var policy = Policy(service: "app", instances: .listed([]), transport: .local, release: release)
    policy.probes = [ProbePolicy(name: "up", target: .tcp("{host}:80"))]
    return policy
  }

  package init(hosts: Int = 3, _ change: (inout PlanBuilder) -> Void = { _ in }) {
    hostCount = hosts
    change(&self)
  }

  package var plan: Plan {
    let release = Release(
      version: "2.0", digest: Digest(String(repeating: "a", count: 64)),
      artifact: kind == .release ? "/tmp/app-2.0.tar.gz" : "")
    let hosts = (0..<hostCount).map { index in
      let version = from(index)
      return PlannedHost(
        instance: Instance(id: HostID("web\(index + 1)")), from: version,
        task: version == release.version ? .none : .update,
        rollback: version.map { .ready($0) } ?? .nothingBefore)
    }
    return Plan(
      rollout: "r1", kind: kind, policy: policy, policyDigest: "d", release: release, hosts: hosts,
      waves: waves(of: hosts.indices.filter { hosts[$0].task == .update }), maxUnavailable: maxUnavailable,
      createdAt: Self.start, createdBy: "ann")
  }

  private func waves(of work: [Int]) -> [PlannedWave] {
    var rest = work[...]
    var waves: [PlannedWave] = []
    func take(_ count: Int, _ kind: PlannedWave.Kind) {
      if rest.isEmpty || count == 0 { return }
      waves.append(PlannedWave(kind: kind, hosts: Array(rest.prefix(count)), explanation: "as the test says"))
      rest = rest.dropFirst(count)
    }
    if kind == .release { take(canaries, .canary) }
    for size in waveSizes { take(size, .rolling) }
    take(rest.count, .rolling)
    return waves
  }
}

extension Policy {
  package mutating func drains() {
    release.drain = ["drain"]
    release.undrain = ["undrain"]
  }

  /// `waits`: with the baseline and the soak that policies have by default.
  package mutating func checks(waits: Bool = true) {
    let measure = CheckPolicy.Measure.ratio(events: "e", total: "t")
    checks = [CheckPolicy(name: "errors", source: .scrape("http://{host}/metrics"), measure: measure)]
    if !waits { (baseline, soak) = (.zero, .zero) }
  }

  /// An upper bound of the time in which a rollout without faults or people must end or come to rest.
  package func timeBound(_ plan: Plan) -> TimeSpan {
    let steps = release.restartTimeout + release.restartTimeout + hookTimeouts + healthyDeadline
    let stage = progressDeadline + healthyDeadline
    var bound = baseline + burnIn.max + progressDeadline + stage + soak
    for _ in plan.waves { bound = bound + waveBurnIn + progressDeadline }
    // Each instance that comes through grants another progress deadline, forward and back; each wave one more.
    for _ in 0..<(2 * plan.hosts.count + 2 * plan.waves.count + 4) { bound = bound + progressDeadline + steps }
    return bound
  }

  private var hookTimeouts: TimeSpan { release.hookTimeout + release.hookTimeout }
}
