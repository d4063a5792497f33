internal import FailPoints
public import RolloutCore

/// One event as it is kept. The store does not read `payload`.
public struct JournalRecord: Hashable, Sendable {
  /// 0 for the record that holds the plan, then without gaps.
  public var sequence: Int
  public var at: Timestamp
  /// The event's name, such as `waveStarted`.
  public var kind: String
  /// The event as JSON with sorted keys.
  public var payload: String
  public init(sequence: Int, at: Timestamp, kind: String, payload: String) {
    self.sequence = sequence
    self.at = at
    self.kind = kind
    self.payload = payload
  }
}

/// The row that lists answer from, kept in step with the journal in the same transactions.
public struct RolloutSummary: Hashable, Sendable {
  public var id: RolloutID
  public var service: String
  public var release: Version
  public var releaseDigest: Digest
  /// `release` or `rollback`.
  public var kind: String
  /// The state's name from `words.md`, such as `burning_in`.
  public var state: String
  public var isEnded: Bool
  /// One sentence: what it waits for, or why it ended.
  public var detail: String
  public var startedBy: String
  public var startedAt: Timestamp
  public var endedAt: Timestamp?
  /// When this release finished a burn-in in this rollout.
  public var provenAt: Timestamp?
  public init(
    id: RolloutID, service: String, release: Version, releaseDigest: Digest, kind: String, state: String,
    isEnded: Bool, detail: String, startedBy: String, startedAt: Timestamp, endedAt: Timestamp?, provenAt: Timestamp?
  ) {
    self.id = id
    self.service = service
    self.release = release
    self.releaseDigest = releaseDigest
    self.kind = kind
    self.state = state
    self.isEnded = isEnded
    self.detail = detail
    self.startedBy = startedBy
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.provenAt = provenAt
  }
}

/// Append-only records per rollout.
///
/// Duties: `append` returns only after the records are on stable storage; records, summary and answers of one call
/// become visible together or not at all; a call whose lease is no longer held, by epoch, changes nothing and throws
/// `StoreFailure.leaseLost`. Appending the same sequences again throws `.conflict`.
public protocol Journal: Sendable {
  func append(_ batch: JournalBatch, under lease: Lease) async throws(StoreFailure)
  /// Records from `sequence` on, in order, after checking their hash chain.
  func records(of rollout: RolloutID, from sequence: Int) async throws(StoreFailure) -> [JournalRecord]
}

/// What one turn of a runner commits.
public struct JournalBatch: Hashable, Sendable {
  public var records: [JournalRecord]
  public var summary: RolloutSummary
  public var answers: [RequestAnswer]
  public init(records: [JournalRecord], summary: RolloutSummary, answers: [RequestAnswer]) {
    self.records = records
    self.summary = summary
    self.answers = answers
  }
}

/// Who holds the right to move one service's instances.
public struct Lease: Hashable, Sendable {
  public var service: String
  public var holder: LeaseHolder
  /// Grows by one with every change of holder.
  public var epoch: Int64
  public var takenAt: Timestamp
  /// Last sign of life of the previous holder; nil for a service's first lease or after a clean release.
  public var previousRenewal: Timestamp?
  public init(service: String, holder: LeaseHolder, epoch: Int64, takenAt: Timestamp, previousRenewal: Timestamp?) {
    self.service = service
    self.holder = holder
    self.epoch = epoch
    self.takenAt = takenAt
    self.previousRenewal = previousRenewal
  }
}

/// A controller process, named so that a stranger can find it and the same machine can see that it is dead.
public struct LeaseHolder: Hashable, Sendable {
  /// Unique per process.
  public var controller: String
  public var user: String
  public var host: String
  public var bootID: String
  public var pid: Int32
  /// Start time of the process in clock ticks since boot (field 22 of /proc/pid/stat); a pid alone may be reused.
  public var processStart: Int64
  public init(controller: String, user: String, host: String, bootID: String, pid: Int32, processStart: Int64) {
    self.controller = controller
    self.user = user
    self.host = host
    self.bootID = bootID
    self.pid = pid
    self.processStart = processStart
  }
}

/// How long a lease lives, and how often its holder says that it is alive.
public enum LeaseTerms {
  /// A dead holder on another machine is replaced after this long, so within the 10 s that a takeover may last, with
  /// two seconds left for the newcomer to notice. Below it, a slow disk or a stopped process would lose leases it
  /// still wants.
  public static let timeToLive = TimeSpan(milliseconds: FailPoints.leaseMilliseconds ?? 8000)
  /// Four signs of life per `timeToLive`: three may be late or fail before anybody else may step in.
  public static let renewalInterval = TimeSpan(milliseconds: timeToLive.milliseconds / 4)
}

public protocol Leases: Sendable {
  /// Takes the service's lease if it is free, expired, or held by a process of this machine that is dead.
  func acquire(service: String, holder: LeaseHolder, now: Timestamp) async throws(StoreFailure)
    -> Result<Lease, LeaseRefusal>
  /// Extends it. Throws `.leaseLost` when another epoch has it.
  func renew(_ lease: Lease, now: Timestamp) async throws(StoreFailure)
  func release(_ lease: Lease) async throws(StoreFailure)
}

/// The lease is held by somebody alive.
public struct LeaseRefusal: Error, Hashable, Sendable {
  public var holder: LeaseHolder
  public var epoch: Int64
  public var takenAt: Timestamp
  public var renewedAt: Timestamp
  public var expiresAt: Timestamp
  public init(holder: LeaseHolder, epoch: Int64, takenAt: Timestamp, renewedAt: Timestamp, expiresAt: Timestamp) {
    self.holder = holder
    self.epoch = epoch
    self.takenAt = takenAt
    self.renewedAt = renewedAt
    self.expiresAt = expiresAt
  }
}

/// What an operator asked of a rollout from another process. The store does not read `payload`.
public struct OperatorRequest: Hashable, Sendable {
  /// Unique; a request offered twice under one id is one request.
  public var id: String
  public var rollout: RolloutID
  public var payload: String
  public var offeredAt: Timestamp
  public init(id: String, rollout: RolloutID, payload: String, offeredAt: Timestamp) {
    self.id = id
    self.rollout = rollout
    self.payload = payload
    self.offeredAt = offeredAt
  }
}

public struct RequestAnswer: Hashable, Sendable {
  public var request: String
  public var isAccepted: Bool
  public var detail: String
  public init(request: String, isAccepted: Bool, detail: String) {
    self.request = request
    self.isAccepted = isAccepted
    self.detail = detail
  }
}

public protocol OperatorRequests: Sendable {
  func offer(_ request: OperatorRequest) async throws(StoreFailure)
  /// Unanswered requests of a rollout, oldest first.
  func pending(for rollout: RolloutID) async throws(StoreFailure) -> [OperatorRequest]
  func answer(to request: String) async throws(StoreFailure) -> RequestAnswer?
}

/// What went wrong in the store, and so what may still be done.
public enum StoreFailure: Error, Hashable, Sendable {
  /// Another controller holds the service. This process must stop acting at once.
  case leaseLost(detail: String)
  /// Disk full, I/O error, read-only file: nothing was written, trying again later may succeed. Says what to free.
  case unavailable(detail: String)
  /// Records of this rollout do not add up; `sequence` is the first bad one. Other rollouts are not concerned.
  case corrupt(rollout: RolloutID, sequence: Int, detail: String)
  /// These sequences are taken already.
  case conflict(detail: String)
  /// The file cannot be opened or is not a journal of ours.
  case unusable(detail: String)
}

extension StoreFailure {
  /// What happened, for people.
  public var detail: String {
    switch self {
    case .leaseLost(let detail), .unavailable(let detail), .corrupt(_, _, let detail), .conflict(let detail),
      .unusable(let detail):
      detail
    }
  }
}

/// Lists over all rollouts.
public protocol RolloutCatalog: Sendable {
  func summary(of rollout: RolloutID) async throws(StoreFailure) -> RolloutSummary?
  /// Newest first, in the order in which their first records were written.
  func summaries(service: String?, openOnly: Bool, limit: Int) async throws(StoreFailure) -> [RolloutSummary]
  /// The newest rollout of the service whose release, another than `version`, finished a burn-in.
  func lastProven(service: String, excluding version: Version?) async throws(StoreFailure) -> RolloutSummary?
  /// A number that changes when any process has committed something since; cheap enough for ten calls a second.
  func changeCounter() async throws(StoreFailure) -> Int64
}
