import Foundation
import GRDB
import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

/// Whatever is done to one rollout's records in the file, the store names the rollout and its first bad record, hands
/// nothing out, and serves the others as before.
@Suite(.serialized) struct DamagedStoreTests {
  /// A change to the record whose sequence is `:i` of the rollout `:id`, and how far behind it the first bad record is.
  struct Damage: CustomTestStringConvertible, Sendable {
    var name: String
    var sql: String
    var offset = 0
    /// Not at the last record: there would be nothing to change.
    var spareLast = false
    var testDescription: String { name }
  }

  static let here = "WHERE rollout = :id AND sequence = :i"

  static let damages: [Damage] = [
    Damage(name: "time flipped", sql: "UPDATE event SET at = at + 4096 \(here)"),
    Damage(name: "epoch flipped", sql: "UPDATE event SET epoch = epoch + 2 \(here)"),
    Damage(name: "sequence flipped", sql: "UPDATE event SET sequence = sequence + 65536 \(here)"),
    Damage(name: "rollout flipped", sql: "UPDATE event SET rollout = 'q' || rollout \(here)"),
    Damage(
      name: "cut within the payload",
      sql: "UPDATE event SET payload = substr(payload, 1, length(payload) / 2) \(here)"),
    Damage(name: "payload emptied", sql: "UPDATE event SET payload = '' \(here)"),
    Damage(
      name: "cut after it", sql: "DELETE FROM event WHERE rollout = :id AND sequence > :i", offset: 1, spareLast: true),
    Damage(name: "dropped", sql: "DELETE FROM event \(here)"),
    Damage(
      name: "swapped with its neighbour",
      sql: """
        UPDATE event SET sequence = -1 \(here);
        UPDATE event SET sequence = :i WHERE rollout = :id AND sequence = :i + 1;
        UPDATE event SET sequence = :i + 1 WHERE rollout = :id AND sequence = -1;
        """, spareLast: true),
    Damage(
      name: "repeated",
      sql: """
        UPDATE event SET sequence = -sequence WHERE rollout = :id AND sequence > :i;
        UPDATE event SET sequence = 1 - sequence WHERE rollout = :id AND sequence < 0;
        INSERT INTO event SELECT rollout, :i + 1, at, epoch, kind, payload, previous_hash, hash FROM event \(here);
        """, offset: 1),
    Damage(
      name: "another rollout's tail",
      sql: """
        DELETE FROM event WHERE rollout = :id AND sequence >= :i;
        INSERT INTO event SELECT :id, sequence, at, epoch, kind, payload, previous_hash, hash FROM event
        WHERE rollout = :other AND sequence >= :i;
        """),
  ]

  static let victims = ["killed-in-steps", "revert-fails-then-retried"]

  @Test(arguments: victims, damages) func everyRecord(_ victim: String, _ damage: Damage) async throws {
    let file = try await StoredJournals(victim, "killed-and-left", "paused-and-resumed")
    let (id, count) = (file.journals[0].row.id, file.journals[0].records.count)
    for index in 0..<(damage.spareLast ? count - 1 : count) {
      // Not bound: a statement takes no arguments that it does not name.
      let sql = damage.sql.replacing(":id", with: "'\(id)'").replacing(":i", with: "\(index)")
        .replacing(":other", with: "'\(file.journals[2].row.id)'")
      try file.tamper(sql)
      try await expectQuarantine(file, firstBad: index + damage.offset, "\(damage.name) at record \(index)")
      try file.restore()
    }
    try await expectWhole(file)
    try await file.close()
  }

  /// The first, the middle and the last byte of each text and blob of every record.
  @Test(arguments: victims, ["kind", "payload", "previous_hash", "hash"])
  func everyChangedByte(_ victim: String, _ column: String) async throws {
    let file = try await StoredJournals(victim, "killed-and-left", "paused-and-resumed")
    let id = file.journals[0].row.id
    for (index, record) in file.journals[0].records.enumerated() {
      let text = column == "kind" ? record.kind : record.payload
      let length = column.hasSuffix("hash") ? 32 : text.utf8.count
      for place in Set([0, length / 2, length - 1]).sorted() {
        let cell = column.hasSuffix("hash") ? "BLOB" : "TEXT"
        try file.tamper(
          """
          UPDATE event SET \(column) = CAST(
            substr(CAST(\(column) AS BLOB), 1, :place) ||
            (SELECT CASE WHEN substr(CAST(\(column) AS BLOB), :place + 1, 1) = x'41' THEN x'42' ELSE x'41' END) ||
            substr(CAST(\(column) AS BLOB), :place + 2) AS \(cell))
          WHERE rollout = :id AND sequence = :i
          """, ["place": place, "id": id.text, "i": index])
        try await expectQuarantine(file, firstBad: index, "byte \(place) of the \(column) of record \(index)")
        try file.restore()
      }
    }
    try await file.close()
  }

  /// The row names the last record; without it, or with another one, nothing shows that the chain is all there was.
  @Test func theRowsMarkIsPartOfTheChain() async throws {
    let file = try await StoredJournals("killed-in-steps", "killed-and-left", "paused-and-resumed")
    let (id, count) = (file.journals[0].row.id, file.journals[0].records.count)
    for (sql, firstBad) in [
      ("UPDATE rollout SET head_sequence = head_sequence + 1 WHERE id = :id", count),
      ("UPDATE rollout SET head_sequence = head_sequence - 1 WHERE id = :id", count),
      ("UPDATE rollout SET head_hash = zeroblob(32) WHERE id = :id", count),
      ("UPDATE rollout SET head_sequence = NULL WHERE id = :id", count),
    ] {
      try file.tamper(sql, ["id": id.text])
      try await expectQuarantine(file, firstBad: firstBad, sql)
      try file.restore()
    }
    try await file.close()
  }

  /// What nobody can see from within the file: an older state of one rollout that adds up. The head tells.
  @Test func anOlderStateAddsUpAndHasAnotherHead() async throws {
    let file = try await StoredJournals("killed-in-steps")
    let id = file.journals[0].row.id
    guard case .intact(_, let head?) = try await file.store.verify(id) else {
      Issue.record("not whole")
      return
    }
    try file.tamper(
      """
      DELETE FROM event WHERE rollout = :id AND sequence > 4;
      UPDATE rollout SET head_sequence = 4, head_hash = (SELECT hash FROM event WHERE rollout = :id AND sequence = 4)
      WHERE id = :id
      """, ["id": id.text])
    guard case .intact(5, let older?) = try await file.store.verify(id) else {
      Issue.record("not whole")
      return
    }
    #expect(older != head)
    try await file.close()
  }

  // MARK: What holds

  private func expectQuarantine(_ file: StoredJournals, firstBad: Int, _ what: String) async throws {
    let id = file.journals[0].row.id
    let refusal = await failure { () throws(StoreFailure) in try await file.store.records(of: id, from: 0) }
    guard case .corrupt(id, let sequence, let detail)? = refusal else {
      Issue.record("\(what): \(refusal.map { "\($0)" } ?? "handed out as if nothing had happened")")
      return
    }
    #expect(sequence == firstBad, "\(what): \(detail)")
    #expect(!detail.isEmpty)
    guard case .broken(firstBad, _) = try await file.store.verify(id) else {
      Issue.record("\(what): verify says otherwise")
      return
    }
    for other in file.journals.dropFirst() {
      #expect(try await file.store.records(of: other.row.id, from: 0) == other.records, "\(what)")
    }
    let listed = try await file.store.summaries(service: nil, openOnly: false, limit: 9).map(\.id)
    #expect(listed == file.journals.reversed().map(\.row.id), "\(what)")
  }

  private func expectWhole(_ file: StoredJournals) async throws {
    for journal in file.journals {
      #expect(try await file.store.records(of: journal.row.id, from: 0) == journal.records)
    }
  }
}
