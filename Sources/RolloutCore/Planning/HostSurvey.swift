/// What each host needs, and what keeps it from being touched.
struct HostSurvey {
  /// In the order of the inventory.
  private(set) var hosts: [PlannedHost] = []
  private(set) var problems: [PlanProblem] = []
  /// Where each host is in `hosts`. Looked up, never iterated.
  private(set) var indexOf: [HostID: Int] = [:]

  private let request: PlanRequest

  init(_ request: PlanRequest) {
    self.request = request
    for (index, facts) in request.facts.enumerated() where indexOf[facts.instance.id] == nil {
      indexOf[facts.instance.id] = index
    }
    let reasons = takeExclusions()
    for (index, facts) in request.facts.enumerated() {
      if indexOf[facts.instance.id] != index {
        problems.append(
          PlanProblem(
            .duplicateHost, host: facts.instance.id, "the inventory names it more than once",
            remedy: "give every instance an id of its own"))
      }
      hosts.append(survey(facts, excluded: reasons[facts.instance.id]))
    }
    if hosts.allSatisfy({ !$0.isCounted }) {
      problems.append(
        PlanProblem(
          .noInstance, hosts.isEmpty ? "the inventory has no instance" : "every instance is excluded",
          remedy: "name at least one instance that takes part"))
    }
    if request.kind == .release && request.policy.rollback == .required { refuseMixedFleet() }
  }

  private mutating func takeExclusions() -> [HostID: String] {
    var reasons: [HostID: String] = [:]
    for exclusion in request.exclusions {
      if indexOf[exclusion.host] == nil {
        problems.append(
          PlanProblem(
            .unknownExclusion, host: exclusion.host, "excluded, but the inventory does not have it",
            remedy: "correct the name or drop the exclusion"))
      }
      if exclusion.reason.allSatisfy(\.isWhitespace) {
        problems.append(
          PlanProblem(
            .exclusionWithoutReason, host: exclusion.host, "excluded without a reason",
            remedy: "say why: `--exclude \(exclusion.host) --reason …`"))
      }
      reasons[exclusion.host] = reasons[exclusion.host] ?? exclusion.reason
    }
    return reasons
  }

  private mutating func survey(_ facts: HostFacts, excluded: String?) -> PlannedHost {
    let instance = facts.instance
    switch facts.found {
    case .unreachable(let detail):
      if excluded == nil {
        problems.append(
          PlanProblem(
            .unreachableHost, host: instance.id, "no answer: \(detail)",
            remedy: "repair the host, or leave it out with `--exclude \(instance.id) --reason …`"))
      }
      return PlannedHost(
        instance: instance, from: nil, task: excluded.map { .excluded(reason: $0) } ?? .update,
        rollback: .missing(reason: "no answer: \(detail)"))
    case .report(let report):
      let readiness = RollbackReadiness(report)
      if let excluded {
        return PlannedHost(
          instance: instance, from: report.current, task: .excluded(reason: excluded), rollback: readiness)
      }
      let isOnRelease = report.current == request.release.version
      let found = contentProblem(report, instance.id) ?? wayProblem(report, readiness, instance.id)
      if let found { problems.append(found) }
      return PlannedHost(
        instance: instance, from: report.current, task: isOnRelease ? .none : .update, rollback: readiness)
    }
  }

  /// The version on this host is not the release's content.
  private func contentProblem(_ report: HostReport, _ host: HostID) -> PlanProblem? {
    let release = request.release
    if let other = report.releases.first(where: { $0.version == release.version && $0.digest != release.digest }) {
      return PlanProblem(
        .versionReused, host: host,
        "holds \(release.version) with other content: \(short(other.digest)), the release is \(short(release.digest))",
        remedy: "publish the new content under a version of its own")
    }
    guard report.current == release.version, !report.holds(release.version) else { return nil }
    return PlanProblem(
      .unverifiedCurrent, host: host, "runs \(release.version), but holds no complete, verified release of it",
      remedy:
        "publish the release under a version of its own, or leave the host out with `--exclude \(host) --reason …`")
  }

  /// The host could not get to the release, or not back from it.
  private func wayProblem(_ report: HostReport, _ readiness: RollbackReadiness, _ host: HostID) -> PlanProblem? {
    let release = request.release
    guard report.current != release.version else { return nil }
    switch request.kind {
    case .rollback:
      guard release.artifact.isEmpty, !report.holds(release.version) else { return nil }
      return PlanProblem(
        .releaseNotHeld, host: host, "does not hold \(release.version), and there is no artifact to send",
        remedy: "name a version that every host holds, or provide the artifact of \(release.version)")
    case .release:
      guard request.policy.rollback == .required, case .missing(let reason) = readiness else { return nil }
      return PlanProblem(
        .rollbackTargetMissing, host: host, "no way back: \(reason)",
        remedy: "put a complete release of what runs there on the host, leave the host out, or set "
          + "`rollback: forward_only`")
    }
  }

  /// Some hosts to update run something and others are empty: the empty ones could not be rolled back with the rest.
  /// Empty hosts beside hosts that are on the release already are a fleet being completed, and allowed.
  private mutating func refuseMixedFleet() {
    let isRunning = hosts.contains { $0.isUpdated && $0.from != nil }
    guard isRunning else { return }
    for host in hosts where host.isUpdated && host.rollback == .nothingBefore {
      problems.append(
        PlanProblem(
          .mixedEmptyAndRunning, host: host.instance.id,
          "nothing runs there, while other hosts run a release: it could not be rolled back with them",
          remedy: "bring the host to what the others run, leave it out with "
            + "`--exclude \(host.instance.id) --reason …`, or set `rollback: forward_only`"))
    }
  }

  private func short(_ digest: Digest) -> String { String(digest.text.prefix(12)) }
}
