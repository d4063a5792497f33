internal import GRDB
internal import RolloutCore
internal import RolloutEngine

/// What operators asked, in the order in which it arrived; clocks of operators are not compared.
enum RequestTable {
  static func offer(_ request: OperatorRequest, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO request (id, rollout, payload, offered_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """
    ).execute(arguments: [request.id, request.rollout.text, request.payload, request.offeredAt.milliseconds])
  }

  static func pending(for rollout: RolloutID, in db: Database) throws -> [OperatorRequest] {
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT id, payload, offered_at FROM request WHERE rollout = ? AND is_accepted IS NULL ORDER BY position
          """), arguments: [rollout.text])
    return try rows.map { row in
      OperatorRequest(
        id: try row.text("id"), rollout: rollout, payload: try row.text("payload"),
        offeredAt: try row.timestamp("offered_at"))
    }
  }

  /// The first answer stays. An answer to a request that was never offered here has nobody who waits for it.
  static func record(_ answer: RequestAnswer, in db: Database) throws {
    try db.cachedStatement(
      sql: "UPDATE request SET is_accepted = ?, answer = ? WHERE id = ? AND is_accepted IS NULL"
    ).execute(arguments: [answer.isAccepted, answer.detail, answer.request])
  }

  static func answer(to request: String, in db: Database) throws -> RequestAnswer? {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT is_accepted, answer FROM request WHERE id = ? AND is_accepted IS NOT NULL"),
      arguments: [request])
    return try row.map { row in
      RequestAnswer(request: request, isAccepted: try row.integer("is_accepted") != 0, detail: try row.text("answer"))
    }
  }
}
