internal import Dispatch
internal import FailPoints
internal import GRDB
internal import RolloutCore
internal import RolloutEngine

/// Runs an actor's work on a thread of its own: SQLite blocks, for milliseconds at every sync and for seconds at a
/// lock, and must not hold the few threads that all tasks share.
final class BlockingExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(label: String) { queue = DispatchQueue(label: label) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}

/// One change, decided inside a transaction that it shares with others.
struct WriteJob: Sendable {
  let site: WriteSite
  /// Makes the change and gives the call that tells whoever asked once the transaction is committed.
  let run: @Sendable (Database, inout HeadLedger) throws -> @Sendable () -> Void
  /// Tells whoever asked that nothing was changed.
  let refuse: @Sendable (StoreFailure) -> Void
}

/// What this process knows of the ends of its rollouts' journals.
struct HeadLedger: Sendable {
  /// Heads that callers were told are on stable storage. They must be found again after any reopening.
  private(set) var acknowledged: [RolloutID: ChainHead] = [:]
  /// Heads of commits that failed. They may be found after a reopening.
  private(set) var doubted: [RolloutID: ChainHead] = [:]
  private var written: [(rollout: RolloutID, head: ChainHead, isEnded: Bool)] = []

  mutating func note(_ head: ChainHead?, of summary: RolloutSummary) {
    if let head { written.append((summary.id, head, summary.isEnded)) }
  }

  /// Where to go back to when what was noted since is undone.
  var mark: Int { written.count }

  mutating func undo(to mark: Int) { written.removeLast(max(0, written.count - mark)) }

  mutating func commit() {
    for entry in written {
      acknowledged[entry.rollout] = entry.isEnded ? nil : entry.head
      doubted[entry.rollout] = nil
    }
    written = []
  }

  mutating func doubt() {
    for entry in written { doubted[entry.rollout] = entry.head }
    written = []
  }
}

/// The one connection of this process that writes.
///
/// After an error of the storage it is closed, because an error of a sync is reported once and says nothing about what
/// is on the disk. The next write opens it again and first finds every acknowledged record.
actor WriteConnection {
  private let location: StoreLocation
  private let executor: BlockingExecutor
  private var connection: (queue: DatabaseQueue, file: FileIdentity)?
  private var ledger = HeadLedger()

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(location: StoreLocation) {
    self.location = location
    executor = BlockingExecutor(label: "journal.writer")
  }

  /// Opens the file now, so that its condition is known before the first write.
  func open() throws(StoreFailure) { _ = try usableQueue() }

  func close() { connection = nil }

  /// Runs `jobs` in one transaction with one sync, each with a result of its own.
  func commit(_ jobs: [WriteJob]) {
    do throws(StoreFailure) {
      let queue = try usableQueue()
      var attempt = ledger
      do {
        let settlements = try transaction(jobs, on: queue, ledger: &attempt)
        for job in jobs { FailPoints.reached(job.site, .synced) }
        attempt.commit()
        ledger = attempt
        for settle in settlements { settle() }
      } catch {
        attempt.doubt()
        ledger = attempt
        if (error as? DatabaseError).map({ Fault($0) != .busy }) ?? true { connection = nil }
        throw location.failure(error, verb: "write to")
      }
    } catch {
      for job in jobs { job.refuse(error) }
    }
  }

  private func transaction(_ jobs: [WriteJob], on queue: DatabaseQueue, ledger: inout HeadLedger) throws
    -> [@Sendable () -> Void]
  {
    var settlements: [@Sendable () -> Void] = []
    try queue.inTransaction(.immediate) { db in
      for job in jobs { settlements.append(try perform(job, in: db, ledger: &ledger)) }
      for job in jobs { try fail(at: job.site, .committing) }
      return .commit
    }
    return settlements
  }

  /// A job that fails by itself is undone alone; an error of the storage, or one after which SQLite has given up the
  /// transaction, is everybody's.
  private func perform(_ job: WriteJob, in db: Database, ledger: inout HeadLedger) throws -> @Sendable () -> Void {
    let mark = ledger.mark
    do {
      var settle: @Sendable () -> Void = {}
      try db.inSavepoint {
        try fail(at: job.site, .offered)
        settle = try job.run(db, &ledger)
        try fail(at: job.site, .written)
        return .commit
      }
      return settle
    } catch {
      let isOwn = (error as? DatabaseError).map { Fault($0) != .storage } ?? true
      guard isOwn, db.isInsideTransaction else { throw error }
      ledger.undo(to: mark)
      let failure = location.failure(error, verb: "write to")
      return { job.refuse(failure) }
    }
  }

  /// As a disk fails, where a test says so.
  private func fail(at site: WriteSite, _ stage: WriteStage) throws {
    if FailPoints.reached(site, stage) { throw DatabaseError(resultCode: .SQLITE_IOERR, message: "\(site.rawValue)") }
  }

  // MARK: Opening again

  private func usableQueue() throws(StoreFailure) -> DatabaseQueue {
    if let connection {
      if connection.file == location.identity { return connection.queue }
      self.connection = nil
      throw .unusable(
        detail: "\(location.path) was removed or replaced while in use; put the file back and start this process again")
    }
    if !ledger.acknowledged.isEmpty || !ledger.doubted.isEmpty { try requireFile() } else { try location.create() }
    do {
      let queue = try Schema.openWriter(at: location)
      try queue.read { try requireAcknowledged(in: $0) }
      guard let file = location.identity else { throw missingFile }
      connection = (queue, file)
      return queue
    } catch {
      throw location.failure(error, verb: "open")
    }
  }

  private func requireFile() throws(StoreFailure) {
    guard location.identity != nil else { throw missingFile }
  }

  private var missingFile: StoreFailure {
    .unusable(detail: "\(location.path) is gone; put the file back and start this process again")
  }

  private func requireAcknowledged(in db: Database) throws {
    for (rollout, head) in ledger.acknowledged {
      let found = try EventTable.record(head.sequence, of: rollout, in: db)
      guard found?.hash == head.hash else {
        throw StoreFailure.unusable(
          detail: "record \(head.sequence) of rollout \(rollout), written and acknowledged before, is not in "
            + "\(location.path) any more; the disk lost it: check the disk, restore a backup and start this process "
            + "again")
      }
    }
  }
}

/// A connection that reads. Every read is one short transaction, so that the write-ahead log can be emptied.
actor ReadConnection {
  private let location: StoreLocation
  private let executor: BlockingExecutor
  private var queue: DatabaseQueue?
  private var openings: Int64 = 0

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(location: StoreLocation, label: String) {
    self.location = location
    executor = BlockingExecutor(label: label)
  }

  func close() { queue = nil }

  func read<T: Sendable>(_ body: @Sendable (Database) throws -> T) throws(StoreFailure) -> T {
    do {
      let queue = try usableQueue()
      // A connection that ignores locks must not outlive the state of the disk that made it necessary.
      if queue.path != location.path { self.queue = nil }
      return try queue.read(body)
    } catch {
      if (error as? DatabaseError).map({ Fault($0) != .busy }) ?? false { queue = nil }
      throw location.failure(error, verb: "read")
    }
  }

  /// SQLite's own mark of commits by other connections, of this and other processes, which means something only
  /// between two looks through the same opening.
  func version() throws(StoreFailure) -> DataVersion {
    let version = try read { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    return DataVersion(opening: openings, version: version)
  }

  private func usableQueue() throws -> DatabaseQueue {
    if let queue { return queue }
    let queue = try Schema.openReader(at: location)
    openings += 1
    self.queue = queue
    return queue
  }
}

struct DataVersion: Hashable, Sendable {
  var opening: Int64
  var version: Int64
}
