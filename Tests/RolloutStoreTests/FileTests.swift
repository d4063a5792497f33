import Foundation
import GRDB
import RolloutCore
import RolloutEngine
import Testing

@testable import RolloutStore

@Suite struct FileTests {
  let scratch = Scratch()

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  private func openingFailure(_ path: String) async -> StoreFailure? {
    await failure { () throws(StoreFailure) in try await SQLiteStore.open(at: path) }
  }

  @Test func onlyItsOwnerMayReadAJournal() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    _ = try await store.mustAcquire()
    for suffix in ["", "-wal", "-shm"] { #expect(try mode(scratch.journal + suffix) == 0o600, "\(suffix)") }
    #expect(try mode(scratch.directory + "/state") == 0o700)
    #expect(try mode(scratch.directory) == 0o700)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: scratch.journal)
    _ = try await SQLiteStore.open(at: scratch.journal)
    #expect(try mode(scratch.journal) == 0o640, "permissions that somebody chose are theirs")
  }

  @Test func commitsAreSyncedAndForeignKeysHold() throws {
    let location = StoreLocation(path: scratch.journal)
    try location.create()
    let queue = try Schema.openWriter(at: location)
    let expected = [
      "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "journal_mode": "wal",
      "application_id": "\(Schema.applicationID)", "user_version": "\(Schema.version)",
    ]
    for (name, value) in expected {
      let found = try queue.read { try String.fetchOne($0, sql: "PRAGMA \(name)") }
      #expect(found == value, "\(name)")
    }
  }

  @Test func recordsAndEpochsAreGuardedByTheFileItself() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    try await store.append(batch(0..<1), under: try await store.mustAcquire())
    let queue = try DatabaseQueue(path: scratch.journal)
    for sql in [
      "UPDATE event SET payload = ''", "DELETE FROM event", "UPDATE lease SET epoch = 0", "DELETE FROM lease",
    ] {
      await #expect(throws: DatabaseError.self, "\(sql)") { try await queue.write { try $0.execute(sql: sql) } }
    }
  }

  @Test func aNewerFileIsRefusedAndLeftAlone() async throws {
    await (try await SQLiteStore.open(at: scratch.journal)).close()
    try tamper(scratch.journal, "PRAGMA user_version = 99")
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch.journal))
    let failure = await openingFailure(scratch.journal)
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("newer canary (schema 99, this one knows \(Schema.version))") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.journal)) == before)
  }

  @Test func aForeignDatabaseIsRefusedAndLeftAlone() async throws {
    let path = scratch.journal
    try FileManager.default.createDirectory(atPath: scratch.directory + "/state", withIntermediateDirectories: true)
    try tamper(path, "CREATE TABLE theirs (x)")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let failure = await openingFailure(path)
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("another program") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func whatIsNoDatabaseIsRefusedWithWhatToDo() async throws {
    try FileManager.default.createDirectory(atPath: scratch.directory + "/state", withIntermediateDirectories: true)
    let text = Data(String(repeating: "this is a letter, not a journal\n", count: 300).utf8)
    try text.write(to: URL(fileURLWithPath: scratch.journal))
    let failure = await openingFailure(scratch.journal)
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("move it away") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.journal)) == text)
    #expect(await openingFailure(scratch.directory)?.isUnusable == true)
    #expect(await openingFailure(scratch.journal + "/below/a/file")?.isUnusable == true)
  }

  /// A journal appears whole under its name, so an empty one has lost what it held.
  @Test func anEmptyFileIsNoEmptyHistory() async throws {
    try FileManager.default.createDirectory(atPath: scratch.directory + "/state", withIntermediateDirectories: true)
    #expect(FileManager.default.createFile(atPath: scratch.journal, contents: Data()))
    let failure = await openingFailure(scratch.journal)
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("is empty, which a journal never is") == true)
  }

  /// SQLite plays a log that it finds beside a journal into it, whosever it is.
  @Test(arguments: ["-wal", "-journal"]) func noJournalIsMadeBesideWhatALostOneLeft(_ suffix: String) async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    try await store.append(batch(0..<3), under: try await store.mustAcquire())
    let log = try Data(contentsOf: URL(fileURLWithPath: scratch.journal + "-wal"))
    #expect(!log.isEmpty)
    await store.close()
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: scratch.journal + suffix) }
    try log.write(to: URL(fileURLWithPath: scratch.journal + suffix))
    let failure = await openingFailure(scratch.journal)
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("\(scratch.journal)\(suffix) of it is still there") == true)
    #expect(!FileManager.default.fileExists(atPath: scratch.journal))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.journal + suffix)) == log)
    try FileManager.default.removeItem(atPath: scratch.journal + suffix)
    #expect(await openingFailure(scratch.journal) == nil)
  }

  @Test func nothingIsLeftBesideANewJournal() async throws {
    await withTaskGroup(of: StoreFailure?.self) { group in
      for _ in 0..<8 { group.addTask { await openingFailure(scratch.journal) } }
      for await failure in group { #expect(failure == nil) }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.directory + "/state")
    let own: Set = ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"]
    #expect(own.isSuperset(of: names), "\(names)")
  }

  @Test func aFileTakenAwayUnderTheStoreIsNoticed() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await store.mustAcquire()
    try await store.append(batch(0..<1), under: lease)
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.moveItem(atPath: scratch.journal + suffix, toPath: scratch.journal + ".aside" + suffix)
    }
    for sequence in 1...2 {
      let failure = await failure { () throws(StoreFailure) in
        try await store.append(batch(sequence..<sequence + 1), under: lease)
      }
      #expect(failure?.isUnusable == true)
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.journal))
    for suffix in ["", "-wal", "-shm"] {
      let aside = scratch.journal + ".aside" + suffix
      guard FileManager.default.fileExists(atPath: aside) else { continue }
      try FileManager.default.moveItem(atPath: aside, toPath: scratch.journal + suffix)
    }
    try await store.append(batch(1..<2), under: lease)
  }

  @Test func aJournalThatLostAcknowledgedRecordsIsNotWrittenOn() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await store.mustAcquire()
    try await store.append(batch(0..<3), under: lease)
    await store.close()
    try tamper(
      scratch.journal,
      """
      UPDATE rollout SET head_sequence = 1, head_hash = (SELECT hash FROM event WHERE sequence = 1);
      DELETE FROM event WHERE sequence = 2;
      """)
    let failure = await failure { () throws(StoreFailure) in try await store.append(batch(2..<3), under: lease) }
    #expect(failure?.isUnusable == true)
    #expect(failure?.detail.contains("record 2 of rollout r1") == true)
  }

  @Test func aLockThatIsNotLetGoIsNamedAndReadsGoOn() async throws {
    let store = try await SQLiteStore.open(StoreLocation(path: scratch.journal, busyTimeout: 0.05))
    let lease = try await store.mustAcquire()
    var unsafe = Configuration()
    unsafe.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: scratch.journal, configuration: unsafe)
    try lock(other)
    let failure = await failure { () throws(StoreFailure) in try await store.append(batch(0..<1), under: lease) }
    #expect(failure?.isUnavailable == true)
    #expect(failure?.detail.contains("another process has held its write lock") == true)
    #expect(try await store.records(of: "r1", from: 0).isEmpty)
    try other.close()
    try await store.append(batch(0..<1), under: lease)
  }

  private func lock(_ queue: DatabaseQueue) throws {
    try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
  }

  @Test func theLogIsEmptiedWhileReadersComeAndGo() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await store.mustAcquire()
    let payload = String(repeating: "x", count: 20_000)
    for sequence in 0..<900 {
      try await store.append(
        JournalBatch(records: [record(sequence, payload: payload)], summary: summary(), answers: []), under: lease)
      if sequence % 100 == 0 { _ = try await store.records(of: "r1", from: 0) }
    }
    let log = try FileManager.default.attributesOfItem(atPath: scratch.journal + "-wal")[.size] as? Int
    #expect(try #require(log) < 3 * Schema.logLimit)
  }
}

@Suite struct GroupCommitTests {
  let scratch = Scratch()

  /// Commit frames in the write-ahead log name the size of the database after the commit in bytes 4 to 7 of their
  /// header (SQLite file format, section 4.1).
  private func commits() throws -> Int {
    let log = try Data(contentsOf: URL(fileURLWithPath: scratch.journal + "-wal"))
    let pageSize = log[8..<12].reduce(0) { $0 << 8 | Int($1) }
    let salt = log[16..<24]
    return stride(from: 32, to: log.count - 24, by: 24 + pageSize).count { frame in
      log[frame + 8..<frame + 16].elementsEqual(salt) && log[frame + 4..<frame + 8].contains { $0 != 0 }
    }
  }

  @Test func rolloutsShareCommits() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let writers = 40
    var leases: [Lease] = []
    for index in 0..<writers { leases.append(try await store.mustAcquire("s\(index)")) }
    let before = try commits()
    await withTaskGroup(of: Void.self) { group in
      for (index, lease) in leases.enumerated() {
        group.addTask {
          let summary = summary(RolloutID("r\(index)"), service: lease.service)
          for sequence in 0..<5 {
            let failure = await failure { () throws(StoreFailure) in
              try await store.append(batch(sequence..<sequence + 1, of: summary), under: lease)
            }
            #expect(failure == nil)
          }
        }
      }
    }
    let used = try commits() - before
    #expect(used >= 5)
    #expect(used < writers * 5 / 2, "\(used) commits for \(writers * 5) appends")
    for index in 0..<writers { #expect(try await store.records(of: RolloutID("r\(index)"), from: 0).count == 5) }
  }

  @Test func oneLostLeaseOrConflictDoesNotTouchTheOthers() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    var leases: [Lease] = []
    for index in 0..<30 { leases.append(try await store.mustAcquire("s\(index)")) }
    for index in stride(from: 0, to: 30, by: 3) {
      _ = try await store.mustAcquire("s\(index)", by: stranger("b"), now: at(60))
    }
    let failures = await withTaskGroup(of: (Int, StoreFailure?).self, returning: [Int: StoreFailure].self) { group in
      for (index, lease) in leases.enumerated() {
        group.addTask {
          let summary = summary(RolloutID("r\(index)"), service: lease.service)
          let sequences = index % 3 == 1 ? 5..<6 : 0..<1
          return (
            index,
            await failure { () throws(StoreFailure) in
              try await store.append(batch(sequences, of: summary), under: lease)
            }
          )
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for index in 0..<30 {
      switch index % 3 {
      case 0: #expect(failures[index]?.isLeaseLost == true)
      case 1: #expect(failures[index]?.isConflict == true)
      default: #expect(failures[index] == nil)
      }
      let written = try await store.records(of: RolloutID("r\(index)"), from: 0).count
      #expect(written == (index % 3 == 2 ? 1 : 0))
      #expect((try await store.summary(of: RolloutID("r\(index)")) != nil) == (index % 3 == 2))
    }
  }
}
