internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct HistoryVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List past and open rollouts, or check that their journals are whole.",
    subcommands: [HistoryListVerb.self, HistoryVerifyVerb.self], defaultSubcommand: HistoryListVerb.self)
}

struct HistoryListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List past and open rollouts: who, what, when, how long, why they ended.")

  @Argument(help: ArgumentHelp("Only this service's.", valueName: "service"))
  var service: String?

  @Option(help: ArgumentHelp("How many, newest first.", valueName: "n"))
  var limit = 20

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
  }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let found = try await session.summaries(of: service, limit: limit)
    session.answer(
      text: HistoryRenderer.text(found, now: context.now(), palette: session.palette),
      rendered: HistoryRenderer.json(found, now: context.now()))
    return .succeeded
  }
}

extension Session {
  /// Newest first; empty where nothing was ever recorded.
  func summaries(of service: String?, limit: Int) async throws(CommandFailure) -> [RolloutSummary] {
    guard let store = try await existingStore() else { return [] }
    return try await read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: false, limit: limit)
    }
  }
}
