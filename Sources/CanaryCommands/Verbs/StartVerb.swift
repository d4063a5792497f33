internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

struct StartVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Roll a release out: canary, burn-in, waves.",
    discussion: """
      Drives the rollout until it has ended or waits for a person, and exits with what came of it. Ctrl-C and \
      SIGTERM leave the rollout as it is, exit with 130 or 143, and say how to go on; a second Ctrl-C ends the \
      process at once. With checks it first looks twice at their sources, two seconds apart, and says in a line what \
      they can see at that traffic.
      """)

  @Argument(help: ArgumentHelp("What to roll out.", valueName: "service@version"))
  var release: ReleaseReference

  @Flag(help: "Drive it in the background and print the rollout's id alone.")
  var detach = false

  @Option(
    help: ArgumentHelp(
      "After this long, such as 20m, leave the rollout to a controller in the background and exit with 6.",
      valueName: "duration"))
  var timeout: DurationArgument?

  @Option(
    help: ArgumentHelp("Run this saved plan; refused when the world has changed since.", valueName: "file"),
    completion: .file())
  var plan: String?

  @Flag(help: "End an open rollout of the service first, when it is halted or stuck, or its journal is damaged.")
  var supersede = false

  @Flag(help: "Do not say beforehand what the checks can see; saves two seconds of looking at the traffic.")
  var quiet = false

  @OptionGroup var left: ExclusionOptions
  @OptionGroup var ownership: Ownership
  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let path = plan.map { context.absolute($0) }
    let saved: Plan? = if let path { try PlanFile.read(path) } else { nil }
    let exclusions = saved.map { $0.exclusions } ?? left.exclusions
    let document = try session.policies.find(service: release.service)
    let store = try await session.store()
    try await clearTheWay(document.policy.service, session, store)
    let epoch = try await session.lastEpoch(of: document.policy.service, in: store)
    let draft = try await PlanDraft.release(release, exclusions: exclusions, in: session)
    let made = await draft.make()
    if let saved { try PlanFile.requireUnchanged(saved, made, path: plan ?? "") }
    let fresh = try session.planned(made)
    let raised = try await ownership.require(of: made.facts, plan: fresh, in: session, store)
    if !quiet, !detach, common.output == .text {
      let power = await PowerEstimate.power(of: fresh, directory: draft.directory, in: session)
      if let power { PowerSummary.lines(power).forEach(session.console.note) }
    }
    return try await Launch(session: session, store: store, plan: fresh, epoch: raised ?? epoch)
      .run(detach: detach, timeout: timeout?.span)
  }

  /// An open rollout of the service is in the way, unless it may be superseded.
  private func clearTheWay(_ service: String, _ session: Session, _ store: any CommandStore)
    async throws(CommandFailure)
  {
    let open = try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: true, limit: 1)
    }
    let driver = try await session.driver(of: service, in: store)
    guard let first = open.first else {
      if let driver { throw .held(driver, service: service, rollout: nil, now: session.context.now()) }
      return
    }
    guard supersede else { throw .open(first, driver: driver, now: session.context.now()) }
    if try await putAside(first, session, store) { return }
    var order = OperatorDesk.Order(
      verb: .supersede, reason: left.reason ?? "replaced by \(release.text)", done: "superseded")
    order.onlyAnswers = true
    var quiet = session
    quiet.context.console = session.console.answeringOnNotes
    _ = try await OperatorDesk(session: quiet, store: store).carryOut(order, on: first)
  }
}

extension StartVerb {
  /// An open rollout that nobody can go on with, since its journal is damaged or cannot be followed: its row is closed,
  /// and its records are left as they lie. The hosts are looked at anew by the plan to come, and refuse whatever an
  /// earlier controller still sends.
  private func putAside(_ open: RolloutSummary, _ session: Session, _ store: any CommandStore)
    async throws(CommandFailure) -> Bool
  {
    let inspection = Verification.Inspection(session: session, store: store)
    guard try await inspection.hindrance(of: open.id) != nil else { return false }
    let now = session.context.now()
    let holder = LeaseHolder.current(user: Operator.user(session.context.environment))
    let taken = try await session.read { () async throws(StoreFailure) in
      try await store.acquire(service: open.service, holder: holder, now: now)
    }
    let lease: Lease
    switch taken {
    case .success(let given): lease = given
    case .failure(let held): throw .held(held, service: open.service, rollout: open, now: now)
    }
    let detail: Result<String?, CommandFailure>
    do {
      detail = .success(try await putAside(open, at: now, under: lease, session, store))
    } catch { detail = .failure(error) }
    try? await store.release(lease)
    guard let detail = try detail.get() else { return false }
    session.console.note("\(open.id): put aside; \(detail)")
    return true
  }

  /// Nil when it can be gone on with after all: only under the lease nobody else writes.
  private func putAside(
    _ open: RolloutSummary, at now: Timestamp, under lease: Lease, _ session: Session, _ store: any CommandStore
  ) async throws(CommandFailure) -> String? {
    let inspection = Verification.Inspection(session: session, store: store)
    guard let hindrance = try await inspection.hindrance(of: open.id) else { return nil }
    let detail = "\(hindrance); replaced by \(release.text)"
    try await session.read { () async throws(StoreFailure) in
      try await store.putAside(open.id, detail: detail, at: now, under: lease)
    }
    return detail
  }
}

/// Sets a fresh plan going.
struct Launch {
  let session: Session
  let store: any CommandStore
  let plan: Plan
  /// The service's last epoch before its hosts were looked at.
  let epoch: Int64

  func run(detach: Bool, timeout: TimeSpan?) async throws(CommandFailure) -> ExitStatus {
    let (plan, epoch) = (plan, epoch)
    let drive = Drive(
      session: session, store: store, policy: plan.policy, rollout: plan.rollout, timeout: timeout)
    guard detach else {
      return try await drive.conclude(
        try await drive.run { (controller, observer) async throws(ControllerRefusal) in
          try await controller.start(plan, after: epoch, observer: observer)
        })
    }
    try await drive.record(plan, after: epoch)
    try await Background(session: session, store: store).start(plan.rollout, after: 1)
    session.answer(text: plan.rollout.text, json: .object([("rollout", .string(plan.rollout.text))]))
    return .succeeded
  }
}

extension Plan {
  /// Hosts that it leaves out, with the reasons given.
  var exclusions: [HostExclusion] {
    hosts.compactMap { host in
      guard case .excluded(let reason) = host.task else { return nil }
      return HostExclusion(host: host.instance.id, reason: reason)
    }
  }
}
