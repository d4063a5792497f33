internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct WatchVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follow a rollout that any process drives.",
    discussion: """
      Ends when the rollout has ended or waits for a person, with the exit status that `canary start` would have. \
      Leaving with Ctrl-C changes nothing for the rollout.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .any)
    let screen = session.screen()
    let follow = Follow(session: session, store: store, id: summary.id, screen: screen)
    let left = Cell<Int32?>(nil)
    let signals =
      context.takesSignals
      ? Signals(restoring: context.console.answerIsTerminal) { number in left.update { $0 = number } } : nil
    let result: Result<ExitStatus?, CommandFailure>
    do { result = .success(try await follow.run(until: { left.current != nil })) } catch { result = .failure(error) }
    signals?.end()
    await screen.finish()
    if let status = try result.get() { return status }
    context.console.note("left; the rollout goes on: canary watch \(summary.id)")
    return left.current.flatMap { ExitStatus(rawValue: 128 + $0) } ?? .stillRunning
  }
}

/// Shows a rollout from its journal, as other processes write it.
struct Follow {
  let session: Session
  let store: any CommandStore
  let id: RolloutID
  let screen: RolloutScreen

  private static let look = TimeSpan(milliseconds: 100)
  /// How long a rollout may go without a driver before that is said.
  private static let patience = TimeSpan.seconds(3)

  /// The exit status of its end, or nil when told to leave.
  func run(until leaves: @Sendable () -> Bool) async throws(CommandFailure) -> ExitStatus? {
    var seen: Int64?
    var (rollout, events) = try await session.load(id, from: store)
    await screen.turned(TurnReport(rollout: rollout, events: events, trouble: nil))
    var driven = session.context.now()
    var trouble: String?
    while !rollout.isAtRest {
      if leaves() { return nil }
      let counter = try await session.read { () async throws(StoreFailure) in try await store.changeCounter() }
      if counter != seen {
        seen = counter
        let fresh = try await advance(&rollout)
        if !fresh.isEmpty { await screen.turned(TurnReport(rollout: rollout, events: fresh, trouble: trouble)) }
        if rollout.isAtRest { break }
      }
      let now = session.context.now()
      let isDriven = try await session.driver(of: rollout.plan.policy.service, in: store) != nil
      if isDriven { driven = now }
      let words = now - driven > Self.patience ? "nobody drives it; go on with: canary resume \(id)" : nil
      if words != trouble {
        trouble = words
        await screen.turned(TurnReport(rollout: rollout, events: [], trouble: words))
        if let words { session.console.note(words) }
      }
      do { try await session.context.clock.sleep(until: now + Self.look) } catch { return nil }
    }
    return ExitStatus.of(rollout)
  }

  private func advance(_ rollout: inout Rollout) async throws(CommandFailure) -> [RecordedEvent] {
    let from = rollout.eventCount
    let records = try await session.read { () async throws(StoreFailure) in try await store.records(of: id, from: from)
    }
    var fresh: [RecordedEvent] = []
    for record in records {
      do throws(EventCodec.Mismatch) {
        fresh.append(RecordedEvent(sequence: record.sequence, at: record.at, event: try EventCodec.decode(record)))
      } catch { throw mismatch(error.sequence, error.kind, error.detail) }
      do { try rollout.apply(fresh[fresh.count - 1].event, at: record.at) } catch {
        throw mismatch(record.sequence, record.kind, error.message)
      }
    }
    return fresh
  }

  private func mismatch(_ sequence: Int, _ kind: String, _ detail: String) -> CommandFailure {
    CommandFailure(.journal(sequence: sequence, kind: kind, detail: detail), now: session.context.now())
  }
}
