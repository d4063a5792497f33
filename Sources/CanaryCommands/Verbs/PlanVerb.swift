internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct PlanVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a rollout would do, host by host; touches nothing.",
    discussion: """
      Asks every host what it runs, and prints the waves, from which version to which, the capacity left per wave, \
      the range of durations and whether each host could go back. With checks it looks twice at their sources, two \
      seconds apart, and says what they can see at that traffic by the end of the burn-in.
      """)

  @Argument(help: ArgumentHelp("What to roll out.", valueName: "service@version"))
  var release: ReleaseReference

  @Flag(help: "Exit with 10 when something would change, 0 when not.")
  var exitCode = false

  @Option(help: ArgumentHelp("Write the plan here, for `canary start --plan`.", valueName: "file"), completion: .file())
  var out: String?

  @Flag(
    inversion: .prefixedNo, exclusivity: .chooseLast,
    help: "Measure the traffic, and say what the checks can see at it; takes two seconds.")
  var traffic = true

  @OptionGroup var left: ExclusionOptions
  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let draft = try await PlanDraft.release(release, exclusions: left.exclusions, in: session)
    let plan = try session.planned(await draft.make())
    let review = PlanReview(plan)
    let power = traffic ? await PowerEstimate.power(of: plan, directory: draft.directory, in: session) : nil
    session.answer(
      text: PlanRenderer.text(plan: plan, review: review, power: power, palette: session.palette),
      rendered: PlanRenderer.json(plan: plan, review: review, power: power))
    if let out {
      try PlanFile.write(plan, to: context.absolute(out))
      session.console.note("run exactly this with: canary start \(release.text) --plan \(out)")
    }
    return exitCode && !plan.waves.isEmpty ? .planFoundChanges : .succeeded
  }
}

/// Hosts that a plan leaves out.
struct ExclusionOptions: ParsableArguments {
  @Option(
    name: .customLong("exclude"),
    help: ArgumentHelp("Leave this host out; may be given more than once. Needs --reason.", valueName: "host"))
  var excluded: [String] = []

  @Option(help: ArgumentHelp("Why, for whoever reads the journal later.", valueName: "text"))
  var reason: String?

  var exclusions: [HostExclusion] { excluded.map { HostExclusion(host: HostID($0), reason: reason ?? "") } }
}
