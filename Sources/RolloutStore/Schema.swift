internal import FailPoints
internal import Foundation
internal import GRDB
internal import RolloutEngine

/// The file's layout, and how a connection to it is set up.
enum Schema {
  /// "canr", in the file's header: tells a journal of ours from any other SQLite file.
  static let applicationID: Int64 = 0x6361_6e72

  /// How long a connection waits for another process's write lock, in seconds. A holder that waited this long for its
  /// renewal still renews before its lease runs out: 2 s of interval and 5 s of waiting are less than 8 s of life.
  static let busyTimeout: Double = 5

  /// What a message asks people to free: the write-ahead log at its usual size four times over.
  static let spaceToFree: Int64 = 16 * 1_048_576

  /// The write-ahead log is cut back to this after a checkpoint that emptied it. SQLite checkpoints after a commit that
  /// leaves it longer than 1000 pages, which is about this much.
  static let logLimit = 4 * 1_048_576

  /// Each entry takes a file from the version that is its index to the next. Released entries never change.
  static let migrations = [version1, version2]

  static var version: Int64 { Int64(migrations.count) }

  private static let version1 = """
    CREATE TABLE rollout (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      service TEXT NOT NULL,
      release TEXT NOT NULL,
      release_digest TEXT NOT NULL,
      kind TEXT NOT NULL,
      state TEXT NOT NULL,
      is_ended INTEGER NOT NULL,
      detail TEXT NOT NULL,
      started_by TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      ended_at INTEGER,
      proven_at INTEGER,
      head_sequence INTEGER,
      head_hash BLOB
    ) STRICT;
    CREATE INDEX rollout_by_service ON rollout (service, position);
    CREATE INDEX rollout_open ON rollout (position) WHERE is_ended = 0;

    CREATE TABLE event (
      rollout TEXT NOT NULL REFERENCES rollout (id),
      sequence INTEGER NOT NULL,
      at INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      kind TEXT NOT NULL,
      payload TEXT NOT NULL,
      previous_hash BLOB NOT NULL,
      hash BLOB NOT NULL,
      PRIMARY KEY (rollout, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER event_is_final BEFORE UPDATE ON event
      BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER event_is_kept BEFORE DELETE ON event
      BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

    CREATE TABLE lease (
      service TEXT PRIMARY KEY NOT NULL,
      epoch INTEGER NOT NULL,
      is_held INTEGER NOT NULL,
      controller TEXT NOT NULL,
      user TEXT NOT NULL,
      host TEXT NOT NULL,
      boot_id TEXT NOT NULL,
      pid INTEGER NOT NULL,
      process_start INTEGER NOT NULL,
      taken_at INTEGER NOT NULL,
      renewed_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      previous_renewal INTEGER
    ) STRICT;
    CREATE TRIGGER lease_epoch_grows BEFORE UPDATE OF epoch ON lease WHEN NEW.epoch < OLD.epoch
      BEGIN SELECT RAISE(ABORT, 'an epoch never falls'); END;
    CREATE TRIGGER lease_is_kept BEFORE DELETE ON lease
      BEGIN SELECT RAISE(ABORT, 'an epoch is never forgotten'); END;

    CREATE TABLE request (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      rollout TEXT NOT NULL,
      payload TEXT NOT NULL,
      offered_at INTEGER NOT NULL,
      is_accepted INTEGER,
      answer TEXT
    ) STRICT;
    CREATE INDEX request_pending ON request (rollout, position) WHERE is_accepted IS NULL;
    """

  private static let version2 = """
    CREATE TABLE sample (
      rollout TEXT NOT NULL REFERENCES rollout (id),
      sequence INTEGER NOT NULL,
      at INTEGER NOT NULL,
      payload TEXT NOT NULL,
      PRIMARY KEY (rollout, sequence)
    ) STRICT, WITHOUT ROWID;
    """

  // MARK: Opening

  /// Makes the empty file at `location` a journal, synced, with no log beside it.
  static func lay(at location: StoreLocation) throws {
    let queue = try DatabaseQueue(
      path: location.path, configuration: configuration(for: location, label: "journal.creator"))
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try migrate(db, at: location)
    }
    try queue.close()
  }

  /// A connection that writes: the file is ours, at our version, in WAL mode, and every commit is synced.
  static func openWriter(at location: StoreLocation) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(
      path: location.path, configuration: configuration(for: location, label: "journal.writer"))
    try queue.writeWithoutTransaction { db in
      try requireOurs(db, at: location)
      if try Int64.fetchOne(db, sql: "PRAGMA user_version") != version { try migrate(db, at: location) }
      try enterWAL(db, at: location)
      try db.execute(sql: "PRAGMA journal_size_limit = \(logLimit)")
      try db.execute(sql: "PRAGMA synchronous = FULL")
      // With NORMAL the last commits can be lost with the power, and an intent must survive it.
      guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
        throw StoreFailure.unusable(detail: "\(location.path): this SQLite library does not keep synchronous = FULL")
      }
    }
    return queue
  }

  /// A connection that reads. It never creates the file.
  static func openReader(at location: StoreLocation) throws -> DatabaseQueue {
    var configuration = configuration(for: location, label: "journal.reader")
    configuration.readonly = true
    do {
      let queue = try DatabaseQueue(path: location.path, configuration: configuration)
      try queue.read { try requireReadable($0, at: location) }
      return queue
    } catch let error as DatabaseError where Fault(error) == .storage && location.hasEmptyLog {
      // A full or read-only disk refuses the shared-memory file. Without a log nothing is lost by doing without it.
      let queue = try DatabaseQueue(path: location.immutableURI, configuration: configuration)
      try queue.read { try requireReadable($0, at: location) }
      return queue
    }
  }

  private static func configuration(for location: StoreLocation, label: String) -> Configuration {
    var configuration = Configuration()
    configuration.label = label
    configuration.busyMode = .timeout(location.busyTimeout)
    configuration.foreignKeysEnabled = true
    // GRDB ends the process when a transaction is left open. After an error of the storage it may be, because rolling
    // back fails too, and then the connection is closed.
    configuration.allowsUnsafeTransactions = true
    return configuration
  }

  // MARK: Checks and migrations

  private static func requireReadable(_ db: Database, at location: StoreLocation) throws {
    try requireOurs(db, at: location)
    let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard found == version else {
      throw StoreFailure.unavailable(
        detail: "\(location.path) has schema \(found) and must become schema \(version) first; "
          + "open it once for writing")
    }
  }

  /// Throws unless the file is a journal of ours of a version known here, or empty.
  private static func requireOurs(_ db: Database, at location: StoreLocation) throws {
    let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if application == 0, found == 0, try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 { return }
    guard application == applicationID else {
      throw StoreFailure.unusable(
        detail: "\(location.path) is an SQLite database of another program; name another file for the journal")
    }
    guard found <= version else {
      throw StoreFailure.unusable(
        detail: "\(location.path) was written by a newer canary (schema \(found), this one knows \(version)); "
          + "use that canary, or name another file for the journal")
    }
  }

  /// Of several processes that open a file of an older version one migrates it, the others find it done.
  private static func migrate(_ db: Database, at location: StoreLocation) throws {
    try db.inTransaction(.exclusive) {
      try requireOurs(db, at: location)
      FailPoints.reached(.migrate, .offered)
      let found = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      for migration in migrations.dropFirst(Int(clamping: max(0, found))) { try db.execute(sql: migration) }
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(version)")
      FailPoints.reached(.migrate, .written)
      FailPoints.reached(.migrate, .committing)
      return .commit
    }
    FailPoints.reached(.migrate, .synced)
  }

  /// Another process that is just opening the file makes the switch fail at once instead of letting it wait.
  private static func enterWAL(_ db: Database, at location: StoreLocation) throws {
    let deadline = Date(timeIntervalSinceNow: location.busyTimeout)
    while true {
      do {
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
          throw StoreFailure.unusable(
            detail: "the file system of \(location.path) has no shared memory for SQLite's write-ahead log; "
              + "put the journal on a local disk")
        }
        return
      } catch let error as DatabaseError where Fault(error) == .busy && Date() < deadline {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }
}

extension Row {
  /// Columns are read without trusting their names or types: a damaged page must end in an error.
  private func value(_ column: String) throws -> DatabaseValue {
    guard hasColumn(column) else { throw damage("there is no column \(column)") }
    return self[column]
  }

  func integer(_ column: String) throws -> Int64 {
    guard let value = Int64.fromDatabaseValue(try value(column)) else { throw damage("\(column) is no integer") }
    return value
  }

  func text(_ column: String) throws -> String {
    guard let value = String.fromDatabaseValue(try value(column)) else { throw damage("\(column) is no text") }
    return value
  }

  func blob(_ column: String) throws -> Data {
    guard case .blob(let data) = try value(column).storage else { throw damage("\(column) is no blob") }
    return data
  }

  func optionalInteger(_ column: String) throws -> Int64? {
    try value(column).isNull ? nil : try integer(column)
  }

  private func damage(_ message: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: message)
  }
}
