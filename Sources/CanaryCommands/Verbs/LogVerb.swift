internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct LogVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Print what was done where, from the journal.",
    discussion: """
      Without a rollout: the newest ones of the service that the policy here is about, or of all. One whose journal is \
      damaged is left out, and the exit status is then 1.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Option(help: ArgumentHelp("How many rollouts, when none is named.", valueName: "n"))
  var limit = 5

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
  }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    var rollouts: [(rollout: Rollout, events: [RecordedEvent])] = []
    var isWhole = true
    if let rollout {
      let (summary, store) = try await session.selected(rollout, .any)
      rollouts = [try await session.load(summary.id, from: store)]
    } else if let store = try await session.existingStore() {
      for summary in try await session.summaries(of: session.policies.service(), limit: limit) {
        guard let loaded = try await session.loadUnlessDamaged(summary.id, from: store) else {
          isWhole = false
          continue
        }
        rollouts.append(loaded)
      }
    }
    session.answer(
      text: LogRenderer.text(rollouts, palette: session.palette), rendered: LogRenderer.json(rollouts))
    return isWhole ? .succeeded : .toolError
  }
}
