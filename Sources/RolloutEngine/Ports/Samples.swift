public import RolloutCore

/// One entry of a rollout's record of what was measured. The store does not read `payload`.
public struct SampleRecord: Hashable, Sendable {
  /// From 0 without gaps within a rollout.
  public var sequence: Int
  public var at: Timestamp
  public var payload: String
  public init(sequence: Int, at: Timestamp, payload: String) {
    self.sequence = sequence
    self.at = at
    self.payload = payload
  }
}

/// The samples of one rollout, under the lease of the controller that drives it.
public protocol SampleLog: Sendable {
  /// The next records from `sequence` on, in order, as many as are fetched at once; empty at the end.
  func samples(from sequence: Int) async throws(StoreFailure) -> [SampleRecord]
  /// Returns when they are on stable storage, all or none. Records that are there already are left; other content under
  /// a taken sequence, or a gap, throws `.conflict`, a lost lease `.leaseLost`.
  func append(_ records: [SampleRecord]) async throws(StoreFailure)
}

/// Samples of all rollouts: what verdicts are replayed from and policies are calibrated on.
public protocol SampleStore: Sendable {
  func appendSamples(_ records: [SampleRecord], of rollout: RolloutID, under lease: Lease) async throws(StoreFailure)
  /// Records from `sequence` on, in order; at most `limit`.
  func samples(of rollout: RolloutID, from sequence: Int, limit: Int) async throws(StoreFailure) -> [SampleRecord]
  /// Deletes samples of the service's ended rollouts but the newest `keeping`. Verdicts of the others stay in their
  /// journals and can no longer be recomputed.
  func pruneSamples(service: String, keeping: Int) async throws(StoreFailure)
}

/// The part of a store that one rollout's analyst writes to.
public struct LeasedSampleLog: SampleLog {
  private let store: any SampleStore
  private let rollout: RolloutID
  private let lease: Lease

  /// Records fetched at once.
  private static let page = 1000

  public init(store: any SampleStore, rollout: RolloutID, lease: Lease) {
    self.store = store
    self.rollout = rollout
    self.lease = lease
  }

  public func samples(from sequence: Int) async throws(StoreFailure) -> [SampleRecord] {
    try await store.samples(of: rollout, from: sequence, limit: Self.page)
  }

  public func append(_ records: [SampleRecord]) async throws(StoreFailure) {
    try await store.appendSamples(records, of: rollout, under: lease)
  }
}
