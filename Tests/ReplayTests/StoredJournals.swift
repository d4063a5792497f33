import Foundation
import GRDB
import RolloutCore
import RolloutEngine
import RolloutStore

/// Recorded journals in a real store's file, and somebody who changes that file behind the store's back.
final class StoredJournals {
  let directory: String
  let journals: [RecordedJournal]
  let store: SQLiteStore
  private let intruder: DatabaseQueue

  var path: String { directory + "/journal.db" }

  /// Every journal is written as a controller writes it, turn by turn.
  init(_ names: String...) async throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("canary-replay-\(UUID())").path
    journals = try names.map { try RecordedJournal.named($0) }
    store = try await SQLiteStore.open(at: directory + "/journal.db")
    let holder = LeaseHolder(
      controller: "recorder", user: "ann", host: "elsewhere", bootID: "b", pid: 7, processStart: 1)
    let now = Timestamp(milliseconds: 1_800_000_000_000)
    let lease = try await store.acquire(service: "shop", holder: holder, now: now).get()
    for journal in journals {
      let states = try journal.states()
      for start in stride(from: 0, to: journal.records.count, by: 3) {
        let records = Array(journal.records[start..<min(start + 3, journal.records.count)])
        let summary = states[start + records.count - 1].summary
        try await store.append(JournalBatch(records: records, summary: summary, answers: []), under: lease)
      }
    }
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    intruder = try DatabaseQueue(path: directory + "/journal.db", configuration: configuration)
    try await intruder.writeWithoutTransaction { db in
      try db.execute(
        sql: """
          PRAGMA synchronous = OFF;
          DROP TRIGGER event_is_final; DROP TRIGGER event_is_kept;
          CREATE TABLE kept_event AS SELECT * FROM event; CREATE TABLE kept_rollout AS SELECT * FROM rollout;
          """)
    }
  }

  /// Changes the file while nobody looks.
  func tamper(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
    try intruder.write { try $0.execute(sql: sql, arguments: arguments) }
  }

  func restore() throws {
    try tamper(
      """
      DELETE FROM event; INSERT INTO event SELECT * FROM kept_event;
      DELETE FROM rollout; INSERT INTO rollout SELECT * FROM kept_rollout;
      """)
  }

  /// Moves everything into the file itself, and leaves no page of it unused.
  func compact() throws {
    try intruder.writeWithoutTransaction { db in
      try db.execute(
        sql: "DROP TABLE kept_event; DROP TABLE kept_rollout; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  func close() async throws {
    await store.close()
    try intruder.close()
    try FileManager.default.removeItem(atPath: directory)
  }
}

/// The failure of `body`, or nil when it succeeded.
func failure<T>(of body: () async throws(StoreFailure) -> T) async -> StoreFailure? {
  do throws(StoreFailure) {
    _ = try await body()
    return nil
  } catch { return error }
}
