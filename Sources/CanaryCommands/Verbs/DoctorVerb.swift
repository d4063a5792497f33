internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct DoctorVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check everything that a rollout needs, and say how to mend what is missing.",
    discussion: """
      Looks at the policy, the state directory, the journal, leases, the ssh client, every host (connection, tools, \
      disk, directory, clock) and its probes, every source of the checks, and with SERVICE@VERSION at the artifact. \
      Changes nothing. Exits with 1 when there is a problem.
      """)

  @Argument(help: ArgumentHelp("A release whose artifact is to be checked, too.", valueName: "service@version"))
  var release: ReleaseReference?

  @OptionGroup var common: CommonOptions

  /// Hosts examined at the same time.
  private static let width = 32

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let machine = MachineExaminations(session: session)
    var found = [machine.stateDirectory()]
    let (journal, store) = await machine.journal()
    found.append(journal)
    if let store { found += await machine.leases(store) }
    found += await policy(session, machine)
    let palette = session.palette
    let problems = found.count { $0.result == .bad }
    let closing = problems == 0 ? "no problem found" : "\(problems) problem\(problems == 1 ? "" : "s") found"
    session.answer(
      text: found.map { $0.text(palette) + "\n" }.joined() + "\n\(closing)\n", json: .array(found.map(\.json)))
    return problems == 0 ? .succeeded : .toolError
  }

  private func policy(_ session: Session, _ machine: MachineExaminations) async -> [Examination] {
    let document: PolicyDocument
    do throws(CommandFailure) {
      document = try session.policies.find(service: release?.service)
    } catch {
      session.console.put(error.cause.hasSuffix("\n") ? error.cause : "", on: .notes)
      let detail = error.cause.hasSuffix("\n") ? "the policy has errors" : error.cause
      return [Examination("policy", .bad, detail, fix: error.next.last ?? "canary lint shows every error")]
    }
    var found = [Examination("policy", document.shownPath, .good, "valid, service \(document.policy.service)")]
    if let release { found.append(artifact(release, document)) }
    if case .ssh = document.policy.transport { found.append(await machine.sshClient()) }
    do throws(CommandFailure) {
      let instances = try await Inventory.instances(of: document, in: session.context)
      found.append(
        Examination("inventory", .good, instances.count == 1 ? "1 instance" : "\(instances.count) instances"))
      let (hosts, running) = await hosts(instances, document.policy, session)
      found += hosts
      let checks = CheckExaminations(
        policy: document.policy, survey: session.context.composition.survey, directory: document.directory)
      found += await checks.all(instances, running: running)
    } catch {
      found.append(Examination("inventory", .bad, error.cause.trimmingSpaces, fix: error.next.first))
    }
    return found
  }

  private func artifact(_ release: ReleaseReference, _ document: PolicyDocument) -> Examination {
    do throws(CommandFailure) {
      let found = try Artifact.release(release.version, of: document.policy)
      let agreed = document.policy.release.sha256 == nil ? "" : ", as its digest file says"
      return Examination("artifact", found.artifact, .good, "SHA-256 \(found.digest.text.prefix(12))…\(agreed)")
    } catch {
      return Examination("artifact", release.text, .bad, error.cause, fix: error.next.last)
    }
  }

  /// With the instances on which a release is active.
  private func hosts(
    _ instances: [Instance], _ policy: Policy, _ session: Session
  ) async -> ([Examination], running: [HostID]) {
    let composition = session.context.composition
    let transport = composition.transport(policy.transport)
    guard case .success(let observers) = composition.observers(transport) else {
      let broken = Examination(
        "probes", .bad, "the HTTP client cannot be started", fix: "repair the installation of libcurl")
      return ([broken], [])
    }
    let examinations = HostExaminations(
      policy: policy, transport: transport, prober: observers.prober, clock: session.context.clock)
    var results = [HostExaminations.Found](repeating: .init(examinations: []), count: instances.count)
    await withTaskGroup(of: (Int, HostExaminations.Found).self) { group in
      var (next, answered) = (0, 0)
      while true {
        while next < instances.count, next - answered < Self.width {
          let (index, instance) = (next, instances[next])
          group.addTask { (index, await examinations.all(instance)) }
          next += 1
        }
        guard let (index, found) = await group.next() else { break }
        results[index] = found
        answered += 1
      }
    }
    await transport.close()
    return (results.flatMap(\.examinations), zip(instances, results).filter(\.1.runs).map(\.0.id))
  }
}
