public import RolloutCore
public import RolloutEngine

/// The same duties as `SQLiteStore` without a file: for tests of the engine, and for dry runs that leave nothing
/// behind. What it holds is gone with it.
public actor InMemoryStore: Journal, Leases, LeaseBoard, OperatorRequests, RolloutCatalog, SampleStore {
  private struct Entry {
    var summary: RolloutSummary
    var records: [JournalRecord] = []
    var samples: [SampleRecord] = []
  }

  private struct Request {
    var request: OperatorRequest
    var answer: RequestAnswer?
  }

  private let isKnownDead: @Sendable (LeaseHolder) -> Bool
  /// In the order in which they entered.
  private var rollouts: [Entry] = []
  private var requests: [Request] = []
  private var leases: [String: LeaseRow] = [:]
  private var changes: Int64 = 0
  private var refusal: StoreFailure?

  /// `isKnownDead` decides whether a lease's holder is gone before its lease has expired.
  public init(isKnownDead: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isKnownDead }) {
    self.isKnownDead = isKnownDead
  }

  /// Makes every write fail like this, as a full disk would, until it is called with nil. Reads go on.
  public func refuseWrites(with failure: StoreFailure?) { refusal = failure }

  private func requireWritable() throws(StoreFailure) {
    if let refusal { throw refusal }
  }

  private func index(of rollout: RolloutID) -> Int? { rollouts.firstIndex { $0.summary.id == rollout } }

  // MARK: Journal

  public func append(_ batch: JournalBatch, under lease: Lease) async throws(StoreFailure) {
    try requireWritable()
    try requireHeld(lease)
    let rollout = batch.summary.id
    let position = index(of: rollout)
    for service in [position.map { rollouts[$0].summary.service }, batch.summary.service] {
      guard let service, service != lease.service else { continue }
      throw .conflict(detail: "rollout \(rollout) is of service \(service), the lease is for \(lease.service)")
    }
    var entry = position.map { rollouts[$0] } ?? Entry(summary: batch.summary)
    for record in batch.records {
      guard record.sequence == entry.records.count else {
        throw .conflict(
          detail: "rollout \(rollout): record \(record.sequence) was offered where record \(entry.records.count) is "
            + "due; read the journal again before acting on it")
      }
      entry.records.append(record)
    }
    entry.summary = batch.summary
    if let position { rollouts[position] = entry } else { rollouts.append(entry) }
    for answer in batch.answers {
      guard let known = requests.firstIndex(where: { $0.request.id == answer.request }) else { continue }
      if requests[known].answer == nil { requests[known].answer = answer }
    }
    changes &+= 1
  }

  public func records(of rollout: RolloutID, from sequence: Int) async throws(StoreFailure) -> [JournalRecord] {
    guard let position = index(of: rollout) else { return [] }
    return Array(rollouts[position].records.dropFirst(max(0, sequence)))
  }

  public func putAside(_ rollout: RolloutID, detail: String, at: Timestamp, under lease: Lease)
    async throws(StoreFailure)
  {
    try requireWritable()
    try requireHeld(lease)
    guard let position = index(of: rollout), !rollouts[position].summary.isEnded,
      rollouts[position].summary.service == lease.service
    else { throw .conflict(detail: "\(rollout) is no open rollout of \(lease.service)") }
    rollouts[position].summary.state = Fate.superseded.rawValue
    rollouts[position].summary.isEnded = true
    rollouts[position].summary.detail = detail
    rollouts[position].summary.endedAt = at
    changes &+= 1
  }

  // MARK: Samples

  public func appendSamples(_ records: [SampleRecord], of rollout: RolloutID, under lease: Lease)
    async throws(StoreFailure)
  {
    try requireWritable()
    try requireHeld(lease)
    guard let position = index(of: rollout), rollouts[position].summary.service == lease.service else {
      throw .conflict(detail: "rollout \(rollout) is not one of service \(lease.service)")
    }
    var samples = rollouts[position].samples
    for record in records {
      if samples.indices.contains(record.sequence), samples[record.sequence] == record { continue }
      guard record.sequence == samples.count else {
        throw SampleTable.conflict(rollout, record.sequence, samples.count)
      }
      samples.append(record)
    }
    rollouts[position].samples = samples
    changes &+= 1
  }

  public func samples(of rollout: RolloutID, from sequence: Int, limit: Int) async throws(StoreFailure)
    -> [SampleRecord]
  {
    guard let position = index(of: rollout) else { return [] }
    return Array(rollouts[position].samples.dropFirst(max(0, sequence)).prefix(max(0, limit)))
  }

  public func pruneSamples(service: String, keeping: Int) async throws(StoreFailure) {
    try requireWritable()
    let ended = rollouts.indices.reversed().filter {
      rollouts[$0].summary.service == service && rollouts[$0].summary.isEnded
    }
    for position in ended.dropFirst(max(0, keeping)) { rollouts[position].samples = [] }
  }

  // MARK: Leases

  public func acquire(service: String, holder: LeaseHolder, now: Timestamp) async throws(StoreFailure)
    -> Result<Lease, LeaseRefusal>
  {
    try requireWritable()
    let acquisition = LeaseRow.acquiring(
      service, for: holder, over: leases[service], now: now, isKnownDead: isKnownDead)
    switch acquisition {
    case .granted(let row):
      changes &+= 1
      leases[service] = row
      return .success(row.lease)
    case .refused(let row):
      if row != leases[service] { changes &+= 1 }
      leases[service] = row
      return .failure(row.refusal)
    case nil: throw .unusable(detail: "the epoch of service \(service) cannot grow")
    }
  }

  public func renew(_ lease: Lease, now: Timestamp) async throws(StoreFailure) {
    try requireWritable()
    leases[lease.service] = try requireHeld(lease).renewed(now)
    changes &+= 1
  }

  public func release(_ lease: Lease) async throws(StoreFailure) {
    try requireWritable()
    guard leases[lease.service]?.isHeld(by: lease) == true else { return }
    leases[lease.service]?.isHeld = false
    changes &+= 1
  }

  public func leaseHolder(of service: String) async throws(StoreFailure) -> LeaseRefusal? {
    leases[service].flatMap { $0.isHeld ? $0.refusal : nil }
  }

  public func lastEpoch(of service: String) async throws(StoreFailure) -> Int64 { leases[service]?.lease.epoch ?? 0 }

  public func raiseEpoch(of service: String, above epoch: Int64, for holder: LeaseHolder) async throws(StoreFailure) {
    try requireWritable()
    guard let row = try LeaseRow.raised(leases[service], service, above: epoch, holder) else { return }
    leases[service] = row
    changes &+= 1
  }

  @discardableResult
  private func requireHeld(_ lease: Lease) throws(StoreFailure) -> LeaseRow {
    guard let row = leases[lease.service] else {
      throw .leaseLost(detail: "nobody ever took the lease of \(lease.service) in this journal")
    }
    guard row.isHeld(by: lease) else { throw row.loss(of: lease) }
    return row
  }

  // MARK: Requests

  public func offer(_ request: OperatorRequest) async throws(StoreFailure) {
    try requireWritable()
    guard !requests.contains(where: { $0.request.id == request.id }) else { return }
    requests.append(Request(request: request))
    changes &+= 1
  }

  public func pending(for rollout: RolloutID) async throws(StoreFailure) -> [OperatorRequest] {
    requests.filter { $0.request.rollout == rollout && $0.answer == nil }.map(\.request)
  }

  public func answer(to request: String) async throws(StoreFailure) -> RequestAnswer? {
    requests.first { $0.request.id == request }?.answer
  }

  // MARK: Catalog

  public func summary(of rollout: RolloutID) async throws(StoreFailure) -> RolloutSummary? {
    index(of: rollout).map { rollouts[$0].summary }
  }

  public func summaries(service: String?, openOnly: Bool, limit: Int) async throws(StoreFailure) -> [RolloutSummary] {
    let fitting = rollouts.reversed().lazy.map(\.summary).filter { summary in
      (service == nil || summary.service == service) && !(openOnly && summary.isEnded)
    }
    return Array(fitting.prefix(max(0, limit)))
  }

  public func lastProven(service: String, excluding version: Version?) async throws(StoreFailure) -> RolloutSummary? {
    rollouts.last {
      $0.summary.service == service && $0.summary.provenAt != nil && $0.summary.release != version
    }?.summary
  }

  public func changeCounter() async throws(StoreFailure) -> Int64 { changes }
}
