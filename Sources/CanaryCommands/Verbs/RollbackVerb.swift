internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore
internal import RolloutEngine

struct RollbackVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Go back to the last version that finished a burn-in; runs no canary.",
    discussion: """
      An open rollout is taken back: every host that it touched returns to what it ran. Otherwise a new rollout \
      brings all hosts back at the pace of max_unavailable, under the policy of the service's newest rollout unless \
      --policy names another. Where that rollout's journal is damaged it is the policy found here, or else that of \
      the newest rollout that is whole. Exits with 0 when the hosts are back.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Option(help: ArgumentHelp("Back to this version.", valueName: "version"))
  var to: VersionArgument?

  @Option(help: ArgumentHelp("Why, for whoever reads the journal later.", valueName: "text"))
  var reason: String = ""

  @Flag(help: "Drive it in the background and print the rollout's id alone.")
  var detach = false

  @Option(help: ArgumentHelp("As for start.", valueName: "duration"))
  var timeout: DurationArgument?

  @OptionGroup var ownership: Ownership
  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .any)
    if !summary.isEnded {
      // Asked a second time, after the first was lost say, it must not take the way back itself back.
      if summary.kind == Plan.Kind.rollback.rawValue {
        throw .refused(
          "\(summary.id) is a rollback to \(summary.release) already (\(summary.state))",
          next: "canary resume \(summary.id)  goes on with it where nobody drives it",
          "canary abort \(summary.id) --hold | --rollback  ends it")
      }
      if let to {
        throw .refused(
          "\(summary.id) is open (\(summary.state)); a rollback to \(to.version) cannot begin beside it",
          next: "canary rollback \(summary.id)  takes it back to what the hosts ran",
          "canary abort \(summary.id) --hold  leaves the hosts as they are; then choose a version")
      }
      var order = OperatorDesk.Order(verb: .rollback, reason: reason, done: "rolling back")
      // Where nothing was touched there is nothing to take back: it ends as aborted.
      order.wanted = [.rolledBack, .aborted]
      order.detaches = detach
      order.timeout = timeout?.span
      return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
    }
    let epoch = try await session.lastEpoch(of: summary.service, in: store)
    let made = try await WayBack(session: session, store: store, newest: summary, named: to?.version).make()
    let plan = try session.planned(made)
    let raised = try await ownership.require(of: made.facts, plan: plan, in: session, store)
    if session.output == .text, !detach {
      session.console.put(PlanRenderer.text(plan: plan, review: PlanReview(plan), palette: session.palette) + "\n")
    }
    return try await Launch(session: session, store: store, plan: plan, epoch: raised ?? epoch)
      .run(detach: detach, timeout: timeout?.span)
  }
}

/// A new rollout back to an earlier version.
private struct WayBack {
  let session: Session
  let store: any CommandStore
  /// Any rollout of the service.
  let newest: RolloutSummary
  /// What `--to` said.
  let named: Version?

  /// Rollouts that are looked at for a version to go back to.
  private static let depth = 500

  func make() async throws(CommandFailure) -> PlanDraft.Made {
    let service = newest.service
    let history = try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: false, limit: Self.depth)
    }
    let last = try await session.loadUnlessDamaged((history.first ?? newest).id, from: store)?.rollout
    var draft = try await draft(last, history)
    let transport = session.context.composition.transport(draft.policy.transport)
    let facts = await Inspection.facts(of: draft.instances, policy: draft.policy, over: transport)
    let reports = facts.compactMap { fact in
      if case .report(let report) = fact.found { return report } else { return nil }
    }
    let target = try target(history, reports, last)
    draft.release = try release(target, history, reports, draft.policy)
    return draft.make(from: facts)
  }

  /// What `--policy` says, or the pinned policy and hosts of the newest rollout. A damaged journal of it must not keep
  /// the service from going back: then the policy that lies here, or the newest rollout that is whole.
  private func draft(_ last: Rollout?, _ history: [RolloutSummary]) async throws(CommandFailure) -> PlanDraft {
    if session.policyPath != nil { return try await draft(by: try session.policies.find(service: newest.service)) }
    if let last { return draft(pinnedIn: last.plan) }
    if let document = try? session.policies.find(service: newest.service) {
      session.console.note("going by \(document.shownPath) instead of the policy pinned in it")
      return try await draft(by: document)
    }
    for summary in history.dropFirst() {
      guard let whole = try await session.loadUnlessDamaged(summary.id, from: store)?.rollout else { continue }
      session.console.note("going by the policy and the hosts pinned in \(summary.id) instead")
      return draft(pinnedIn: whole.plan)
    }
    throw .refused(
      "no whole journal of \(newest.service) says which hosts it has",
      next: "canary rollback \(newest.service) --policy FILE  goes by that policy")
  }

  private func draft(by document: PolicyDocument) async throws(CommandFailure) -> PlanDraft {
    PlanDraft(
      session: session, policy: document.policy, policyDigest: document.digest,
      instances: try await Inventory.instances(of: document, in: session.context), kind: .rollback,
      release: Release(version: newest.release, digest: newest.releaseDigest, artifact: ""))
  }

  private func draft(pinnedIn plan: Plan) -> PlanDraft {
    PlanDraft(
      session: session, policy: plan.policy, policyDigest: plan.policyDigest, instances: plan.hosts.map(\.instance),
      kind: .rollback, release: plan.release, exclusions: plan.exclusions)
  }

  /// `last`: the newest rollout, unless its journal is damaged.
  private func target(_ history: [RolloutSummary], _ reports: [HostReport], _ last: Rollout?) throws(CommandFailure)
    -> Version
  {
    if let named { return named }
    let running = reports.compactMap(\.current)
    if let before = last.flatMap({ RollbackTarget.before($0, running: running) }) { return before }
    if let found = RollbackTarget.choose(history, running: running) { return found.release }
    let held = RollbackTarget.heldByAll(reports).filter { version in !running.allSatisfy { $0 == version } }
    let choice =
      held.isEmpty
      ? "no other version is complete on all hosts; push an earlier one with canary start \(newest.service)@VERSION"
      : "complete on all hosts: \(held.map(\.text).joined(separator: ", ")); choose one with --to VERSION"
    throw .refused("no earlier version of \(newest.service) finished a burn-in here", next: choice)
  }

  /// Where every host holds the version nothing is sent; otherwise its artifact is, if it is still there.
  private func release(
    _ version: Version, _ history: [RolloutSummary], _ reports: [HostReport], _ policy: Policy
  ) throws(CommandFailure) -> Release {
    let held = reports.lazy.flatMap(\.releases).first { $0.version == version }
    let recorded = history.first { $0.release == version && $0.provenAt != nil }?.releaseDigest
    let isHeldByAll = reports.allSatisfy { $0.holds(version) || $0.current == version }
    if let digest = recorded ?? held?.digest {
      let sendable = isHeldByAll ? nil : try? Artifact.release(version, of: policy)
      if let sendable, sendable.digest == digest { return sendable }
      return Release(version: version, digest: digest, artifact: "")
    }
    if let sendable = try? Artifact.release(version, of: policy) { return sendable }
    let known = Set(reports.flatMap(\.releases).map(\.version.text) + history.map(\.release.text)).sorted()
    let near = NearestName.find(version.text, among: known).map { ["did you mean `\($0)`?"] } ?? []
    throw CommandFailure(
      .refused, "no host holds \(version) of \(newest.service), and there is no artifact of it",
      next: near + ["known: " + (known.isEmpty ? "none" : known.suffix(12).joined(separator: ", "))])
  }
}
