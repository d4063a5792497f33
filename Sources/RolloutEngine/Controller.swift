public import RolloutCore

/// Why a rollout could not be started or taken up.
public enum ControllerRefusal: Error, Hashable, Sendable {
  /// Somebody alive drives this service.
  case held(LeaseRefusal)
  /// The service has a rollout that has not ended.
  case open(RolloutSummary)
  case unknownRollout(RolloutID)
  case alreadyEnded(RolloutSummary)
  /// Somebody drove the service since the plan's facts were taken: hosts may not be as it says.
  case overtaken(service: String)
  /// This very controller moves the service already.
  case busy(service: String)
  case store(StoreFailure)
  /// A record that cannot be followed: which, and why.
  case journal(RolloutID, sequence: Int, kind: String, detail: String)
}

/// Starts, finds, recovers and stops runners. It holds no rollout state of its own.
public actor Controller {
  private let ports: Ports
  private let holder: LeaseHolder
  private var runners: [RolloutID: RolloutRunner] = [:]
  private var stopReason: String?
  /// Services whose leases are in use here. A store gives a holder its own lease again, and whoever is done first would
  /// take it from the other.
  private var moving: Set<String> = []

  /// Ended rollouts of a service whose samples are kept, so that their verdicts can be recomputed.
  private static let keptSamples = 20

  public init(ports: Ports, holder: LeaseHolder) {
    self.ports = ports
    self.holder = holder
  }

  /// Records the plan and leaves it to whoever resumes it. Nothing is sent to a host. `epoch`: the service's last one
  /// when the hosts were looked at; throws `.overtaken` when another was given out since.
  public func record(_ plan: Plan, after epoch: Int64? = nil) async throws(ControllerRefusal) {
    let lease = try await lease(for: plan.policy.service)
    do {
      try await create(plan, after: epoch, under: lease)
    } catch {
      await release(lease)
      throw error
    }
    await release(lease)
  }

  /// Records the plan, as `record` does, and drives it until it is at rest.
  public func start(
    _ plan: Plan, after epoch: Int64? = nil, observer: any TurnObserver
  ) async throws(ControllerRefusal) -> RunEnd {
    let lease = try await lease(for: plan.policy.service)
    let rollout: Rollout
    do {
      rollout = try await create(plan, after: epoch, under: lease)
    } catch {
      await release(lease)
      throw error
    }
    return await drive(rollout, lease, gap: .zero, observer)
  }

  /// Takes a rollout up where its journal ends and drives it until it is at rest. `first` is offered before anything
  /// else, so that what an operator asks is decided before the rollout moves on.
  public func resume(
    _ id: RolloutID, offering first: OperatorRequest? = nil, observer: any TurnObserver
  ) async throws(ControllerRefusal) -> RunEnd {
    let summary = try await summary(of: id)
    let lease = try await lease(for: summary.service)
    do throws(ControllerRefusal) {
      let rollout = try await load(id)
      if rollout.isEnded { throw ControllerRefusal.alreadyEnded(rollout.summary) }
      if let first { try await stored { () async throws(StoreFailure) in try await self.ports.store.offer(first) } }
      return await drive(rollout, lease, gap: gap(rollout, lease), observer)
    } catch {
      await release(lease)
      throw error
    }
  }

  /// Stops every runner in good order.
  public func stop(reason: String) async {
    stopReason = reason
    for (_, runner) in runners.sorted(by: { $0.key < $1.key }) { await runner.stop(reason: reason) }
  }

  /// The fold of a rollout's journal.
  public func load(_ id: RolloutID) async throws(ControllerRefusal) -> Rollout {
    let store = ports.store
    let records = try await stored { () async throws(StoreFailure) in try await store.records(of: id, from: 0) }
    if planted(.engineReadsAllButTheLast), records.count > 4 {
      return try RolloutReader.fold(Array(records.dropLast()), id, by: ports.codec).rollout
    }
    return try RolloutReader.fold(records, id, by: ports.codec).rollout
  }

  // MARK: Inside

  private func drive(
    _ rollout: Rollout, _ lease: Lease, gap: TimeSpan, _ observer: any TurnObserver
  ) async -> RunEnd {
    let runner = RolloutRunner(rollout: rollout, lease: lease, ports: ports, observer: observer)
    runners[rollout.plan.rollout] = runner
    if let stopReason { await runner.stop(reason: stopReason) }
    let end = await runner.run(gap: gap)
    runners[rollout.plan.rollout] = nil
    await release(lease)
    return end
  }

  /// To be given back with `release`.
  private func lease(for service: String) async throws(ControllerRefusal) -> Lease {
    guard moving.insert(service).inserted else { throw .busy(service: service) }
    do throws(ControllerRefusal) {
      let result = try await stored { () async throws(StoreFailure) in
        try await self.ports.store.acquire(service: service, holder: self.holder, now: self.ports.clock.now())
      }
      switch result {
      case .success(let lease): return lease
      case .failure(let refusal): throw ControllerRefusal.held(refusal)
      }
    } catch {
      moving.remove(service)
      throw error
    }
  }

  private func release(_ lease: Lease) async {
    try? await ports.store.release(lease)
    moving.remove(lease.service)
  }

  /// Under the lease nobody else can create one, so the look and the write are one step.
  @discardableResult
  private func create(
    _ plan: Plan, after epoch: Int64?, under lease: Lease
  ) async throws(ControllerRefusal) -> Rollout {
    if let epoch, lease.epoch - 1 != epoch { throw .overtaken(service: plan.policy.service) }
    let open = try await stored { () async throws(StoreFailure) in
      try await self.ports.store.summaries(service: plan.policy.service, openOnly: true, limit: 1)
    }
    if let first = open.first, !planted(.engineStartsBesideAnother) { throw .open(first) }
    let rollout = Rollout(plan: plan, at: ports.clock.now())
    let record: JournalRecord
    do {
      record = try ports.codec.encode(.planned(plan), sequence: 0, at: rollout.lastEventAt)
    } catch { throw .journal(plan.rollout, sequence: 0, kind: error.kind, detail: error.detail) }
    let batch = JournalBatch(records: [record], summary: rollout.summary, answers: [])
    try await stored { () async throws(StoreFailure) in try await self.ports.store.append(batch, under: lease) }
    // A store too full to delete from is no reason not to roll out; the next start tries again.
    try? await ports.store.pruneSamples(service: plan.policy.service, keeping: Self.keptSamples)
    return rollout
  }

  private func summary(of id: RolloutID) async throws(ControllerRefusal) -> RolloutSummary {
    let found = try await stored { () async throws(StoreFailure) in try await self.ports.store.summary(of: id) }
    guard let found else { throw .unknownRollout(id) }
    if found.isEnded { throw .alreadyEnded(found) }
    return found
  }

  /// Time since the last sign of life: the dead holder's last renewal, or the last record after a clean leave.
  private func gap(_ rollout: Rollout, _ lease: Lease) -> TimeSpan {
    let now = ports.clock.now()
    var last = rollout.lastEventAt
    if let renewal = lease.previousRenewal, renewal <= now, isByTheSameClock(renewal, rollout) {
      last = max(last, renewal)
    }
    return max(now - last, .zero)
  }

  /// A renewal by a clock that was set before or after the records were stamped says nothing of the time since them;
  /// a gap that is too long only makes people wait. Somebody who drove past a deadline would have recorded something.
  private func isByTheSameClock(_ renewal: Timestamp, _ rollout: Rollout) -> Bool {
    if let before = rollout.clockWasSetBackFrom, renewal <= before { return false }
    return rollout.nextDeadline.map { renewal <= $0 + LeaseTerms.timeToLive } ?? true
  }

  private func stored<Value: Sendable>(
    _ work: () async throws(StoreFailure) -> Value
  ) async throws(ControllerRefusal) -> Value {
    do { return try await work() } catch { throw .store(error) }
  }
}

/// Journal records to state, for whoever reads without driving.
public enum RolloutReader {
  /// `records` from 0 on. Every record must be the next one, be an event that this version knows, and be possible where
  /// it stands; the first that is not is named in `.journal`. No records at all are `.unknownRollout`.
  public static func fold(
    _ records: [JournalRecord], _ id: RolloutID, by codec: any EventCoding = JSONEvents()
  ) throws(ControllerRefusal) -> (rollout: Rollout, events: [RecordedEvent]) {
    guard let first = records.first else { throw .unknownRollout(id) }
    var events: [RecordedEvent] = []
    events.reserveCapacity(records.count)
    var rollout = try begin(first, id, codec, &events)
    for record in records.dropFirst() {
      let event = try event(of: record, id, codec, at: events.count)
      do { try rollout.apply(event, at: record.at) } catch {
        throw .journal(id, sequence: record.sequence, kind: event.kind, detail: error.message)
      }
      events.append(RecordedEvent(sequence: record.sequence, at: record.at, event: event))
    }
    return (rollout, events)
  }

  private static func begin(
    _ first: JournalRecord, _ id: RolloutID, _ codec: any EventCoding, _ events: inout [RecordedEvent]
  ) throws(ControllerRefusal) -> Rollout {
    let event = try event(of: first, id, codec, at: 0)
    if case .planned(let plan) = event, plan.rollout != id {
      throw .journal(id, sequence: 0, kind: first.kind, detail: "it is the plan of \(plan.rollout)")
    }
    events.append(RecordedEvent(sequence: 0, at: first.at, event: event))
    do { return try Rollout.replay([(event, first.at)]) } catch {
      throw .journal(id, sequence: 0, kind: first.kind, detail: error.message)
    }
  }

  private static func event(
    of record: JournalRecord, _ id: RolloutID, _ codec: any EventCoding, at sequence: Int
  ) throws(ControllerRefusal) -> Event {
    guard record.sequence == sequence else {
      throw .journal(
        id, sequence: sequence, kind: record.kind, detail: "record \(record.sequence) stands where it is due")
    }
    do { return try codec.decode(record) } catch {
      throw .journal(id, sequence: error.sequence, kind: error.kind, detail: error.detail)
    }
  }
}
