internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct ReplayVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Recompute a rollout's verdicts from what was measured.",
    discussion: """
      Reads the journal and the stored samples, asks nobody, and says of every verdict whether the recomputation has \
      the same bits. Exit status 0 when all have, 1 when one has not. Samples of a service's newest 20 ended rollouts \
      are kept.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .any)
    let (state, events) = try await session.load(summary.id, from: store)
    let samples = try await samples(of: summary.id, from: store, session)
    let replay: VerdictReplay
    do throws(VerdictReplay.Refusal) {
      replay = try VerdictReplay(state.plan, events, samples)
    } catch {
      throw CommandFailure(error, of: summary.id)
    }
    session.answer(
      text: ReplayRenderer.text(replay, summary.id, palette: session.palette),
      json: ReplayRenderer.json(replay, summary.id))
    return replay.isSame ? .succeeded : .toolError
  }

  /// Records fetched at once.
  private static let page = 1000

  private func samples(
    of id: RolloutID, from store: any CommandStore, _ session: Session
  ) async throws(CommandFailure) -> [SampleRecord] {
    var all: [SampleRecord] = []
    while true {
      let start = all.count
      let next = try await session.read { () async throws(StoreFailure) in
        try await store.samples(of: id, from: start, limit: Self.page)
      }
      all += next
      if next.count < Self.page { return all }
    }
  }
}

extension CommandFailure {
  fileprivate init(_ refusal: VerdictReplay.Refusal, of id: RolloutID) {
    switch refusal {
    case .pruned(let needed):
      self = .refused(
        "the samples of \(id) are gone: its verdicts rest on \(needed), and they are kept for a service's newest 20 "
          + "ended rollouts", next: "canary explain \(id)  shows the verdicts that the journal keeps")
    case .damaged(let sequence, let detail):
      self = .broken(
        "sample \(sequence) of \(id) cannot be read: \(detail)",
        next: "verdicts that rest on it can no longer be recomputed; the journal keeps them as they were")
    }
  }
}
