internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct PromoteVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Pass the gate that a rollout waits at: a burn-in, an approval, a halt without a verdict.")

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Flag(help: "Skip every burn-in and approval that is still to come, too.")
  var full = false

  @Option(help: ArgumentHelp("Why; recorded with the decision.", valueName: "text"))
  var reason: String

  @OptionGroup var driving: DrivingOptions
  @OptionGroup var common: CommonOptions

  func validate() throws { try Reason.require(reason) }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    var order = OperatorDesk.Order(verb: .promote(full: full), reason: reason, done: "promoted")
    driving.apply(to: &order)
    return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
  }
}

enum Reason {
  static func require(_ text: String) throws {
    if text.allSatisfy(\.isWhitespace) { throw ValidationError("say why: --reason TEXT") }
  }
}
