internal import GRDB
internal import RolloutCore
internal import RolloutEngine

/// The row per rollout. "Newest" is by the order in which rollouts entered the journal, which no clock can change.
enum CatalogQueries {
  static func upsert(_ summary: RolloutSummary, head: ChainHead?, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO rollout (id, service, release, release_digest, kind, state, is_ended, detail, started_by,
          started_at, ended_at, proven_at, head_sequence, head_hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET service = excluded.service, release = excluded.release,
          release_digest = excluded.release_digest, kind = excluded.kind, state = excluded.state,
          is_ended = excluded.is_ended, detail = excluded.detail, started_by = excluded.started_by,
          started_at = excluded.started_at, ended_at = excluded.ended_at, proven_at = excluded.proven_at,
          head_sequence = excluded.head_sequence, head_hash = excluded.head_hash
        """
    ).execute(arguments: [
      summary.id.text, summary.service, summary.release.text, summary.releaseDigest.text, summary.kind, summary.state,
      summary.isEnded, summary.detail, summary.startedBy, summary.startedAt.milliseconds,
      summary.endedAt?.milliseconds, summary.provenAt?.milliseconds, head?.sequence, head?.hash,
    ])
  }

  /// A rollout's service, and its last record as its row names it.
  static func anchor(of rollout: RolloutID, in db: Database) throws -> (service: String, head: ChainHead?)? {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT service, head_sequence, head_hash FROM rollout WHERE id = ?"),
      arguments: [rollout.text])
    guard let row else { return nil }
    let sequence = try row.optionalInteger("head_sequence")
    let head = try sequence.map { ChainHead(sequence: Int($0), hash: try row.blob("head_hash")) }
    return (try row.text("service"), head)
  }

  static func summary(of rollout: RolloutID, in db: Database) throws -> RolloutSummary? {
    try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM rollout WHERE id = ?"), arguments: [rollout.text])
      .map(summary)
  }

  static func summaries(service: String?, openOnly: Bool, limit: Int, in db: Database) throws -> [RolloutSummary] {
    var conditions: [String] = []
    if service != nil { conditions.append("service = :service") }
    if openOnly { conditions.append("is_ended = 0") }
    let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    var arguments: StatementArguments = ["limit": max(0, limit)]
    if let service { arguments += ["service": service] }
    return try Row.fetchAll(
      db.cachedStatement(sql: "SELECT * FROM rollout \(filter) ORDER BY position DESC LIMIT :limit"),
      arguments: arguments
    ).map { row in (try? summary(row)) ?? remains(of: row) }
  }

  /// What can be read of a damaged row. It is shown, not left out and not thrown: the other rollouts are not concerned,
  /// and its own service must not look as if it were free. What was proven is not taken from it.
  private static func remains(of row: Row) -> RolloutSummary {
    func text(_ column: String) -> String { (try? row.text(column)) ?? "?" }
    return RolloutSummary(
      id: RolloutID(text("id")), service: text("service"), release: Version(text("release")),
      releaseDigest: Digest(text("release_digest")), kind: text("kind"), state: text("state"),
      isEnded: (try? row.integer("is_ended")).map { $0 != 0 } ?? false, detail: "its row in the list cannot be read",
      startedBy: text("started_by"), startedAt: (try? row.timestamp("started_at")) ?? Timestamp(milliseconds: 0),
      endedAt: try? row.optionalTimestamp("ended_at"), provenAt: nil)
  }

  static func lastProven(service: String, excluding version: Version?, in db: Database) throws -> RolloutSummary? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT * FROM rollout WHERE service = ? AND proven_at IS NOT NULL AND release IS NOT ?
          ORDER BY position DESC LIMIT 1
          """), arguments: [service, version?.text]
    ).map(summary)
  }

  private static func summary(_ row: Row) throws -> RolloutSummary {
    RolloutSummary(
      id: RolloutID(try row.text("id")), service: try row.text("service"), release: Version(try row.text("release")),
      releaseDigest: Digest(try row.text("release_digest")), kind: try row.text("kind"),
      state: try row.text("state"), isEnded: try row.integer("is_ended") != 0, detail: try row.text("detail"),
      startedBy: try row.text("started_by"), startedAt: try row.timestamp("started_at"),
      endedAt: try row.optionalTimestamp("ended_at"), provenAt: try row.optionalTimestamp("proven_at"))
  }
}
