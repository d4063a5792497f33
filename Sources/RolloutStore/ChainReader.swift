internal import GRDB
public import RolloutCore
internal import RolloutEngine

/// What became of a rollout's records since they were written.
public enum ChainReport: Hashable, Sendable {
  /// Every record is there and as it was written. `head` is the last one's hash, nil when there is none: kept
  /// elsewhere, it also shows later whether somebody rewrote the whole journal.
  case intact(records: Int, head: Digest?)
  /// `sequence` is the first record that is missing, changed or out of place.
  case broken(sequence: Int, detail: String)
}

/// Reads a rollout's records in pages, each in a short transaction of its own: records never change once written, so
/// the pages fit together, and the write-ahead log can be emptied meanwhile.
struct ChainReader {
  static let pageSize = 500

  let connection: ReadConnection

  /// Visits the records from `start` on that follow from the one before `start`, up to the first that does not fit.
  func walk(_ rollout: RolloutID, from start: Int, visit: (StoredRecord) -> Void) async throws(StoreFailure)
    -> ChainReport
  {
    var check = ChainCheck(after: nil)
    do throws(StoreFailure) {
      if start > 0 {
        let base = try await connection.read { try EventTable.record(start &- 1, of: rollout, in: $0) }
        // Either the rollout ends before, and there is nothing to visit, or there is a hole to be found.
        guard let base else { return try await walk(rollout, from: 0) { _ in } }
        check = ChainCheck(after: ChainHead(sequence: base.sequence, hash: base.hash))
      }
      while true {
        if let report = try await nextPage(of: rollout, check: &check, visit: visit) { return report }
      }
    } catch {
      // A damaged page ends this rollout's chain; the storage being away says nothing about it.
      guard case .unusable(let detail) = error else { throw error }
      return .broken(sequence: check.nextSequence, detail: detail)
    }
  }

  /// Nil when there may be more.
  private func nextPage(of rollout: RolloutID, check: inout ChainCheck, visit: (StoredRecord) -> Void)
    async
    throws(StoreFailure) -> ChainReport?
  {
    let last = check.nextSequence &- 1
    let page = try await connection.read { db in
      Page(
        records: try EventTable.records(of: rollout, after: last, limit: Self.pageSize, in: db),
        head: try CatalogQueries.anchor(of: rollout, in: db)?.head)
    }
    for record in page.records {
      let expected = check.nextSequence
      if let fault = check.accept(record) { return .broken(sequence: expected, detail: fault) }
      visit(record)
    }
    guard page.records.count < Self.pageSize else { return nil }
    if let fault = check.end(at: page.head) { return .broken(sequence: check.nextSequence, detail: fault) }
    return .intact(records: check.nextSequence, head: check.head.map { Digest($0.hash.hexadecimal) })
  }

  private struct Page {
    var records: [StoredRecord]
    /// What the rollout's row names as the last record, seen in the same transaction.
    var head: ChainHead?
  }
}
