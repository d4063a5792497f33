internal import FailPoints
public import RolloutCore

/// What reaches a runner.
enum RunnerSignal: Sendable {
  case input(Input)
  case requests([OperatorRequest])
  /// A sign of life was written.
  case heartbeat
  /// None could be written.
  case renewalFailed(detail: String)
  case leaseLost(detail: String)
  case stop(reason: String)

  /// Less the requests named.
  func without(_ answered: Set<String>) -> RunnerSignal {
    guard case .requests(let requests) = self else { return self }
    return .requests(requests.filter { !answered.contains($0.id) })
  }

  var isTick: Bool { if case .input(.tick) = self { true } else { false } }
}

extension [RunnerSignal] {
  var stopReason: String? {
    for case .stop(let reason) in self { return reason }
    return nil
  }

  /// Why the last sign of life could not be written, empty when it could; nil when none was tried.
  var renewalFailure: String? {
    for signal in reversed() {
      if case .renewalFailed(let detail) = signal { return detail }
      if case .heartbeat = signal { return "" }
    }
    return nil
  }

  var leaseLost: String? {
    for case .leaseLost(let detail) in self { return detail }
    return nil
  }
}

/// Why a runner returned.
public enum RunEnd: Hashable, Sendable {
  /// The rollout has ended, or waits for a person with nothing on its way.
  case atRest
  /// Asked to stop; the rollout is as it was and can be taken up again.
  case stopped(reason: String)
  /// Another controller has the service now.
  case leaseLost(detail: String)
  /// The journal does not add up.
  case failed(detail: String)
}

/// Drives one rollout: one task, one bounded inbox, no re-entrancy. Each turn takes all waiting inputs, decides,
/// appends every event as one batch, and only then lets the new state and its effects become real.
public actor RolloutRunner {
  private var rollout: Rollout
  private let lease: Lease
  private let ports: Ports
  private let observer: any TurnObserver
  private let inbox: Inbox<RunnerSignal>
  private var effects: EffectReconciler
  private var timer: (deadline: Timestamp, task: Task<Void, Never>)?
  private var clocks: ClockWatch
  /// `eventCount` of the state whose work is running.
  private var reconciledAt = 0
  private var trouble: String?
  /// A decided turn whose write failed.
  private var doubtful: Work?
  private var doubtfulSince: ClockWatch.Mark?
  /// Requests that this runner has answered. One may be read a second time before its answer is seen, and what was
  /// refused then must not be carried out later.
  private var answered: Set<String> = []
  /// Signals that came meanwhile, or with this turn.
  private var backlog: [RunnerSignal] = []

  /// Inputs that wait at most: a few per host of a large fleet.
  private static let inboxCapacity = 4096

  /// `rollout` is the fold of what the journal holds, record 0 included.
  public init(rollout: Rollout, lease: Lease, ports: Ports, observer: any TurnObserver) {
    self.rollout = rollout
    self.lease = lease
    self.ports = ports
    self.observer = observer
    inbox = Inbox(capacity: Self.inboxCapacity)
    effects = EffectReconciler(ports: ports, plan: rollout.plan, lease: lease, inbox: inbox)
    clocks = ClockWatch(wall: ports.clock.now(), uptime: ports.clock.uptime())
  }

  /// Asks the runner to leave in good order. It returns from `run` soon after, without aborting the rollout.
  public nonisolated func stop(reason: String) async { await inbox.send(.stop(reason: reason)) }

  /// Takes the rollout over and drives it until it is at rest, stopped, or no longer ours.
  /// - Parameter gap: time since the last sign of life of the controller before.
  public func run(gap: TimeSpan) async -> RunEnd {
    // Hosts could not tell this controller from the one before.
    guard lease.epoch > rollout.epoch else {
      return .failed(
        detail: "the lease's epoch \(lease.epoch) is not above \(rollout.epoch), the journal's: the leases of this "
          + "file were lost or set back; nothing was sent to a host, and the same command again goes on")
    }
    let services = LeaseKeeper(lease: lease, rollout: rollout.plan.rollout, ports: ports, inbox: inbox)
    let keeping = services.start()
    var end = await takeOver(gap: gap)
    while end == nil { end = await turn(await inbox.receiveAll()) }
    timer?.task.cancel()
    await inbox.close()
    if !planted(.engineLeavesEffectsRunning) { for task in effects.cancelAll() { await task.value } }
    for task in keeping { task.cancel() }
    for task in keeping { await task.value }
    return end ?? .atRest
  }

  /// The first turn. What people asked while nobody drove is heard before anything moves, so nothing is decided until
  /// that could be read.
  private func takeOver(gap: TimeSpan) async -> RunEnd? {
    var signals: [RunnerSignal] = []
    let now = ports.clock.now()
    if rollout.lastEventAt > now + ClockWatch.jumpThreshold {
      let reason = "the clock of the controller before was ahead"
      signals.append(.input(.clockJumped(by: now - rollout.lastEventAt, reason: reason)))
    }
    if !planted(.engineTakesOverSilently) {
      signals.append(.input(.tookOver(epoch: lease.epoch, holder: lease.holder.display, gap: gap)))
    }
    while true {
      do {
        signals.append(.requests(try await ports.store.pending(for: rollout.plan.rollout)))
        return await turn(signals)
      } catch {
        guard case .unavailable(let detail) = error else { return .failed(detail: error.detail) }
        if trouble != detail { await report([], trouble: detail) }
      }
      let waited = await inbox.receiveAll()
      if let reason = waited.stopReason { return .stopped(reason: reason) }
      if let detail = waited.leaseLost { return .leaseLost(detail: detail) }
      signals += waited
    }
  }

  // MARK: A turn

  /// Nil: go on.
  private func turn(_ signals: [RunnerSignal]) async -> RunEnd? {
    let stopReason = signals.stopReason
    if let detail = signals.leaseLost, !planted(.engineIgnoresLostLease) { return .leaseLost(detail: detail) }
    let clockInputs = clocks.observe(wall: ports.clock.now(), uptime: ports.clock.uptime())
    backlog += clockInputs.map { .input($0) } + signals
    if let end = await settleDoubt(stopReason) { return end }
    guard doubtful == nil else { return nil }
    await noteRenewal(signals.renewalFailure)

    var work = Work(state: rollout, now: ports.clock.now())
    for signal in backlog { work.take(signal.without(answered)) }
    backlog = []
    // The timer has fired; a wait that ended early must be begun again.
    if signals.contains(where: \.isTick) { timer = nil }
    if let stopReason { work.take(.input(.stopping(reason: stopReason))) } else { work.settle() }
    if let detail = work.failure { return .failed(detail: detail) }
    if planted(.engineActsBeforeAppend) { effects.reconcile(work.state.outstanding) }
    switch await commit(work) {
    case .written: break
    case .postponed:
      doubtful = work
      doubtfulSince = clocks.mark(uptime: ports.clock.uptime())
    case .end(let end): return end
    }
    if let stopReason { return .stopped(reason: stopReason) }
    // Nothing of a turn that is not on stable storage is real: no new effect begins.
    guard doubtful == nil else { return nil }
    if rollout.isAtRest { return .atRest }
    FailPoints.reached(.turnShown)
    // Outstanding work is a view of the state: without an event it is what it was.
    if rollout.eventCount != reconciledAt {
      reconciledAt = rollout.eventCount
      effects.reconcile(rollout.outstanding)
    }
    FailPoints.reached(.effectsBegun)
    setTimer()
    return nil
  }

  /// A turn whose write failed may be on the disk all the same, so exactly it is offered again before anything else is
  /// decided. Until that succeeds signals wait; a heartbeat comes every few seconds and tries.
  private func settleDoubt(_ stopReason: String?) async -> RunEnd? {
    guard let work = doubtful else { return nil }
    switch await commit(work) {
    case .written:
      doubtful = nil
      // Nothing could be acted on meanwhile, so the time does not count against any deadline.
      let outage = doubtfulSince.map { clocks.running(since: $0, uptime: ports.clock.uptime()) } ?? .zero
      if outage > ClockWatch.jumpThreshold {
        backlog.insert(.input(.clockJumped(by: outage, reason: "the journal could not be written")), at: 0)
      }
    case .postponed: if let stopReason { return .stopped(reason: stopReason) }
    case .end(let end): return end
    }
    return nil
  }

  /// A journal that cannot be written is said before the next turn needs it: until then it may be repaired.
  private func noteRenewal(_ failure: String?) async {
    guard let failure else { return }
    let now = failure.isEmpty ? nil : failure
    if trouble != now { await report([], trouble: now) }
  }

  private enum Commit {
    case written, postponed
    case end(RunEnd)
  }

  /// Puts the work on stable storage and makes it the state.
  private func commit(_ work: Work) async -> Commit {
    guard !work.isEmpty else { return .written }
    var records: [JournalRecord] = []
    do {
      for recorded in work.events {
        records.append(try ports.codec.encode(recorded.event, sequence: recorded.sequence, at: recorded.at))
      }
    } catch { return .end(.failed(detail: "record \(error.sequence) (\(error.kind)): \(error.detail)")) }
    let batch = JournalBatch(records: records, summary: work.state.summary, answers: work.answers)
    if planted(.engineShowsBeforeAppend) {
      await observer.turned(TurnReport(rollout: work.state, events: work.events, trouble: nil))
    }
    if planted(.engineAnswersBeforeAppend), !work.answers.isEmpty {
      let early = JournalBatch(records: [], summary: rollout.summary, answers: work.answers)
      try? await ports.store.append(early, under: lease)
    }
    FailPoints.reached(.turnDecided)
    do {
      try await ports.store.append(batch, under: lease)
    } catch {
      if planted(.engineGoesOnUnwritten) { return await take(work) }
      if planted(.engineIgnoresLostLease), case .leaseLost = error { return await take(work) }
      switch error {
      case .unavailable(let detail):
        if trouble != detail { await report([], trouble: detail) }
        return .postponed
      case .leaseLost(let detail): return .end(.leaseLost(detail: detail))
      case .conflict(let detail), .unusable(let detail), .corrupt(_, _, let detail):
        return .end(.failed(detail: detail))
      }
    }
    FailPoints.reached(.turnJournalled)
    return await take(work)
  }

  private func take(_ work: Work) async -> Commit {
    rollout = work.state
    for answer in work.answers { answered.insert(answer.request) }
    await report(work.events, trouble: nil)
    return .written
  }

  private func report(_ events: [RecordedEvent], trouble: String?) async {
    self.trouble = trouble
    await observer.turned(TurnReport(rollout: rollout, events: events, trouble: trouble))
  }

  private func setTimer() {
    let deadline = rollout.nextDeadline
    if let timer, timer.deadline == deadline { return }
    timer?.task.cancel()
    timer = nil
    guard let deadline else { return }
    let (clock, inbox) = (ports.clock, inbox)
    let task = ports.spawn {
      do { try await clock.sleep(until: deadline) } catch { return }
      await inbox.send(.input(.tick))
    }
    timer = (deadline, task)
  }
}

/// The inputs of one turn, decided one after the other on a copy of the state.
struct Work {
  private(set) var state: Rollout
  let now: Timestamp
  private(set) var events: [RecordedEvent] = []
  private(set) var answers: [RequestAnswer] = []
  private(set) var failure: String?
  private var last: [Input] = []

  init(state: Rollout, now: Timestamp) {
    self.state = state
    self.now = now
  }

  var isEmpty: Bool { events.isEmpty && answers.isEmpty }

  /// Inputs that the machine refuses here are late by nature; only people are told.
  mutating func take(_ signal: RunnerSignal) {
    switch signal {
    case .input(let input) where input.comesLast: last.append(input)
    case .input(let input): _ = decide(input, settling: false)
    case .requests(let requests): for request in requests { take(request) }
    case .heartbeat, .renewalFailed, .leaseLost, .stop: break
    }
  }

  /// Works out what follows from all that was taken.
  mutating func settle() {
    for input in last { _ = decide(input, settling: true) }
    last = []
    _ = decide(.tick, settling: true)
  }

  private mutating func take(_ request: OperatorRequest) {
    if answers.contains(where: { $0.request == request.id }) { return }
    guard let body = EventCodec.decodeRequest(request.payload) else {
      let detail = "a request that this version of canary does not know; use the same version on both sides"
      answers.append(RequestAnswer(request: request.id, isAccepted: false, detail: detail))
      return
    }
    let operation = Operation(request: request.id, by: body.by, reason: body.reason)
    switch decide(.operation(operation, body.verb), settling: false) {
    case .success: answers.append(RequestAnswer(request: request.id, isAccepted: true, detail: state.stateName))
    case .failure(let rejection):
      answers.append(RequestAnswer(request: request.id, isAccepted: false, detail: rejection.message))
    }
  }

  private mutating func decide(_ input: Input, settling: Bool) -> Result<Void, Rejection> {
    let decided: [Event]
    do { decided = try state.decide(input, now: now, settling: settling) } catch { return .failure(error) }
    for event in decided {
      let sequence = state.eventCount
      // As `decide` stamps it. Each anew: a clock that was set back takes the last event's time with it.
      let at = max(now, state.lastEventAt)
      do { try state.apply(event, at: at) } catch {
        failure = "record \(sequence): \(error.message)"
        return .success(())
      }
      events.append(RecordedEvent(sequence: sequence, at: at, event: event))
    }
    return .success(())
  }
}
