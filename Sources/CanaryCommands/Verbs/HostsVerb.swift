internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct HostsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "hosts", abstract: "Show what each host runs now, and whether it should.",
    discussion: """
      Asks every host of the policy found here, or of the service's newest rollout. What a host should run is what \
      the newest rollout that has ended left there.
      """)

  @Argument(help: ArgumentHelp("The service.", valueName: "service"))
  var service: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let fleet = try await Fleet.find(service, in: session)
    let transport = context.composition.transport(fleet.policy.transport)
    let facts = await Inspection.facts(of: fleet.instances, policy: fleet.policy, over: transport)
    await transport.close()
    let records = try await fleet.rollouts(in: session)
    let now = context.now()
    let rows = facts.map { fact in
      let found: HostRow.Found =
        switch fact.found {
        case .report(let report): .runs(report.current)
        case .unreachable(let detail): .unreachable(detail: detail)
        }
      let expectation = Expectation(of: fact.instance.id, in: records)
      return HostRow(
        host: fact.instance.id, zone: fact.instance.zone, found: found, shouldRun: expectation.version, asOf: now,
        note: expectation.note)
    }
    session.answer(
      text: HostsRenderer.text(service: fleet.policy.service, rows: rows, now: now, palette: session.palette),
      rendered: HostsRenderer.json(service: fleet.policy.service, rows: rows))
    return .succeeded
  }
}

/// The instances of a service and how to reach them.
struct Fleet {
  var policy: Policy
  var instances: [Instance]

  /// From the policy that is named or lies here, else from the pinned plan of the newest rollout that is whole.
  static func find(_ service: String?, in session: Session) async throws(CommandFailure) -> Fleet {
    let document: PolicyDocument
    do throws(CommandFailure) {
      document = try session.policies.find(service: service)
    } catch {
      guard session.policyPath == nil, let service, let pinned = try await pinned(service, in: session) else {
        throw error
      }
      return pinned
    }
    return Fleet(
      policy: document.policy, instances: try await Inventory.instances(of: document, in: session.context))
  }

  private static func pinned(_ service: String, in session: Session) async throws(CommandFailure) -> Fleet? {
    guard let store = try await session.existingStore() else { return nil }
    // A damaged one does not hide the hosts, which are mostly those of the one before.
    for summary in try await session.summaries(of: service, limit: depth) {
      guard let plan = try await session.loadUnlessDamaged(summary.id, from: store)?.rollout.plan else { continue }
      return Fleet(policy: plan.policy, instances: plan.hosts.map(\.instance))
    }
    return nil
  }

  /// Rollouts that are looked at.
  private static let depth = 5

  /// The newest rollouts of the service, newest first, back to the first that has ended.
  func rollouts(in session: Session) async throws(CommandFailure) -> [Rollout] {
    guard let store = try await session.existingStore() else { return [] }
    var rollouts: [Rollout] = []
    for summary in try await session.summaries(of: policy.service, limit: Self.depth) {
      // What a damaged one left there is not known, and older ones no longer say what should run.
      guard let loaded = try await session.loadUnlessDamaged(summary.id, from: store) else { break }
      rollouts.append(loaded.rollout)
      if summary.isEnded { break }
    }
    return rollouts
  }
}

/// What one host should run, by the journal.
struct Expectation: Hashable {
  /// Nil: the journal says nothing of it.
  var version: Version?
  var note: String?

  /// `rollouts`: newest first.
  init(of host: HostID, in rollouts: [Rollout]) {
    for rollout in rollouts {
      guard let index = rollout.plan.hosts.firstIndex(where: { $0.instance.id == host }) else { continue }
      let (planned, state) = (rollout.plan.hosts[index], rollout.hosts[index])
      if !rollout.isEnded {
        if planned.task == .update { note = note ?? "\(state.stateName) in \(rollout.plan.rollout)" }
        continue
      }
      switch state.position {
      case .healthy: version = rollout.plan.release.version
      case .reverted: version = planned.from
      case .outside: version = planned.task == .none ? rollout.plan.release.version : nil
      case .waiting where !state.isTouched: version = planned.from
      case .skipped(let reason): note = note ?? "skipped: \(reason)"
      default: note = note ?? "left \(state.stateName) by \(rollout.plan.rollout)"
      }
      return
    }
  }
}
