internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

/// Drives one rollout from this process until it is at rest, or until the process is asked to leave.
struct Drive {
  let session: Session
  let store: any CommandStore
  /// The policy that the rollout runs under.
  let policy: Policy
  let rollout: RolloutID
  /// After this long the rollout goes on in a detached controller.
  var timeout: TimeSpan?
  /// Prints nothing of the rollout itself: for verbs whose answer is one line.
  var isQuiet = false

  typealias Work = (Controller, any TurnObserver) async throws(ControllerRefusal) -> RunEnd

  /// Why the process leaves a rollout that is not at rest.
  enum Leaving: Hashable, Sendable {
    case signal(Int32)
    case timeout
    /// An answer came, and there is nothing more to do here.
    case answered
  }

  /// Does `work` with a controller of this process. `request`: an operator's request whose answer ends the drive when
  /// it is a refusal, or when `leavesOnAnswer`.
  func run(awaiting request: String? = nil, leavesOnAnswer: Bool = false, _ work: Work) async throws(CommandFailure)
    -> Driven
  {
    let context = session.context
    let ports = try context.composition.ports(for: policy, store: store)
    let controller = Controller(
      ports: ports, holder: LeaseHolder.current(user: Operator.user(context.environment)))
    let leaving = Cell<Leaving?>(nil)
    let leave: @Sendable (Leaving) -> Void = { reason in
      let isFirst = leaving.update { known in
        defer { known = known ?? reason }
        return known == nil
      }
      if isFirst { Task { await controller.stop(reason: reason.words) } }
    }
    let screen = isQuiet ? nil : session.screen()
    let watch = TurnWatch(screen: screen, store: store, request: request) { answer in
      if !answer.isAccepted || leavesOnAnswer { leave(.answered) }
    }
    let signals =
      context.takesSignals
      ? Signals(restoring: context.console.answerIsTerminal) { leave(.signal($0)) } : nil
    let timer = timeout.map { span in
      let clock = context.clock
      let deadline = clock.now() + span
      return Task { if (try? await clock.sleep(until: deadline)) != nil { leave(.timeout) } }
    }
    let result: Result<RunEnd, ControllerRefusal>
    do { result = .success(try await work(controller, watch)) } catch { result = .failure(error) }
    timer?.cancel()
    signals?.end()
    // First what is ours to end: a reader of the screen may keep it waiting.
    await ports.transport.close()
    await screen?.finish()
    let end: RunEnd
    do { end = try result.get() } catch { throw await refusal(error) }
    return Driven(end: end, leaving: leaving.current, last: watch.last, answer: watch.answer)
  }

  /// Records the plan and leaves it to another controller.
  func record(_ plan: Plan, after epoch: Int64? = nil) async throws(CommandFailure) {
    let ports = try session.context.composition.ports(for: plan.policy, store: store)
    let controller = Controller(
      ports: ports, holder: LeaseHolder.current(user: Operator.user(session.context.environment)))
    do { try await controller.record(plan, after: epoch) } catch { throw await refusal(error) }
  }

  /// Exit status of a drive, after saying on standard error what holds now.
  func conclude(_ driven: Driven) async throws(CommandFailure) -> ExitStatus {
    switch driven.end {
    case .atRest: return try await atRest(driven)
    case .leaseLost(let detail):
      throw .broken(
        "another controller has taken \(rollout) over: \(detail)", next: "canary watch \(rollout)  follows it")
    case .failed(let detail):
      throw .broken("\(rollout) cannot be driven on: \(detail)", next: "canary log \(rollout)  shows its records")
    case .stopped:
      switch driven.leaving {
      case .signal(let number):
        session.console.note("stopped; go on with: canary resume \(rollout)")
        return ExitStatus(rawValue: 128 + number) ?? .toolError
      case .timeout: return try await handOver(driven)
      case .answered, nil: return .succeeded
      }
    }
  }

  private func atRest(_ driven: Driven) async throws(CommandFailure) -> ExitStatus {
    if let last = driven.last { return ExitStatus.of(last) }
    return ExitStatus.of(try await session.load(rollout, from: store).rollout)
  }

  private func handOver(_ driven: Driven) async throws(CommandFailure) -> ExitStatus {
    let background = Background(session: session, store: store)
    try await background.start(rollout, after: driven.last?.eventCount ?? 1)
    let limit = timeout.map { " after \($0)" } ?? ""
    session.console.note(
      "still running\(limit): \(rollout) goes on in the background; follow it with: canary watch \(rollout)")
    return .stillRunning
  }

  private func refusal(_ refusal: ControllerRefusal) async -> CommandFailure {
    let now = session.context.now()
    let known = try? await store.summary(of: rollout)
    switch refusal {
    case .held(let held):
      let open = try? await store.summaries(service: policy.service, openOnly: true, limit: 1).first
      return .held(held, service: policy.service, rollout: known ?? open, now: now)
    case .open(let summary):
      let driver = try? await session.driver(of: summary.service, in: store)
      return .open(summary, driver: driver, now: now)
    default: return CommandFailure(refusal, now: now)
    }
  }
}

/// What came of a drive.
struct Driven: Sendable {
  var end: RunEnd
  var leaving: Drive.Leaving?
  /// The state after the last turn, if there was one.
  var last: Rollout?
  var answer: RequestAnswer?
}

extension Drive.Leaving {
  /// As the journal records it.
  var words: String {
    switch self {
    case .signal(let number): "signal \(number)"
    case .timeout: "handed over to a controller in the background"
    case .answered: "the operator's request is answered"
    }
  }
}

/// Passes turns on to the screen, remembers the last state, and looks for the answer to one request.
private final class TurnWatch: TurnObserver {
  private struct Seen {
    var last: Rollout?
    var answer: RequestAnswer?
  }

  private let seen = Cell(Seen())
  private let screen: RolloutScreen?
  private let store: any CommandStore
  private let request: String?
  private let answered: @Sendable (RequestAnswer) -> Void

  init(
    screen: RolloutScreen?, store: any CommandStore, request: String?,
    answered: @escaping @Sendable (RequestAnswer) -> Void
  ) {
    self.screen = screen
    self.store = store
    self.request = request
    self.answered = answered
  }

  var last: Rollout? { seen.current.last }
  var answer: RequestAnswer? { seen.current.answer }

  func turned(_ report: TurnReport) async {
    seen.update { $0.last = report.rollout }
    if let request, answer == nil, let answer = try? await store.answer(to: request) {
      seen.update { $0.answer = answer }
      answered(answer)
    }
    await screen?.turned(report)
  }
}

extension Session {
  /// What shows a rollout on standard output.
  func screen() -> RolloutScreen {
    let clock = context.clock
    return RolloutScreen(
      mode: output, output: console.answers, isTerminal: console.answerIsTerminal, palette: palette,
      now: { clock.now() })
  }
}
