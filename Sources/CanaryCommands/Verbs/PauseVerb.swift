internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct PauseVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Freeze a rollout and its clocks.",
    discussion: "Steps under way finish; nothing new begins until `canary resume`. Probes keep running.")

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Option(help: ArgumentHelp("Why, for whoever finds it paused.", valueName: "text"))
  var reason: String = ""

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    var order = OperatorDesk.Order(verb: .pause, reason: reason, done: "paused")
    order.onlyAnswers = true
    return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
  }
}
