internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore
internal import RolloutSimulation

struct SimulateVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Play a policy on a simulated fleet in which things go wrong.",
    discussion: """
      The controller that drives real rollouts drives made-up hosts under virtual time, while hosts, network, \
      controller, journal and metrics fail. No host is asked and nothing is written. With --seed it tells one run; \
      without, it counts how many runs ended how. The same seed always gives the same run. Restarts take about a \
      second, verdicts of the checks are made up, and whoever must approve does so after a minute. Exits with 1 when a \
      promise of canary was broken.
      """)

  @Argument(
    help: ArgumentHelp("The policy file. Default: the policy found here.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(help: ArgumentHelp("Tell what happens in this run; with --runs, begin with it.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("How many things go wrong in a run.", valueName: "k"))
  var faults = 3

  @Option(help: ArgumentHelp("How many runs to count. Default without --seed: 200.", valueName: "n"))
  var runs: Int?

  @Option(help: ArgumentHelp("That many made-up hosts instead of the policy's instances.", valueName: "n"))
  var hosts: Int?

  @OptionGroup var common: CommonOptions

  /// More would take longer than anybody waits.
  private static let mostRuns = 100_000
  private static let mostHosts = 1_000
  private static let mostFaults = 100

  func validate() throws {
    func require(_ value: Int?, _ name: String, _ range: ClosedRange<Int>) throws {
      if let value, !range.contains(value) {
        throw ValidationError("--\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try require(faults, "faults", 0...Self.mostFaults)
    try require(runs, "runs", 1...Self.mostRuns)
    try require(hosts, "hosts", 1...Self.mostHosts)
    if let seed, seed > UInt64(Int64.max) - UInt64(Self.mostRuns) {
      throw ValidationError("--seed takes a number up to \(Int64.max - Int64(Self.mostRuns))")
    }
    if file != nil, common.policy != nil {
      throw ValidationError("a policy as argument and --policy exclude each other")
    }
  }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let document = if let file { try session.policies.read(file) } else { try session.policies.find(service: nil) }
    session.note(document.warnings)
    let rehearsal = try rehearsal(of: document, on: try await instances(of: document, in: context), session)
    let subject = SimulationSubject(
      plan: rehearsal.plan, path: document.shownPath, faults: faults, madeUpHosts: hosts)
    if let seed, runs == nil {
      let scenario = rehearsal.scenario(seed: seed, faults: faults)
      let run = SimulatedRun(seed: seed, scenario, Simulation.run(scenario))
      session.answer(
        text: SimulationRenderer.text(run, subject, palette: session.palette),
        json: SimulationJSON.run(run, subject))
      return run.broken.isEmpty ? .succeeded : .toolError
    }
    let count = await SimulationCount.of(
      rehearsal, seeds: seed ?? 1, runs: runs ?? 200, faults: faults, in: context)
    session.answer(
      text: SimulationRenderer.text(count, subject, palette: session.palette),
      json: SimulationJSON.count(count, subject))
    return count.broken.isEmpty ? .succeeded : .toolError
  }

  /// Those of the policy's inventory, or made-up ones, among which are the canaries that the policy names.
  private func instances(
    of document: PolicyDocument, in context: CommandContext
  ) async throws(CommandFailure) -> [Instance] {
    guard let hosts else {
      let instances = try await Inventory.instances(of: document, in: context)
      try AddressRefusal.refuseAny(in: document.policy, on: instances)
      return instances
    }
    var names: [HostID] = []
    if case .hosts(let canaries) = document.policy.canary { names = Array(canaries.prefix(hosts)) }
    let made = (1...hosts).map { HostID("host\($0)") }.filter { !names.contains($0) }
    return (names + made.prefix(hosts - names.count)).map { Instance(id: $0) }
  }

  private func rehearsal(
    of document: PolicyDocument, on instances: [Instance], _ session: Session
  ) throws(CommandFailure) -> Rehearsal {
    do throws(PlanRefusal) { return try Rehearsal(document.policy, on: instances) } catch {
      if session.output != .text { session.answer(text: "", json: error.json) }
      throw error.failure
    }
  }
}
