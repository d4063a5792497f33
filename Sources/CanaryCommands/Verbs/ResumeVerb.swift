internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine

struct ResumeVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on: end a pause, or take up a rollout whose controller died.",
    discussion: """
      A rollout that somebody drives is asked to go on. One that nobody drives is taken up where it was and driven \
      here; no host is pushed twice. The lease of a controller that died on another machine expires within 10 s, \
      which is waited for.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service.", valueName: "id"))
  var rollout: String?

  @Flag(help: "Take it up in the background.")
  var detach = false

  @Option(help: ArgumentHelp("As for start.", valueName: "duration"))
  var timeout: DurationArgument?

  /// What a detached controller is started with: takes over whatever the state is, and ends no pause.
  @Flag(help: .private)
  var asIs = false

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    if summary.isEnded { throw .ended(summary) }
    let isPaused = summary.state == "paused" && !asIs
    if let driver = try await session.driver(of: summary.service, in: store) {
      let isGone = isPaused ? false : try await Departure(session: session, store: store).isAwaited(driver, summary)
      if !isGone && !isPaused { throw .held(driver, service: nil, rollout: summary, now: context.now()) }
    }
    if isPaused {
      var order = OperatorDesk.Order(verb: .resume, reason: "", done: "resumed")
      order.detaches = detach
      order.timeout = timeout?.span
      return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
    }
    if detach {
      try await Background(session: session, store: store)
        .start(summary.id, after: try await session.load(summary.id, from: store).rollout.eventCount)
      session.answer(text: summary.id.text, json: .object([("rollout", .string(summary.id.text))]))
      return .succeeded
    }
    return try await takeUp(summary, session, store)
  }

  private func takeUp(_ summary: RolloutSummary, _ session: Session, _ store: any CommandStore)
    async throws(CommandFailure) -> ExitStatus
  {
    let (rollout, _) = try await session.load(summary.id, from: store)
    try await session.requireEpoch(above: rollout, in: store)
    let drive = Drive(
      session: session, store: store, policy: rollout.plan.policy, rollout: summary.id, timeout: timeout?.span)
    let driven = try await drive.run { (controller, observer) async throws(ControllerRefusal) in
      try await controller.resume(summary.id, observer: observer)
    }
    return try await drive.conclude(driven)
  }
}

/// Waits for a lease whose holder may be dead where this process cannot see it.
struct Departure {
  let session: Session
  let store: any CommandStore

  /// A living holder renews every two seconds; nobody is waited for longer than a lease lives.
  private static let patience = TimeSpan.seconds(10)
  private static let look = TimeSpan(milliseconds: 200)

  /// True once the lease is free or expired; false as soon as its holder shows a sign of life.
  func isAwaited(_ driver: LeaseRefusal, _ summary: RolloutSummary) async throws(CommandFailure) -> Bool {
    let context = session.context
    if driver.holder.host == Operator.hostName, context.now() - driver.renewedAt < .seconds(5) { return false }
    let deadline = context.now() + Self.patience
    session.console.note(
      "waiting for a sign of life of \(DisplayText.clean(driver.holder.display)), or for its lease to expire in "
        + "\(TimeWords.length(driver.expiresAt - context.now()))")
    while context.now() < deadline {
      guard let held = try await session.driver(of: summary.service, in: store) else { return true }
      if held.renewedAt != driver.renewedAt || held.epoch != driver.epoch { return false }
      do { try await context.clock.sleep(until: context.now() + Self.look) } catch { return false }
    }
    return false
  }
}
