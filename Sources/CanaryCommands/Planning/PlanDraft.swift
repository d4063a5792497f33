internal import PolicyFile
internal import RolloutCore
internal import RolloutEngine

/// Makes plans out of a policy, a release and what the hosts say.
struct PlanDraft {
  let session: Session
  var policy: Policy
  var policyDigest: Digest
  var instances: [Instance]
  var kind: Plan.Kind = .release
  var release: Release
  var exclusions: [HostExclusion] = []
  /// Where relative paths of the policy start; nil for one that comes from no file.
  var directory: String?
  /// See `PlanRequest.leftover`.
  var leftover: Version?

  /// What the policy file says of the release that is meant; nothing is asked of a host.
  static func release(
    _ reference: ReleaseReference, exclusions: [HostExclusion], in session: Session
  ) async throws(CommandFailure) -> PlanDraft {
    let document = try session.policies.find(service: reference.service)
    session.note(document.warnings)
    let release = try Artifact.release(reference.version, of: document.policy)
    let instances = try await Inventory.instances(of: document, in: session.context)
    try AddressRefusal.refuseAny(in: document.policy, on: instances)
    return PlanDraft(
      session: session, policy: document.policy, policyDigest: document.digest, instances: instances, release: release,
      exclusions: exclusions, directory: document.directory,
      leftover: try await leftover(of: document.policy.service, in: session))
  }

  /// The release of the service's newest rollout, unless that one finished with it or took it back.
  private static func leftover(of service: String, in session: Session) async throws(CommandFailure) -> Version? {
    guard let store = try await session.existingStore() else { return nil }
    let newest = try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: false, limit: 1)
    }
    guard let last = newest.first, ![Fate.succeeded, .rolledBack].map(\.rawValue).contains(last.state) else {
      return nil
    }
    return last.release
  }

  struct Made {
    var facts: [HostFacts]
    var plan: Result<Plan, PlanRefusal>
  }

  /// Asks the hosts and plans.
  func make() async -> Made {
    let transport = session.context.composition.transport(policy.transport)
    let facts = await Inspection.facts(of: instances, policy: policy, over: transport)
    return make(from: facts)
  }

  /// Plans with what the hosts said already.
  func make(from facts: [HostFacts]) -> Made {
    let now = session.context.now()
    let request = PlanRequest(
      rollout: RolloutIDs.make(service: policy.service, at: now), kind: kind, policy: policy,
      policyDigest: policyDigest, release: release, facts: facts, exclusions: exclusions, leftover: leftover,
      createdAt: now,
      createdBy: session.context.operatorName)
    return Made(facts: facts, plan: Planner.plan(request).mapError { hinting($0, exclusions.map(\.host)) })
  }

  /// Excluded names that no host has get the nearest one as a remedy.
  private func hinting(_ refusal: PlanRefusal, _ excluded: [HostID]) -> PlanRefusal {
    let known = instances.map(\.id.text)
    var refusal = refusal
    for (index, problem) in refusal.problems.enumerated() {
      guard let host = problem.host, excluded.contains(host), !known.contains(host.text),
        let near = NearestName.find(host.text, among: known)
      else { continue }
      refusal.problems[index].remedy = "did you mean `\(near)`?"
    }
    return refusal
  }
}

extension PlanRefusal {
  /// Every problem with its code and what to do, as a refusal of the verb.
  var failure: CommandFailure {
    let count = problems.count
    let lines = problems.flatMap { problem in
      let place = problem.host.map { "\($0): " } ?? ""
      return ["\(problem.code) \(place)\(DisplayText.clean(problem.detail))", "        \(problem.remedy)"]
    }
    return CommandFailure(
      .refused, "this cannot be rolled out: \(count) problem\(count == 1 ? "" : "s")",
      next: lines + ["canary explain \(problems.first?.code ?? "CODE")  says more"])
  }

  var json: JSONText {
    .object([
      ("refused", .bool(true)),
      (
        "problems",
        .array(
          problems.map {
            .object([
              ("code", .string($0.code)), ("host", .text($0.host?.text)), ("detail", .string($0.detail)),
              ("remedy", .string($0.remedy)),
            ])
          })
      ),
    ])
  }
}

extension Session {
  /// Warnings of a policy that is valid.
  func note(_ warnings: [Diagnostic]) {
    for warning in warnings { console.note(DiagnosticRenderer.renderLine(warning)) }
  }

  /// The plan, or a refusal with every problem; JSON readers get it on standard output as well.
  func planned(_ made: PlanDraft.Made) throws(CommandFailure) -> Plan {
    switch made.plan {
    case .success(let plan): return plan
    case .failure(let refusal):
      if output != .text { answer(text: "", json: refusal.json) }
      throw refusal.failure
    }
  }
}
