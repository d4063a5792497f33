internal import RolloutCore
internal import RolloutEngine

/// Sees everything that happens, and notes each broken promise. One idea per file of this directory; here is only who
/// is told what.
final class Referee: @unchecked Sendable {
  unowned let world: World
  let codec: any EventCoding
  private(set) var violations: [Violation] = []
  private(set) var rollouts: [WitnessedRollout] = []
  private(set) var fleets: [(service: String, fleet: Fleet)] = []
  var tally = Tally()
  var keepsStory = false
  /// Called when a rollout begins to wait for somebody's approval.
  var approvalAwaited: (() -> Void)?

  private let intents = IntentFirst()
  private var once = EffectivelyOnce()
  private var fences = FenceHolds()
  private var stops = StopsHold()
  private var evidence = EvidenceHolds()
  private var journal = JournalHolds()
  private var activated: [HostID: Version] = [:]

  init(_ world: World, _ codec: any EventCoding) {
    self.world = world
    self.codec = codec
  }

  func watch(_ fleet: Fleet, of service: String) { fleets.append((service, fleet)) }

  func rollout(_ id: RolloutID) -> WitnessedRollout? { rollouts.first { $0.plan.rollout == id } }

  func open(_ service: String) -> WitnessedRollout? {
    rollouts.first { $0.plan.policy.service == service && !$0.state.isEnded }
  }

  private func fleet(of rollout: WitnessedRollout) -> Fleet? {
    fleets.first { $0.service == rollout.plan.policy.service }?.fleet
  }

  func require(_ invariant: String, _ flaw: String?) {
    guard let flaw, violations.count < 20 else { return }
    violations.append(Violation(invariant: invariant, detail: flaw, at: world.now))
  }

  private static func words(_ event: Event?) -> String {
    guard let event else { return "?" }
    if case .planned(let plan) = event { return "planned \(plan.rollout)" }
    return "\(event)"
  }

  // MARK: The store

  func granted(_ lease: Lease) {
    tally.leases += 1
    world.note("lease")
    require("G15", journal.granted(lease))
  }

  func carriedOut(after way: Int64) { evidence.slowestWrite = max(evidence.slowestWrite, way) }

  func offered(_ request: OperatorRequest) { journal.offered(request) }

  /// On stable storage, whether or not its writer will learn of it.
  func stored(_ batch: JournalBatch, under lease: Lease, by process: SimProcess) {
    require("G15", journal.written(under: lease))
    for record in batch.records {
      world.note(record.kind)
      world.say("journal", "\(process.id): \(Self.words((try? codec.decode(record))))")
      tally.records += 1
      do { see(try codec.decode(record), record, batch.summary.id) } catch {
        require("G13", "record \(record.sequence) cannot be read: \(error.detail)")
      }
    }
    for answer in batch.answers {
      tally.answers += 1
      require("G13", journal.answered(answer))
    }
  }

  private func see(_ event: Event, _ record: JournalRecord, _ id: RolloutID) {
    if case .planned(let plan) = event { return begin(plan, record) }
    guard let rollout = rollout(id), !rollout.state.isEnded else {
      return require("G13", "\(event.kind) of a rollout that is not open")
    }
    let before = rollout.state
    require("G11", stops.check(event, before, isStopped: rollout.stoppedAt != nil))
    require("G6", evidence.check(event, before, now: world.now))
    require("G13", journal.heard(event))
    do { try rollout.state.apply(event, at: record.at) } catch {
      return require("G13", "record \(record.sequence) does not follow: \(error.message)")
    }
    rollout.note(event, before, now: world.now)
    tell(event, record, of: rollout)
    if case .approvalAwaited = event { approvalAwaited?() }
    require("G4", Exposure.checkCap(rollout))
    require("G5", Exposure.checkIntent(event, before, rollout.state))
    if case .ended(let fate, _) = event {
      tally.fates[fate.rawValue, default: 0] += 1
      // What is left down is named in the end, and its repair a person's.
      fleet(of: rollout)?.letGo()
      if let fleet = fleet(of: rollout) {
        for flaw in TerminalTruth.check(rollout, fleet, world.now) { require("G7", flaw) }
      }
    }
  }

  private func begin(_ plan: Plan, _ record: JournalRecord) {
    if record.sequence != 0 { require("G8", "a second plan for \(plan.rollout)") }
    if let other = open(plan.policy.service) {
      require("G15", "\(plan.rollout) begins while \(other.plan.rollout) is open")
    }
    let rollout = WitnessedRollout(plan: plan, state: Rollout(plan: plan, at: record.at))
    rollouts.append(rollout)
    tell(.planned(plan), record, of: rollout)
  }

  private func tell(_ event: Event, _ record: JournalRecord, of rollout: WitnessedRollout) {
    guard keepsStory else { return }
    let recorded = RecordedEvent(sequence: record.sequence, at: record.at, event: event)
    rollout.story.append(.init(at: world.now, event: recorded))
  }

  func acknowledged(_ batch: JournalBatch) {
    guard let rollout = rollout(batch.summary.id), let last = batch.records.last?.sequence else { return }
    rollout.acknowledged = max(rollout.acknowledged, last + 1)
    require("G13", rollout.state.eventCount > last ? nil : "record \(last) is acknowledged and not written")
  }

  func storeLost(_ contents: StoreContents) {
    for rollout in rollouts {
      let kept = contents.entry(rollout.plan.rollout)?.records.count ?? 0
      if kept < rollout.acknowledged {
        require("G13", "\(rollout.acknowledged) records were acknowledged, \(kept) are left")
      }
    }
  }

  // MARK: Controllers

  func turned(_ report: TurnReport) {
    guard let rollout = rollout(report.rollout.plan.rollout) else {
      return require("G13", "a rollout is driven that the journal does not have")
    }
    require("G13", journal.checkState(report.rollout, rollout.state))
    if report.trouble != nil { tally.troubles += 1 }
  }

  func sent(_ command: HostCommand, _ host: SimHost, by process: SimProcess) {
    tally.commands += 1
    let rollout = rollout(command.key.rollout)
    require("G1", intents.checkSent(command, rollout))
    if let rollout { require("G8", intents.checkPinned(command, rollout)) }
  }

  func measured(_ analysis: Analysis, _ verdict: Verdict) { evidence.measured(analysis, verdict) }

  // MARK: Hosts

  func accepted(_ host: SimHost, _ command: HostCommand) {
    world.note("accepted")
    world.say(host.id.text, "begins \(command.key) under \(command.fence)")
    world.note(UInt64(host.index))
    tally.steps += 1
    let rollout = rollout(command.key.rollout)
    require("G1", intents.checkSent(command, rollout))
    require("G2", once.accepted(command.key))
    require("G3", fences.acts(command.key, command.fence))
  }

  func acts(_ host: SimHost, _ command: HostCommand) {
    guard let rollout = rollout(command.key.rollout) else { return }
    if command.key.step.isActivation { activated[host.id] = nil }
    require("G11", stops.checkEffect(command, rollout))
    require("G4", Exposure.checkWave(command, rollout))
    if rollout.stoppedAt != nil, command.key.step.isForward { tally.lateEffects += 1 }
  }

  func takesDown(_ host: SimHost, _ command: HostCommand) {
    guard let rollout = rollout(command.key.rollout), host.serves else { return }
    host.wasSeenDown = rollout.seenDown.contains(command.key)
    if !host.wasSeenDown {
      require("G5", Exposure.checkFloor(host, rollout, host.fleet.hosts))
    }
    host.fleet.noteDown()
  }

  func concluded(_ host: SimHost, _ command: HostCommand, _ outcome: Outcome) {
    world.note("concluded")
    world.say(host.id.text, "ends \(command.key): \(outcome)")
    require("G2", once.concluded(command.key, outcome))
    if case .activate(let activation) = command.action, outcome == .succeeded {
      activated[host.id] = activation.version
    }
  }

  func answered(_ step: StepKey, _ record: StepRecord?) {
    if let record { require("G2", once.answered(step, record)) }
  }

  /// The transport said that it never left.
  func arrivedUnsent(_ command: HostCommand) {
    require("G2", "\(command.key) under \(command.fence) is called not sent, and reaches its host")
  }

  /// A runner has come to its end: none of its watches and commands may go on.
  func runnerEnded(_ process: SimProcess, watching: Int) {
    require("G15", watching == 0 ? nil : "\(watching) watches of \(process.id) go on after its runner has ended")
  }

  func fenceRaised(_ host: SimHost, _ fence: Fence) { require("G3", fences.raised(host.id, fence)) }

  func diskChanged(_ host: SimHost) {
    require("G9", SoundReleases.check(host))
    for rollout in rollouts where !rollout.state.isEnded { require("G9", SoundReleases.checkTarget(host, rollout)) }
  }

  func crashed(_ host: SimHost) {
    world.note("crashed")
    once.workerDied(host.id)
    require("G3", fences.survived(host.id, host.disk.live.fence))
    require("G2", once.survived(host.id, host.disk.live.steps))
    require("G9", SoundReleases.check(host))
    require("G9", SoundReleases.checkPromise(host, activated[host.id]))
  }

  func workerDied(_ host: SimHost) { once.workerDied(host.id) }

  func replaced(_ host: SimHost) {
    once.replaced(host.id)
    fences.replaced(host.id)
    activated[host.id] = nil
  }
}
