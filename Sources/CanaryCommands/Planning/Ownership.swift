internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

/// Sees to it that this journal is the one that may drive the hosts. They refuse a lower epoch than the highest they
/// have seen, so a rollout from a new journal would fail on its first host.
struct Ownership: ParsableArguments {
  @Flag(help: "Drive hosts that another journal drove last, because that journal is lost for good.")
  var adopt = false

  /// The epoch that it raised the service's to, if it did.
  func require(of facts: [HostFacts], plan: Plan, in session: Session, _ store: any CommandStore)
    async throws(CommandFailure) -> Int64?
  {
    let service = plan.policy.service
    let known = try await session.lastEpoch(of: service, in: store)
    var newest: (host: HostID, epoch: Int64)?
    for fact in facts {
      guard case .report(let report) = fact.found, let epoch = report.fence?.epoch, epoch > known else { continue }
      if epoch > newest?.epoch ?? 0 { newest = (fact.instance.id, epoch) }
    }
    guard let newest else { return nil }
    guard adopt else {
      throw .refused(
        "another journal drove the hosts of \(service) last: \(newest.host) has seen epoch \(newest.epoch), "
          + "\(try session.state().journal) is at \(known)",
        next: "use that journal: --state DIR, or CANARY_STATE in the job's environment",
        "if it is lost for good and nobody drives \(service) elsewhere, add --adopt")
    }
    try await session.raiseEpoch(of: service, above: newest.epoch, in: store)
    session.console.note("\(service) is driven from this journal from now on, at epoch \(newest.epoch + 1)")
    return newest.epoch
  }
}

extension Session {
  /// Makes the next lease follow the rollout's controllers where the service's own row was lost or set back: a new
  /// controller must have a higher epoch than each of them.
  func requireEpoch(above rollout: Rollout, in store: any CommandStore) async throws(CommandFailure) {
    let service = rollout.plan.policy.service
    guard try await lastEpoch(of: service, in: store) < rollout.epoch,
      try await driver(of: service, in: store) == nil
    else { return }
    try await raiseEpoch(of: service, above: rollout.epoch, in: store)
    console.note("the leases of \(service) were lost or set back; its epochs go on above \(rollout.epoch)")
  }

  fileprivate func raiseEpoch(of service: String, above epoch: Int64, in store: any CommandStore)
    async throws(CommandFailure)
  {
    let holder = LeaseHolder.current(user: Operator.user(context.environment))
    try await read { () async throws(StoreFailure) in
      try await store.raiseEpoch(of: service, above: epoch, for: holder)
    }
  }
}
