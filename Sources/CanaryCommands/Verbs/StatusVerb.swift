internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct StatusVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show where a rollout is, host by host.",
    discussion: "Without a rollout: the only open one, a table when several are open, else the last one.")

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @OptionGroup var common: CommonOptions

  /// Events shown below the hosts.
  private static let recentEvents = 8

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    if rollout == nil, let open = try await session.severalOpen() {
      session.answer(
        text: StatusRenderer.table(open, now: context.now(), palette: session.palette),
        rendered: StatusRenderer.json(open))
      return .succeeded
    }
    let (summary, store) = try await session.selected(rollout, .any)
    let (state, events) = try await session.load(summary.id, from: store)
    let driver = try await session.shownDriver(of: state, in: store)
    let now = context.now()
    session.answer(
      text: StatusRenderer.text(
        rollout: state, recent: Array(events.suffix(Self.recentEvents)), driver: driver, now: now,
        palette: session.palette),
      rendered: StatusRenderer.json(rollout: state, driver: driver, now: now))
    return .succeeded
  }
}

extension Session {
  /// The open rollouts, when there are several and no policy here says which is meant.
  func severalOpen() async throws(CommandFailure) -> [RolloutSummary]? {
    guard let store = try await existingStore() else { return nil }
    let open = try await read { () async throws(StoreFailure) in
      try await store.summaries(service: nil, openOnly: true, limit: 200)
    }
    guard open.count > 1 else { return nil }
    if let service = policies.service(), open.contains(where: { $0.service == service }) { return nil }
    return open
  }

  /// Who drives it, as renderers say it. Nothing is said of a rollout that has ended.
  func shownDriver(of rollout: Rollout, in store: any CommandStore) async throws(CommandFailure) -> Driver {
    if rollout.isEnded { return .unknown }
    let held = try await driver(of: rollout.plan.policy.service, in: store)
    return held.map { .holder($0.holder.display) } ?? .nobody
  }
}
