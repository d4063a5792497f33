internal import Foundation
internal import GRDB
internal import RolloutCore
internal import RolloutEngine

/// The records of all rollouts, and the row per rollout that is kept in step with them.
enum EventTable {
  /// Adds a batch under a lease that is checked in the same transaction, and gives the rollout's new head.
  static func append(_ batch: JournalBatch, under lease: Lease, doubted: ChainHead?, in db: Database) throws
    -> ChainHead?
  {
    try LeaseTable.requireHeld(lease, in: db)
    let rollout = batch.summary.id
    let anchor = try CatalogQueries.anchor(of: rollout, in: db)
    for service in [anchor?.service, batch.summary.service] {
      guard let service, service != lease.service else { continue }
      throw StoreFailure.conflict(
        detail: "rollout \(rollout) is of service \(service), the lease is for \(lease.service)")
    }
    let head = try checkedHead(of: rollout, expected: anchor?.head, in: db)
    let isThere = try holds(batch.records, of: rollout, epoch: lease.epoch, upTo: head, doubted: doubted, in: db)
    let added = isThere ? [] : HashChain.extend(head, with: batch.records, of: rollout, epoch: lease.epoch)
    if !isThere { try requireNext(batch.records, after: head, of: rollout) }
    let newHead = added.last.map { ChainHead(sequence: $0.sequence, hash: $0.hash) } ?? head
    try CatalogQueries.upsert(batch.summary, head: newHead, in: db)
    for record in added { try insert(record, in: db) }
    for answer in batch.answers { try RequestTable.record(answer, in: db) }
    return newHead
  }

  /// A commit whose sync failed may have reached the disk all the same. The caller was told that it did not and offers
  /// the same records again: then they are not written twice, and the commit that follows syncs them.
  private static func holds(
    _ records: [JournalRecord], of rollout: RolloutID, epoch: Int64, upTo head: ChainHead?, doubted: ChainHead?,
    in db: Database
  ) throws -> Bool {
    guard let head, head == doubted, let first = records.first, records.last?.sequence == head.sequence else {
      return false
    }
    let before = try record(first.sequence &- 1, of: rollout, in: db)
    let base = before.map { ChainHead(sequence: $0.sequence, hash: $0.hash) }
    return HashChain.extend(base, with: records, of: rollout, epoch: epoch).last?.hash == head.hash
  }

  private static func requireNext(_ records: [JournalRecord], after head: ChainHead?, of rollout: RolloutID) throws {
    var next = head.map { $0.sequence &+ 1 } ?? 0
    for record in records {
      guard record.sequence == next else {
        throw StoreFailure.conflict(
          detail: "rollout \(rollout): record \(record.sequence) was offered where record \(next) is due; "
            + "read the journal again before acting on it")
      }
      next &+= 1
    }
  }

  /// The last record, after checking that it is whole and that it is the last. A chain that is broken there must not
  /// be continued.
  private static func checkedHead(of rollout: RolloutID, expected: ChainHead?, in db: Database) throws
    -> ChainHead?
  {
    guard let last = try lastRecord(of: rollout, in: db) else {
      guard let expected else { return nil }
      throw corrupt(rollout, expected.sequence, "the record is missing")
    }
    guard last.hash == HashChain.hash(last) else {
      throw corrupt(rollout, last.sequence, "the record's content does not match its hash")
    }
    let head = ChainHead(sequence: last.sequence, hash: last.hash)
    guard head == expected else {
      throw corrupt(rollout, min(last.sequence, expected?.sequence ?? -1) &+ 1, "the record is missing or out of place")
    }
    return head
  }

  private static func corrupt(_ rollout: RolloutID, _ sequence: Int, _ detail: String) -> StoreFailure {
    .corrupt(rollout: rollout, sequence: sequence, detail: detail)
  }

  // MARK: Statements

  /// Text is bound as bytes, because SQLite takes a zero byte for the end of a bound text.
  private static func insert(_ record: StoredRecord, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO event (rollout, sequence, at, epoch, kind, payload, previous_hash, hash)
        VALUES (?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)
        """
    ).execute(arguments: [
      record.rollout.text, record.sequence, record.at, record.epoch, record.kind, record.payload,
      record.previousHash, record.hash,
    ])
  }

  private static let columns = """
    SELECT sequence, at, epoch, CAST(kind AS BLOB) AS kind, CAST(payload AS BLOB) AS payload, previous_hash, hash
    FROM event WHERE rollout = ?
    """

  /// Up to `limit` records after `sequence`.
  static func records(of rollout: RolloutID, after sequence: Int, limit: Int, in db: Database) throws -> [StoredRecord]
  {
    let sql = columns + " AND sequence > ? ORDER BY sequence LIMIT ?"
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: sql), arguments: [rollout.text, sequence, limit])
    var records: [StoredRecord] = []
    while let row = try rows.next() { records.append(try stored(row, of: rollout)) }
    return records
  }

  static func record(_ sequence: Int, of rollout: RolloutID, in db: Database) throws -> StoredRecord? {
    try Row.fetchOne(db.cachedStatement(sql: columns + " AND sequence = ?"), arguments: [rollout.text, sequence])
      .map { try stored($0, of: rollout) }
  }

  static func lastRecord(of rollout: RolloutID, in db: Database) throws -> StoredRecord? {
    try Row.fetchOne(
      db.cachedStatement(sql: columns + " ORDER BY sequence DESC LIMIT 1"), arguments: [rollout.text]
    ).map { try stored($0, of: rollout) }
  }

  private static func stored(_ row: Row, of rollout: RolloutID) throws -> StoredRecord {
    StoredRecord(
      rollout: rollout, sequence: Int(try row.integer("sequence")), at: try row.integer("at"),
      epoch: try row.integer("epoch"), kind: try row.blob("kind"), payload: try row.blob("payload"),
      previousHash: try row.blob("previous_hash"), hash: try row.blob("hash"))
  }
}
