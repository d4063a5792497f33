internal import RolloutCore
internal import RolloutEngine

/// What a store holds, and the rules of its transactions.
struct StoreContents {
  struct Entry {
    var summary: RolloutSummary
    var records: [JournalRecord] = []
    var samples: [SampleRecord] = []
    /// Epoch and process of the last batch: only they may offer it once more.
    var lastEpoch: Int64 = 0
    var lastWriter = 0
  }

  struct Request {
    var request: OperatorRequest
    var answer: RequestAnswer?
  }

  /// In the order in which they entered.
  private(set) var rollouts: [Entry] = []
  private(set) var requests: [Request] = []
  private(set) var leases: [String: LeaseRow] = [:]
  private(set) var changes: Int64 = 0
  /// Rollouts with a record that does not add up.
  var poisoned: [RolloutID] = []

  func index(of rollout: RolloutID) -> Int? { rollouts.firstIndex { $0.summary.id == rollout } }

  func entry(_ rollout: RolloutID) -> Entry? { index(of: rollout).map { rollouts[$0] } }

  // MARK: Journal

  /// True when the records were new.
  mutating func append(_ batch: JournalBatch, under lease: Lease, by writer: Int) -> Result<Bool, StoreFailure> {
    if case .failure(let failure) = held(lease) { return .failure(failure) }
    let rollout = batch.summary.id
    if poisoned.contains(rollout) { return .failure(.corrupt(rollout: rollout, sequence: 1, detail: "a bad record")) }
    let position = index(of: rollout)
    for service in [position.map { rollouts[$0].summary.service }, batch.summary.service] {
      guard let service, service != lease.service else { continue }
      return .failure(.conflict(detail: "the lease is of another service"))
    }
    var entry = position.map { rollouts[$0] } ?? Entry(summary: batch.summary)
    let isThere = holds(batch, entry, lease, writer)
    if !isThere {
      for record in batch.records {
        guard record.sequence == entry.records.count else {
          return .failure(
            .conflict(detail: "record \(record.sequence) was offered where record \(entry.records.count) is due"))
        }
        entry.records.append(record)
      }
    }
    if planted(.storeTearsBatches), batch.records.count > 2, batch.records.count % 3 == 0 { entry.records.removeLast() }
    entry.summary = batch.summary
    (entry.lastEpoch, entry.lastWriter) = (lease.epoch, writer)
    if let position { rollouts[position] = entry } else { rollouts.append(entry) }
    for answer in batch.answers {
      guard let known = requests.firstIndex(where: { $0.request.id == answer.request }) else { continue }
      if requests[known].answer == nil { requests[known].answer = answer }
    }
    changes &+= 1
    return .success(!isThere)
  }

  /// A batch whose writer was told that it failed, and which is there all the same.
  private func holds(_ batch: JournalBatch, _ entry: Entry, _ lease: Lease, _ writer: Int) -> Bool {
    guard let first = batch.records.first, entry.lastEpoch == lease.epoch, entry.lastWriter == writer,
      batch.records.last?.sequence == entry.records.count - 1, entry.records.indices.contains(first.sequence)
    else { return false }
    // The events are the same because the same writer may not have gone on in between.
    return entry.records[first.sequence].kind == first.kind && entry.records[first.sequence].at == first.at
  }

  // MARK: Samples

  mutating func append(_ records: [SampleRecord], of rollout: RolloutID, under lease: Lease)
    -> Result<Bool, StoreFailure>
  {
    if case .failure(let failure) = held(lease) { return .failure(failure) }
    guard let position = index(of: rollout), rollouts[position].summary.service == lease.service else {
      return .failure(.conflict(detail: "not a rollout of this service"))
    }
    for record in records {
      let count = rollouts[position].samples.count
      if record.sequence < count, rollouts[position].samples[record.sequence] == record { continue }
      guard record.sequence == count else { return .failure(.conflict(detail: "a gap in the samples")) }
      rollouts[position].samples.append(record)
    }
    return .success(true)
  }

  mutating func prune(_ service: String, keeping: Int) {
    let ended = rollouts.indices.reversed().filter {
      rollouts[$0].summary.service == service && rollouts[$0].summary.isEnded
    }
    for position in ended.dropFirst(max(0, keeping)) { rollouts[position].samples = [] }
  }

  // MARK: Leases

  mutating func acquire(
    _ service: String, _ holder: LeaseHolder, _ now: Timestamp, _ isKnownDead: (LeaseHolder) -> Bool
  ) -> Result<Result<Lease, LeaseRefusal>, StoreFailure> {
    if planted(.leaseNeverExpires), let row = leases[service], row.isHeld,
      row.lease.holder.controller != holder.controller
    {
      return .success(.failure(row.refusal))
    }
    let acquisition = LeaseRow.acquiring(
      service, for: holder, over: leases[service], now: now, isKnownDead: isKnownDead)
    switch acquisition {
    case .granted(var row):
      if planted(.storeGivesAnEpochTwice), let last = leases[service]?.lease.epoch { row.lease.epoch = last }
      changes &+= 1
      leases[service] = row
      return .success(.success(row.lease))
    case .refused(let row):
      leases[service] = row
      return .success(.failure(row.refusal))
    case nil: return .failure(.unusable(detail: "the epoch cannot grow"))
    }
  }

  mutating func renew(_ lease: Lease, _ now: Timestamp) -> Result<Bool, StoreFailure> {
    switch held(lease) {
    case .success(let row):
      leases[lease.service] = row.renewed(now)
      return .success(true)
    case .failure(let failure): return .failure(failure)
    }
  }

  mutating func release(_ lease: Lease) {
    guard leases[lease.service]?.isHeld(by: lease) == true else { return }
    leases[lease.service]?.isHeld = false
    changes &+= 1
  }

  private func held(_ lease: Lease) -> Result<LeaseRow, StoreFailure> {
    guard let row = leases[lease.service] else { return .failure(.leaseLost(detail: "nobody ever took it")) }
    if planted(.storeChecksNoEpoch) { return .success(row) }
    return row.isHeld(by: lease) ? .success(row) : .failure(row.loss(of: lease))
  }

  // MARK: Requests

  mutating func offer(_ request: OperatorRequest) {
    guard !requests.contains(where: { $0.request.id == request.id }) else { return }
    requests.append(Request(request: request))
    changes &+= 1
  }

  func pending(_ rollout: RolloutID) -> [OperatorRequest] {
    requests.filter { $0.request.rollout == rollout && $0.answer == nil }.map(\.request)
  }
}
