internal import RolloutCore

/// What is planned in a scenario, by the real planner from what the hosts say of themselves.
extension Scenario {
  static func digest(_ version: Version) -> Digest {
    let letter = version.text.first.map(String.init) ?? "0"
    return Digest(String(repeating: letter, count: 64))
  }

  var service: String { policy.service }

  func isEmpty(_ host: Int) -> Bool { emptyHosts && host % 2 == 1 }

  var traits: FleetTraits {
    var traits = FleetTraits(release: "2.0", baseline: "1.0")
    traits.restartPutsBack = policy.release.undrain.isEmpty
    traits.wire = 1...max(2, wire)
    traits.assertsVersion = policy.probes.contains { probe in
      if case .http(let http) = probe.target { http.expect.version != nil } else { false }
    }
    return traits
  }

  var neighbourTraits: FleetTraits {
    var traits = FleetTraits(release: "2.0", baseline: "1.0")
    traits.restartPutsBack = policy.release.undrain.isEmpty
    return traits
  }

  func firstPlan(_ fleet: Fleet) -> Plan? { plan("r1", .release, "2.0", policy, fleet) }

  func successorPlan(_ successor: Successor, _ fleet: Fleet) -> Plan? {
    switch successor {
    case .release: plan("r2", .release, "3.0", policy, fleet)
    case .rollback: plan("r2", .rollback, "1.0", policy, fleet)
    }
  }

  /// Another release, or the same one under an edited policy.
  func otherPlan(_ number: Int, _ fleet: Fleet) -> Plan? {
    var edited = policy
    edited.maxUnavailable = .count(hosts)
    edited.canary = .count(hosts)
    return plan(RolloutID("x\(number)"), .release, number % 2 == 0 ? "2.0" : "3.0", edited, fleet)
  }

  func neighbourPlan(_ fleet: Fleet) -> Plan? {
    var quiet = policy
    quiet.service = Simulation.neighbour
    quiet.checks = []
    quiet.approval = .none
    quiet.rollback = .required
    quiet.maxUnavailable = .count(1)
    quiet.canary = .count(1)
    (quiet.healthyDeadline, quiet.progressDeadline) = (.seconds(60), .seconds(300))
    return plan("n1", .release, "2.0", quiet, fleet)
  }

  private func plan(
    _ id: RolloutID, _ kind: Plan.Kind, _ version: Version, _ policy: Policy, _ fleet: Fleet
  ) -> Plan? {
    try? planning(id, kind, version, policy, fleet).get()
  }

  func planning(
    _ id: RolloutID, _ kind: Plan.Kind, _ version: Version, _ policy: Policy, _ fleet: Fleet
  ) -> Result<Plan, PlanRefusal> {
    let facts = fleet.hosts.map { host in
      let instance = instances?.first { $0.id == host.id } ?? Instance(id: host.id)
      let found: HostFacts.Found = host.isUp ? .report(host.report(nil)) : .unreachable(detail: "no answer")
      return HostFacts(instance: instance, found: found)
    }
    let release = Release(
      version: version, digest: Self.digest(version), artifact: kind == .release ? "/tmp/app-\(version).tar.gz" : "")
    let request = PlanRequest(
      rollout: id, kind: kind, policy: policy, policyDigest: "d", release: release, facts: facts,
      createdAt: Timestamp(milliseconds: SimClock.epoch + fleet.world.now), createdBy: "ann")
    return Planner.plan(request)
  }

  /// An upper bound of the time in which everything ends or comes to rest once nothing goes wrong any more.
  var bound: Int64 {
    let release = policy.release
    let steps = 2 * release.restartTimeout.milliseconds + 4 * release.hookTimeout.milliseconds
    let progress = policy.progressDeadline.milliseconds
    var bound = policy.baseline.milliseconds + policy.burnIn.max.milliseconds + policy.soak.milliseconds
    bound += 3 * progress + policy.healthyDeadline.milliseconds
    // Each instance that comes through grants another progress deadline, forward and back; each wave one more.
    let grants = Int64(4 * hosts + 4)
    bound += grants * (progress + steps + policy.healthyDeadline.milliseconds + policy.waveBurnIn.milliseconds)
    return 2 * bound + 120_000
  }
}
