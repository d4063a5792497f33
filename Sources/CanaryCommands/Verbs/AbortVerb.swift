internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct AbortVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Stop a rollout: hold every host where it is, or take the release back.",
    discussion: """
      After the answer no new step begins on any host. Without --hold or --rollback the policy's `on_abort` decides. \
      Exits with 0 when the rollout was stopped in the way that was asked for.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Flag(help: "Leave every host as it is now.")
  var hold = false

  @Flag(help: "Bring every touched host back to what it ran.")
  var rollback = false

  @Option(help: ArgumentHelp("Why, for whoever reads the journal later.", valueName: "text"))
  var reason: String = ""

  @OptionGroup var driving: DrivingOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if hold && rollback { throw ValidationError("choose one of --hold and --rollback") }
  }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    let mode: AbortMode? = hold ? .hold : rollback ? .rollback : nil
    var order = OperatorDesk.Order(verb: .abort(mode), reason: reason, done: "aborting")
    order.wanted = [.aborted]
    driving.apply(to: &order)
    return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
  }
}

/// How a rollout that nobody drives is driven on by an operator's verb.
struct DrivingOptions: ParsableArguments {
  @Flag(help: "When nobody drives the rollout, go on in the background.")
  var detach = false

  func apply(to order: inout OperatorDesk.Order) { order.detaches = detach }
}
