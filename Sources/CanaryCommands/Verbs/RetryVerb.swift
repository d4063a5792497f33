internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct RetryVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Go on after a failure, once its cause is mended.",
    discussion: "Works on a rollout that is halted or stuck: what failed is done once more, and judged anew.")

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Option(help: ArgumentHelp("What was mended, for whoever reads the journal later.", valueName: "text"))
  var reason: String = ""

  @OptionGroup var driving: DrivingOptions
  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    var order = OperatorDesk.Order(verb: .retry, reason: reason, done: "retrying")
    driving.apply(to: &order)
    return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
  }
}
