internal import FailPoints
internal import RolloutCore
internal import RolloutEngine

/// Brings what an operator asks to the controller that drives the rollout, or carries it out here when nobody does.
struct OperatorDesk {
  let session: Session
  let store: any CommandStore

  /// A controller looks for requests every 100 ms and answers within one turn.
  static let patience = TimeSpan.seconds(5)
  static let look = TimeSpan(milliseconds: 50)

  struct Order {
    var verb: Input.Verb
    var reason: String
    /// What holds afterwards, in one or two words, such as `paused`.
    var done: String
    /// Leaves as soon as the request is answered, instead of driving on.
    var onlyAnswers = false
    /// Drives on in the background.
    var detaches = false
    var timeout: TimeSpan?
    /// Ends that were asked for: they count as success of the verb.
    var wanted: [Fate] = []
  }

  func carryOut(_ order: Order, on summary: RolloutSummary) async throws(CommandFailure) -> ExitStatus {
    if summary.isEnded { throw .ended(summary) }
    let request = try makeRequest(order, summary.id)
    var isOffered = false
    // A driver may leave between two looks, and another may come: whoever holds the lease in the end answers.
    for _ in 0..<3 {
      if let driver = try await session.driver(of: summary.service, in: store) {
        if !isOffered { try await offer(request) }
        isOffered = true
        if let answer = try await answer(to: request, service: summary.service) {
          return try report(answer, order, summary)
        }
        if try await session.driver(of: summary.service, in: store) != nil { throw unanswered(summary, driver) }
        continue
      }
      switch try await takeUp(request, order, summary, isOffered) {
      case .some(let status): return status
      case nil: continue
      }
    }
    throw .broken(
      "\(summary.id) changes hands too fast to be asked", next: "canary status \(summary.id)  says who drives it now")
  }

  // MARK: Somebody drives it

  private func makeRequest(_ order: Order, _ id: RolloutID) throws(CommandFailure) -> OperatorRequest {
    let now = session.context.now()
    let body = EventCodec.RequestBody(verb: order.verb, by: session.context.operatorName, reason: order.reason)
    do {
      return OperatorRequest(
        id: RolloutIDs.request(at: now), rollout: id, payload: try EventCodec.encode(body), offeredAt: now)
    } catch { throw .broken("the request cannot be written: \(error.detail)") }
  }

  private func offer(_ request: OperatorRequest) async throws(CommandFailure) {
    FailPoints.reached(.requestMade)
    try await session.read { () async throws(StoreFailure) in try await store.offer(request) }
    FailPoints.reached(.requestOffered)
  }

  /// Nil when none came in time, or when the driver left.
  private func answer(to request: OperatorRequest, service: String) async throws(CommandFailure) -> RequestAnswer? {
    let clock = session.context.clock
    let deadline = clock.now() + Self.patience
    var seen: Int64?
    while true {
      let counter = try await session.read { () async throws(StoreFailure) in try await store.changeCounter() }
      // A driver that is killed changes nothing in the journal, and one that leaves may have answered just before.
      let isLeft = try await session.driver(of: service, in: store) == nil
      if counter != seen || isLeft {
        seen = counter
        let answer = try await session.read { () async throws(StoreFailure) in
          try await store.answer(to: request.id)
        }
        if answer != nil || isLeft { return answer }
      }
      guard clock.now() < deadline else { return nil }
      do { try await clock.sleep(until: clock.now() + Self.look) } catch { return nil }
    }
  }

  private func unanswered(_ summary: RolloutSummary, _ driver: LeaseRefusal) -> CommandFailure {
    .broken(
      "the request is recorded, but \(DisplayText.clean(driver.holder.display)) has not answered within "
        + "\(Self.patience)",
      next: "it is heard as soon as that controller, or another, goes on",
      "canary status \(summary.id)  says what holds now")
  }

  private func report(_ answer: RequestAnswer, _ order: Order, _ summary: RolloutSummary) throws(CommandFailure)
    -> ExitStatus
  {
    FailPoints.reached(.answerRead)
    guard answer.isAccepted else { throw .refused(answer.detail) }
    say(order.done, answer.detail, summary)
    return .succeeded
  }

  private func say(_ done: String, _ state: String, _ summary: RolloutSummary) {
    session.answer(
      text: "\(summary.id): \(done)" + (state == done ? "" : " (\(state))"),
      json: .object([
        ("rollout", .string(summary.id.text)), ("accepted", .bool(true)), ("state", .string(state)),
      ]))
  }

  // MARK: Nobody drives it

  /// Nil when somebody else took it up first.
  private func takeUp(
    _ request: OperatorRequest, _ order: Order, _ summary: RolloutSummary, _ isOffered: Bool
  ) async throws(CommandFailure) -> ExitStatus? {
    let (rollout, _) = try await session.load(summary.id, from: store)
    if !isOffered { try rehearse(order, on: rollout) }
    try await session.requireEpoch(above: rollout, in: store)
    var drive = Drive(
      session: session, store: store, policy: rollout.plan.policy, rollout: summary.id, timeout: order.timeout)
    let leaves = order.onlyAnswers || order.detaches
    drive.isQuiet = leaves
    let driven: Driven
    do throws(CommandFailure) {
      driven = try await drive.run(awaiting: request.id, leavesOnAnswer: leaves) {
        (controller, observer) async throws(ControllerRefusal) in
        try await controller.resume(summary.id, offering: request, observer: observer)
      }
    } catch {
      if error.status == .refused, try await session.driver(of: summary.service, in: store) != nil { return nil }
      throw error
    }
    if let answer = driven.answer, !answer.isAccepted { throw .refused(answer.detail) }
    if leaves, case .stopped = driven.end, driven.leaving == .answered {
      say(order.done, driven.answer?.detail ?? order.done, summary)
      if order.detaches {
        try await Background(session: session, store: store).start(summary.id, after: driven.last?.eventCount ?? 1)
      }
      return .succeeded
    }
    if leaves, case .atRest = driven.end {
      say(order.done, driven.last?.stateName ?? order.done, summary)
    }
    let status = try await drive.conclude(driven)
    if case .ended(let fate, _)? = driven.last?.phase, order.wanted.contains(fate) { return .succeeded }
    return status
  }

  /// What the machine would say, before this process takes the rollout up for nothing.
  private func rehearse(_ order: Order, on rollout: Rollout) throws(CommandFailure) {
    let operation = Operation(request: "rehearsal", by: session.context.operatorName, reason: order.reason)
    do {
      _ = try rollout.decide(.operation(operation, order.verb), now: session.context.now(), settling: false)
    } catch { throw .refused(error.message) }
  }
}
