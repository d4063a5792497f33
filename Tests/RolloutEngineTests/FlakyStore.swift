import RolloutCore
import RolloutEngine
import RolloutStore

/// A store in memory that can be told to fail.
actor FlakyStore: Journal, Leases, OperatorRequests, RolloutCatalog, SampleStore {
  private let inner = InMemoryStore()
  private var isFull = false
  private var isLost = false

  func fill(_ full: Bool) { isFull = full }
  func loseLease() { isLost = true }

  private func check() throws(StoreFailure) {
    if isLost { throw .leaseLost(detail: "epoch 2 holds the service") }
    if isFull { throw .unavailable(detail: "the disk is full; free some space under /state") }
  }

  func append(_ batch: JournalBatch, under lease: Lease) async throws(StoreFailure) {
    try check()
    try await inner.append(batch, under: lease)
  }
  func records(of rollout: RolloutID, from sequence: Int) async throws(StoreFailure) -> [JournalRecord] {
    try await inner.records(of: rollout, from: sequence)
  }
  func acquire(
    service: String, holder: LeaseHolder, now: Timestamp
  ) async throws(StoreFailure) -> Result<Lease, LeaseRefusal> {
    try await inner.acquire(service: service, holder: holder, now: now)
  }
  func renew(_ lease: Lease, now: Timestamp) async throws(StoreFailure) {
    try check()
    try await inner.renew(lease, now: now)
  }
  func release(_ lease: Lease) async throws(StoreFailure) { try await inner.release(lease) }
  func offer(_ request: OperatorRequest) async throws(StoreFailure) { try await inner.offer(request) }
  func pending(for rollout: RolloutID) async throws(StoreFailure) -> [OperatorRequest] {
    try await inner.pending(for: rollout)
  }
  func answer(to request: String) async throws(StoreFailure) -> RequestAnswer? {
    try await inner.answer(to: request)
  }
  func summary(of rollout: RolloutID) async throws(StoreFailure) -> RolloutSummary? {
    try await inner.summary(of: rollout)
  }
  func summaries(
    service: String?, openOnly: Bool, limit: Int
  ) async throws(StoreFailure) -> [RolloutSummary] {
    try await inner.summaries(service: service, openOnly: openOnly, limit: limit)
  }
  func lastProven(service: String, excluding version: Version?) async throws(StoreFailure) -> RolloutSummary? {
    try await inner.lastProven(service: service, excluding: version)
  }
  func appendSamples(
    _ records: [SampleRecord], of rollout: RolloutID, under lease: Lease
  ) async throws(StoreFailure) {
    try check()
    try await inner.appendSamples(records, of: rollout, under: lease)
  }
  func samples(
    of rollout: RolloutID, from sequence: Int, limit: Int
  ) async throws(StoreFailure) -> [SampleRecord] {
    try await inner.samples(of: rollout, from: sequence, limit: limit)
  }
  func pruneSamples(service: String, keeping: Int) async throws(StoreFailure) {
    try await inner.pruneSamples(service: service, keeping: keeping)
  }
  func changeCounter() async throws(StoreFailure) -> Int64 { try await inner.changeCounter() }
}
