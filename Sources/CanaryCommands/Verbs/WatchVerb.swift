internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

struct WatchVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follow a rollout that any process drives.",
    discussion: """
      Ends when the rollout has ended or waits for a person, with the exit status that `canary start` would have, \
      and with 6 when nobody drives it. \
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
    let result: Result<Follow.End, CommandFailure>
    do { result = .success(try await follow.run(until: { left.current != nil })) } catch { result = .failure(error) }
    signals?.end()
    await screen.finish()
    switch try result.get() {
    case .atRest(let status): return status
    case .abandoned:
      context.console.note("nobody drives it; canary resume \(summary.id) goes on")
      return .stillRunning
    case .left:
      context.console.note("left; the rollout goes on: canary watch \(summary.id)")
      return left.current.flatMap { ExitStatus(rawValue: 128 + $0) } ?? .stillRunning
    }
  }
}

/// Shows a rollout from its journal, as other processes write it.
struct Follow {
  let session: Session
  let store: any CommandStore
  let id: RolloutID
  let screen: RolloutScreen

  enum End: Hashable, Sendable {
    case atRest(ExitStatus)
    /// Nobody drives it.
    case abandoned
    /// Told to leave.
    case left
  }

  private static let look = TimeSpan(milliseconds: 100)
  /// How long a rollout may go without a driver before that is said.
  private static let patience = TimeSpan.seconds(3)
  /// How long it may go without one before it is left alone. A controller in the background that is just starting, or
  /// one of another machine that takes over an expired lease, has appeared by then.
  private static let limit = LeaseTerms.timeToLive + .seconds(2)

  func run(until leaves: @Sendable () -> Bool) async throws(CommandFailure) -> End {
    var seen: Int64?
    var (rollout, events) = try await session.load(id, from: store)
    await screen.turned(TurnReport(rollout: rollout, events: events, trouble: nil))
    let service = rollout.plan.policy.service
    var driven = session.context.now()
    var trouble: String?
    while !rollout.isAtRest {
      if leaves() { return .left }
      let counter = try await session.read { () async throws(StoreFailure) in try await store.changeCounter() }
      if counter != seen {
        seen = counter
        try await show(&rollout, trouble)
        if rollout.isAtRest { break }
      }
      let now = session.context.now()
      let held = try await session.read { () async throws(StoreFailure) in try await store.leaseHolder(of: service) }
      let isDead = held?.holder.isKnownDead ?? false
      if let held, !isDead, held.expiresAt > now { driven = now }
      let isAbandoned = isDead || now - driven > Self.limit
      let words = isAbandoned || now - driven > Self.patience ? "nobody drives it: canary resume \(id)" : nil
      if words != trouble {
        trouble = words
        await screen.turned(TurnReport(rollout: rollout, events: [], trouble: words))
      }
      if isAbandoned {
        // Whoever drove it may have brought it to its end between the two looks.
        try await show(&rollout, trouble)
        return rollout.isAtRest ? .atRest(.of(rollout)) : .abandoned
      }
      do { try await session.context.clock.sleep(until: now + Self.look) } catch { return .left }
    }
    return .atRest(.of(rollout))
  }

  /// Follows the journal to its end, and shows what is new.
  private func show(_ rollout: inout Rollout, _ trouble: String?) async throws(CommandFailure) {
    let fresh = try await advance(&rollout)
    if !fresh.isEmpty { await screen.turned(TurnReport(rollout: rollout, events: fresh, trouble: trouble)) }
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
    CommandFailure(.journal(id, sequence: sequence, kind: kind, detail: detail), now: session.context.now())
  }
}
