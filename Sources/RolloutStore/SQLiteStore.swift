internal import FailPoints
internal import GRDB
public import RolloutCore
public import RolloutEngine

/// The journal, leases, operator requests and catalog in one SQLite file that several processes share.
///
/// `DESIGN.md` beside this file says what holds and why.
public struct SQLiteStore: Journal, Leases, OperatorRequests, RolloutCatalog, SampleStore {
  public let path: String
  private let connection: WriteConnection
  let writer: JournalWriter
  let reader: ReadConnection
  private let watcher: ChangeWatcher
  private var chain: ChainReader { ChainReader(connection: reader) }

  /// Opens the journal at `path`, and creates it (mode 600) and its directory (mode 700) where they are missing.
  ///
  /// A file that can be read while its disk is full or read-only is opened all the same; writes then throw
  /// `.unavailable` until there is space again. Throws `.unusable` for a file that is not a journal, or one written by
  /// a newer version, and `.unavailable` when the storage does not allow even reading.
  public static func open(at path: String) async throws(StoreFailure) -> SQLiteStore {
    try await open(StoreLocation(path: path))
  }

  static func open(_ location: StoreLocation) async throws(StoreFailure) -> SQLiteStore {
    let store = SQLiteStore(location)
    do {
      try await store.connection.open()
    } catch {
      guard case .unavailable = error else { throw error }
      let isReadable = (try? await store.reader.read { _ in true }) ?? false
      guard isReadable else { throw error }
    }
    return store
  }

  private init(_ location: StoreLocation) {
    path = location.path
    connection = WriteConnection(location: location)
    writer = JournalWriter(connection: connection)
    reader = ReadConnection(location: location, label: "journal.reader")
    watcher = ChangeWatcher(connection: ReadConnection(location: location, label: "journal.watcher"))
  }

  /// Closes the file. Later calls open it again.
  public func close() async {
    await connection.close()
    await reader.close()
    await watcher.close()
  }

  // MARK: Journal

  public func append(_ batch: JournalBatch, under lease: Lease) async throws(StoreFailure) {
    try await writer.write(.append) { db, ledger in
      let head = try EventTable.append(batch, under: lease, doubted: ledger.doubted[batch.summary.id], in: db)
      ledger.note(head, of: batch.summary)
    }
  }

  public func records(of rollout: RolloutID, from sequence: Int) async throws(StoreFailure) -> [JournalRecord] {
    var records: [JournalRecord] = []
    let report = try await chain.walk(rollout, from: max(0, sequence)) { records.append($0.journalRecord) }
    if case .broken(let sequence, let detail) = report {
      throw .corrupt(rollout: rollout, sequence: sequence, detail: detail)
    }
    return records
  }

  public func verify(_ rollout: RolloutID) async throws(StoreFailure) -> ChainReport {
    try await chain.walk(rollout, from: 0) { _ in }
  }

  // MARK: Samples

  public func appendSamples(_ records: [SampleRecord], of rollout: RolloutID, under lease: Lease)
    async throws(StoreFailure)
  {
    try await writer.write(.appendSamples) { db, _ in
      try SampleTable.append(records, of: rollout, under: lease, in: db)
    }
  }

  public func samples(of rollout: RolloutID, from sequence: Int, limit: Int) async throws(StoreFailure)
    -> [SampleRecord]
  {
    try await reader.read { try SampleTable.samples(of: rollout, from: sequence, limit: limit, in: $0) }
  }

  public func pruneSamples(service: String, keeping: Int) async throws(StoreFailure) {
    try await writer.write(.pruneSamples) { db, _ in try SampleTable.prune(service: service, keeping: keeping, in: db) }
  }

  // MARK: Leases

  public func acquire(service: String, holder: LeaseHolder, now: Timestamp) async throws(StoreFailure)
    -> Result<Lease, LeaseRefusal>
  {
    try await writer.write(.acquire) { db, _ in try LeaseTable.acquire(service, for: holder, now: now, in: db) }
  }

  public func renew(_ lease: Lease, now: Timestamp) async throws(StoreFailure) {
    try await writer.write(.renew) { db, _ in try LeaseTable.renew(lease, now: now, in: db) }
  }

  public func release(_ lease: Lease) async throws(StoreFailure) {
    try await writer.write(.release) { db, _ in try LeaseTable.release(lease, in: db) }
  }

  // MARK: Requests

  public func offer(_ request: OperatorRequest) async throws(StoreFailure) {
    try await writer.write(.offer) { db, _ in try RequestTable.offer(request, in: db) }
  }

  public func pending(for rollout: RolloutID) async throws(StoreFailure) -> [OperatorRequest] {
    try await reader.read { try RequestTable.pending(for: rollout, in: $0) }
  }

  public func answer(to request: String) async throws(StoreFailure) -> RequestAnswer? {
    try await reader.read { try RequestTable.answer(to: request, in: $0) }
  }

  // MARK: Catalog

  public func summary(of rollout: RolloutID) async throws(StoreFailure) -> RolloutSummary? {
    try await reader.read { try CatalogQueries.summary(of: rollout, in: $0) }
  }

  public func summaries(service: String?, openOnly: Bool, limit: Int) async throws(StoreFailure) -> [RolloutSummary] {
    try await reader.read {
      try CatalogQueries.summaries(service: service, openOnly: openOnly, limit: limit, in: $0)
    }
  }

  public func lastProven(service: String, excluding version: Version?) async throws(StoreFailure) -> RolloutSummary? {
    try await reader.read { try CatalogQueries.lastProven(service: service, excluding: version, in: $0) }
  }

  public func changeCounter() async throws(StoreFailure) -> Int64 { try await watcher.counter() }
}

/// Turns SQLite's mark of foreign commits, which starts anew with every opening, into one number that only grows.
actor ChangeWatcher {
  private let connection: ReadConnection
  private var seen: DataVersion?
  private var changes: Int64 = 0

  init(connection: ReadConnection) { self.connection = connection }

  /// The watching connection writes nothing, so commits of this process count like those of any other.
  func counter() async throws(StoreFailure) -> Int64 {
    let version = try await connection.version()
    if version != seen {
      changes &+= 1
      seen = version
    }
    return changes
  }

  func close() async { await connection.close() }
}
