internal import FoundationEssentials
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

/// One run of a verb: its surroundings and the options that every verb takes.
struct Session: Sendable {
  var context: CommandContext
  var output: OutputMode
  var policyPath: String?
  var statePath: String?

  init(_ context: CommandContext, _ common: CommonOptions) {
    self.context = context
    output = common.output
    policyPath = common.policy
    statePath = common.state
  }

  var console: Console { context.console }
  var policies: PolicySearch { PolicySearch(context: context, named: policyPath) }
  var palette: Palette { context.palette(for: .answers) }

  func state() throws(CommandFailure) -> StateDirectory { try StateDirectory(named: statePath, in: context) }

  /// The journal, made where it is missing.
  func store() async throws(CommandFailure) -> any CommandStore {
    switch await context.composition.openStore(try state().journal) {
    case .success(let store): return store
    case .failure(let failure): throw CommandFailure(failure)
    }
  }

  /// The journal for verbs that only read: a directory without one is not turned into one.
  func existingStore() async throws(CommandFailure) -> (any CommandStore)? {
    Files.exists(try state().journal) ? try await store() : nil
  }

  /// Prints in the way of `--output`.
  func answer(text: @autoclosure () -> String, json: @autoclosure () -> JSONText) {
    switch output {
    case .text:
      let text = text()
      console.put(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
    case .json: console.answer(json().document)
    case .jsonl:
      if case .array(let items) = json() {
        for item in items { console.answer(item.line) }
      } else {
        console.answer(json().line)
      }
    }
  }

  /// Prints text, or JSON that is rendered already.
  func answer(text: @autoclosure () -> String, rendered json: @autoclosure () -> String) {
    let answer =
      switch output {
      case .text: text()
      case .json: json()
      case .jsonl: JSONLines.folded(json())
      }
    console.put(answer.isEmpty || answer.hasSuffix("\n") ? answer : answer + "\n")
  }

  /// The fold of a rollout's journal.
  func load(_ id: RolloutID, from store: any CommandStore) async throws(CommandFailure) -> (
    rollout: Rollout, events: [RecordedEvent]
  ) {
    do { return try await follow(id, from: store) } catch { throw CommandFailure(error, now: context.now()) }
  }

  /// The fold, where several rollouts are looked at: nil, and a note, for one whose journal is damaged, so that it does
  /// not hide the others.
  func loadUnlessDamaged(_ id: RolloutID, from store: any CommandStore) async throws(CommandFailure) -> (
    rollout: Rollout, events: [RecordedEvent]
  )? {
    do throws(ControllerRefusal) { return try await follow(id, from: store) } catch {
      let failure = CommandFailure(error, now: context.now())
      switch error {
      case .store(.corrupt), .journal, .unknownRollout:
        console.put(failure.text, on: .notes)
        return nil
      default: throw failure
      }
    }
  }

  private func follow(_ id: RolloutID, from store: any CommandStore) async throws(ControllerRefusal) -> (
    rollout: Rollout, events: [RecordedEvent]
  ) {
    let records: [JournalRecord]
    do { records = try await store.records(of: id, from: 0) } catch { throw .store(error) }
    return try RolloutReader.fold(records, id)
  }

  func read<Value: Sendable>(_ work: () async throws(StoreFailure) -> Value) async throws(CommandFailure) -> Value {
    do { return try await work() } catch { throw CommandFailure(error) }
  }

  /// The highest epoch that was given out for the service; 0 before the first lease.
  func lastEpoch(of service: String, in store: any CommandStore) async throws(CommandFailure) -> Int64 {
    try await read { () async throws(StoreFailure) in try await store.lastEpoch(of: service) }
  }

  /// Who drives the service's rollouts, if anybody alive does.
  func driver(of service: String, in store: any CommandStore) async throws(CommandFailure) -> LeaseRefusal? {
    let held = try await read { () async throws(StoreFailure) in try await store.leaseHolder(of: service) }
    guard let held, !held.holder.isKnownDead, held.expiresAt > context.now() else { return nil }
    return held
  }
}
