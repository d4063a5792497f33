internal import RolloutCore
internal import RolloutEngine

/// The machine that keeps the journals. A write becomes durable as a whole when it is carried out; a crash drops what
/// was not carried out yet, and the acknowledgement of what was.
final class SimStore {
  let world: World
  let referee: Referee
  private(set) var contents = StoreContents()
  private(set) var isUp = true
  /// Refuses writes: its disk is full.
  var isFull = false
  /// Acknowledgements that get lost from now on.
  var losesAcknowledgements = 0
  var latency: ClosedRange<Int64> = 1...4
  private var generation = 0
  /// Dead processes on their machines; anybody there can tell.
  var isKnownDead: (LeaseHolder, SimProcess) -> Bool = { _, _ in false }

  /// What a power loss leaves, when acknowledgements do not wait for the sync.
  private var synced: StoreContents?

  init(_ world: World, _ referee: Referee) {
    self.world = world
    self.referee = referee
  }

  func crash(for outage: Int64) {
    guard isUp else { return }
    isUp = false
    generation += 1
    if let synced {
      contents = synced
      self.synced = nil
      referee.storeLost(contents)
    }
    world.after(outage) { self.isUp = true }
  }

  func poison(_ rollout: RolloutID) { contents.poisoned.append(rollout) }

  static let away = StoreFailure.unavailable(detail: "the store does not answer")

  /// Carries out a write for a process, `acknowledged` once it is durable and the process was told.
  func write<Value: Sendable>(
    _ process: SimProcess, isSmall: Bool = false,
    _ body: @escaping (inout StoreContents) -> Result<Value, StoreFailure>,
    acknowledged: @escaping (Value) -> Void = { _ in }
  ) async -> Result<Value, StoreFailure> {
    await process.wait(or: .failure(.leaseLost(detail: "killed")), cancellable: false) { wait in
      guard isUp else {
        world.after(2) { wait.finish(.failure(Self.away)) }
        return
      }
      let (mine, sentAt) = (generation, world.now)
      world.after(world.dice.time(latency)) {
        guard self.generation == mine, self.isUp else { return wait.finish(.failure(Self.away)) }
        if self.isFull, !isSmall {
          return wait.finish(.failure(.unavailable(detail: "the disk of the journal is full; free some space")))
        }
        self.referee.carriedOut(after: self.world.now - sentAt)
        self.delaySync()
        let result = body(&self.contents)
        self.world.after(self.world.dice.time(self.latency)) {
          var isLost = self.generation != mine
          if self.losesAcknowledgements > 0 {
            self.losesAcknowledgements -= 1
            isLost = true
          }
          if isLost { return wait.finish(.failure(Self.away)) }
          if case .success(let value) = result, wait.isPending { acknowledged(value) }
          wait.finish(result)
        }
      }
    }
  }

  private func delaySync() {
    guard planted(.storeAcknowledgesBeforeSync), synced == nil else { return }
    synced = contents
    world.after(1_500) { self.synced = nil }
  }

  /// What people type, from machines without faults.
  func offer(_ request: OperatorRequest, tries: Int = 60) {
    guard isUp, !isFull else {
      if tries > 0 { world.after(1_000) { self.offer(request, tries: tries - 1) } }
      return
    }
    contents.offer(request)
    referee.offered(request)
  }
}

/// The store as one process has it.
struct StorePort: RolloutStore, @unchecked Sendable {
  let store: SimStore
  let process: SimProcess

  private func read<Value>(_ body: (StoreContents) throws(StoreFailure) -> Value) throws(StoreFailure) -> Value {
    guard process.isAlive else { throw .leaseLost(detail: "killed") }
    guard store.isUp else { throw SimStore.away }
    return try body(store.contents)
  }

  func append(_ batch: JournalBatch, under lease: Lease) async throws(StoreFailure) {
    let (referee, writer) = (store.referee, process)
    if planted(.storeLosesRecords), batch.records.count > 1, store.world.dice.chance(20) { return }
    _ = try await store.write(process) { contents in
      let result = contents.append(batch, under: lease, by: writer.id)
      if case .success(true) = result { referee.stored(batch, under: lease, by: writer) }
      return result
    } acknowledged: { _ in
      referee.acknowledged(batch)
    }.get()
  }

  func records(of rollout: RolloutID, from sequence: Int) async throws(StoreFailure) -> [JournalRecord] {
    try read { contents throws(StoreFailure) in
      if contents.poisoned.contains(rollout) { throw .corrupt(rollout: rollout, sequence: 1, detail: "a bad record") }
      return Array((contents.entry(rollout)?.records ?? []).dropFirst(max(0, sequence)))
    }
  }

  func appendSamples(_ records: [SampleRecord], of rollout: RolloutID, under lease: Lease) async throws(StoreFailure) {
    _ = try await store.write(process) { $0.append(records, of: rollout, under: lease) }.get()
  }

  func samples(of rollout: RolloutID, from sequence: Int, limit: Int) async throws(StoreFailure) -> [SampleRecord] {
    try read { contents throws(StoreFailure) in
      Array((contents.entry(rollout)?.samples ?? []).dropFirst(max(0, sequence)).prefix(max(0, limit)))
    }
  }

  func pruneSamples(service: String, keeping: Int) async throws(StoreFailure) {
    _ = try await store.write(process) {
      $0.prune(service, keeping: keeping)
      return .success(true)
    }.get()
  }

  func acquire(service: String, holder: LeaseHolder, now: Timestamp) async throws(StoreFailure)
    -> Result<Lease, LeaseRefusal>
  {
    let (store, process) = (store, process)
    return try await store.write(process) { contents in
      let result = contents.acquire(service, holder, now) { store.isKnownDead($0, process) }
      if case .success(.success(let lease)) = result { store.referee.granted(lease) }
      return result
    }.get()
  }

  func renew(_ lease: Lease, now: Timestamp) async throws(StoreFailure) {
    _ = try await store.write(process) { $0.renew(lease, now) }.get()
  }

  func release(_ lease: Lease) async throws(StoreFailure) {
    _ = try await store.write(process) {
      $0.release(lease)
      return .success(true)
    }.get()
  }

  func offer(_ request: OperatorRequest) async throws(StoreFailure) {
    let referee = store.referee
    _ = try await store.write(process) {
      $0.offer(request)
      referee.offered(request)
      return .success(true)
    }.get()
  }

  func pending(for rollout: RolloutID) async throws(StoreFailure) -> [OperatorRequest] {
    try read { contents throws(StoreFailure) in contents.pending(rollout) }
  }

  func answer(to request: String) async throws(StoreFailure) -> RequestAnswer? {
    try read { contents throws(StoreFailure) in contents.requests.first { $0.request.id == request }?.answer }
  }

  func summary(of rollout: RolloutID) async throws(StoreFailure) -> RolloutSummary? {
    try read { contents throws(StoreFailure) in contents.entry(rollout)?.summary }
  }

  func summaries(service: String?, openOnly: Bool, limit: Int) async throws(StoreFailure) -> [RolloutSummary] {
    try read { contents throws(StoreFailure) in
      let fitting = contents.rollouts.reversed().lazy.map(\.summary).filter { summary in
        (service == nil || summary.service == service) && !(openOnly && summary.isEnded)
      }
      return Array(fitting.prefix(max(0, limit)))
    }
  }

  func lastProven(service: String, excluding version: Version?) async throws(StoreFailure) -> RolloutSummary? {
    try read { contents throws(StoreFailure) in
      contents.rollouts.last {
        $0.summary.service == service && $0.summary.provenAt != nil && $0.summary.release != version
      }?.summary
    }
  }

  func changeCounter() async throws(StoreFailure) -> Int64 {
    try read { contents throws(StoreFailure) in contents.changes }
  }
}
