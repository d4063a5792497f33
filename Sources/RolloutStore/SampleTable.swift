internal import GRDB
internal import RolloutCore
internal import RolloutEngine

/// What was measured, beside the journal and not in its chain: a verdict names the samples that it rests on, and they
/// may be deleted when nobody wants to recompute it any more.
enum SampleTable {
  static func append(
    _ records: [SampleRecord], of rollout: RolloutID, under lease: Lease, in db: Database
  ) throws {
    try LeaseTable.requireHeld(lease, in: db)
    guard let known = try CatalogQueries.summary(of: rollout, in: db), known.service == lease.service else {
      throw StoreFailure.conflict(detail: "rollout \(rollout) is not one of service \(lease.service)")
    }
    let last = try Int.fetchOne(
      db.cachedStatement(sql: "SELECT max(sequence) FROM sample WHERE rollout = ?"), arguments: [rollout.text])
    var due = (last ?? -1) + 1
    let insert = try db.cachedStatement(
      sql: "INSERT INTO sample (rollout, sequence, at, payload) VALUES (?, ?, ?, ?)")
    for record in records {
      // A commit whose sync failed may be there all the same; the caller was told that it is not.
      if record.sequence < due,
        try samples(of: rollout, from: record.sequence, limit: 1, in: db).first == record
      {
        continue
      }
      guard record.sequence == due else { throw conflict(rollout, record.sequence, due) }
      try insert.execute(arguments: [rollout.text, record.sequence, record.at.milliseconds, record.payload])
      due += 1
    }
  }

  static func conflict(_ rollout: RolloutID, _ offered: Int, _ due: Int) -> StoreFailure {
    .conflict(
      detail: "rollout \(rollout): sample \(offered) was offered where sample \(due) is due; read the samples again")
  }

  static func samples(of rollout: RolloutID, from sequence: Int, limit: Int, in db: Database) throws -> [SampleRecord] {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT sequence, at, payload FROM sample WHERE rollout = ? AND sequence >= ? ORDER BY sequence LIMIT ?"),
      arguments: [rollout.text, sequence, max(0, limit)])
    return try rows.map { row in
      SampleRecord(
        sequence: Int(try row.integer("sequence")), at: try row.timestamp("at"), payload: try row.text("payload"))
    }
  }

  static func prune(service: String, keeping: Int, in db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM sample WHERE rollout IN (
          SELECT id FROM rollout WHERE service = ? AND is_ended = 1 ORDER BY position DESC LIMIT -1 OFFSET ?)
        """, arguments: [service, max(0, keeping)])
  }
}
