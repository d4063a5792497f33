internal import FailPoints
internal import GRDB
public import RolloutCore
public import RolloutEngine

/// Looks for damage.
///
/// What a check of the chain proves: the records from 0 to the last one that the rollout's row names are all there, in
/// their order, and no byte of their fields changed since they were written. Row and record are written in one
/// transaction, so records that were cut off the end are missed.
///
/// What it cannot prove, because everything it compares lies in the same file: that nobody computed a whole new chain
/// and row, and that the file is the newest there was. An older copy of it put back, or a write-ahead log (`-wal`) that
/// was deleted or torn while no process ran, is an older state that adds up. Against both, keep the heads elsewhere
/// and compare: the head of a rollout that has ended never changes, and that of an open one is the hash of a record
/// that must still be in its chain. The rollout's row other than the last record's number and hash, samples, leases and
/// requests are not in any chain.
public protocol JournalAudit: Sendable {
  /// Every rollout that has a row, in the order in which they entered, then those that have only records.
  func recordedRollouts() async throws(StoreFailure) -> [RolloutID]
  /// Checks the whole chain of a rollout, and that it ends where the rollout's row says.
  func verify(_ rollout: RolloutID) async throws(StoreFailure) -> ChainReport
  /// A record as it lies there, whatever it is worth. Nil when there is none at `sequence`.
  func uncheckedRecord(_ sequence: Int, of rollout: RolloutID) async throws(StoreFailure) -> JournalRecord?
  /// What is wrong with the file's own structure, a phrase each; empty when it is sound. Reads the whole file.
  func structuralDamage() async throws(StoreFailure) -> [String]
  /// Takes an open rollout that nobody can go on with out of its service's way: its row says superseded, and its
  /// records stay as they are. That it is such a one the caller has seen under `lease`. Throws `.conflict` for one that
  /// the list does not show as an open one of the lease's service.
  func putAside(_ rollout: RolloutID, detail: String, at: Timestamp, under lease: Lease) async throws(StoreFailure)
}

extension SQLiteStore: JournalAudit {
  public func recordedRollouts() async throws(StoreFailure) -> [RolloutID] {
    try await reader.read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT id FROM (SELECT position, id FROM rollout ORDER BY position)
          UNION ALL
          SELECT id FROM (\(Self.rolloutsOfEvents)) WHERE id NOT IN (SELECT id FROM rollout)
          """
      ).map { RolloutID($0) }
    }
  }

  /// One look into the index per rollout instead of one per record.
  private static let rolloutsOfEvents = """
    WITH RECURSIVE of_event (id) AS (
      SELECT min(rollout) FROM event
      UNION ALL
      SELECT (SELECT min(rollout) FROM event WHERE rollout > of_event.id) FROM of_event WHERE of_event.id IS NOT NULL
    )
    SELECT id FROM of_event WHERE id IS NOT NULL
    """

  public func uncheckedRecord(_ sequence: Int, of rollout: RolloutID) async throws(StoreFailure) -> JournalRecord? {
    try await reader.read { try EventTable.record(sequence, of: rollout, in: $0)?.journalRecord }
  }

  public func structuralDamage() async throws(StoreFailure) -> [String] {
    try await reader.read { db in
      try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
    }
  }

  public func putAside(_ rollout: RolloutID, detail: String, at: Timestamp, under lease: Lease)
    async throws(StoreFailure)
  {
    try await writer.write(.putAside) { db, _ in
      try LeaseTable.requireHeld(lease, in: db)
      try db.execute(
        sql: """
          UPDATE rollout SET state = ?, is_ended = 1, detail = ?, ended_at = ?
          WHERE id = ? AND service = ? AND is_ended = 0
          """,
        arguments: [Fate.superseded.rawValue, detail, at.milliseconds, rollout.text, lease.service])
      guard db.changesCount == 1 else {
        throw StoreFailure.conflict(detail: "\(rollout) is no open rollout of \(lease.service)")
      }
    }
  }
}

extension InMemoryStore: JournalAudit {
  public func recordedRollouts() async throws(StoreFailure) -> [RolloutID] {
    try await summaries(service: nil, openOnly: false, limit: .max).reversed().map(\.id)
  }

  /// Nothing lies outside of this process that could be changed.
  public func verify(_ rollout: RolloutID) async throws(StoreFailure) -> ChainReport {
    .intact(records: try await records(of: rollout, from: 0).count, head: nil)
  }

  public func uncheckedRecord(_ sequence: Int, of rollout: RolloutID) async throws(StoreFailure) -> JournalRecord? {
    try await records(of: rollout, from: sequence).first
  }

  public func structuralDamage() async throws(StoreFailure) -> [String] { [] }
}
