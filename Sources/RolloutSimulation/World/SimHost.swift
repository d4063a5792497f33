internal import RolloutCore

/// One machine: its disk, its ledger, and the service that runs there. Steps do what the host script does, in its
/// order of writes and syncs, and a crash may come between any two of them.
final class SimHost {
  let index: Int
  let id: HostID
  let world: World
  unowned let fleet: Fleet
  var disk: SimDisk
  private(set) var bootID: String
  private(set) var isUp = true
  /// Out of its load balancer; the balancer is another machine and remembers.
  var isDrained = false
  /// Factor on everything it does.
  var slowness: Int64 = 1

  // The service.
  private(set) var running: Version?
  private(set) var answers = true
  private var starts = 0
  /// A step of ours took it down, or is about to; and it was seen to be down when that was intended.
  var (isDownByUs, wasSeenDown) = (false, false)
  /// When it last began to answer, or another version did.
  private(set) var changedAt: Int64 = -1_000_000
  /// When something else than a step of ours last changed what runs: a crash, a reboot, a replacement.
  private(set) var disturbedAt: Int64 = -1_000_000

  /// Another machine than the plan was made for.
  private(set) var isReplaced = false

  // The worker.
  private(set) var generation = 0
  private(set) var working: StepKey?
  private var isRunningCommand = false
  private var queue: [(ticket: Int, grant: (Bool) -> Void)] = []
  var tickets = 0
  private var boots = 1
  /// Who waits for an answer of the present worker.
  var connections: [Int: () -> Void] = [:]

  init(_ index: Int, _ id: HostID, _ files: HostFiles, _ fleet: Fleet) {
    self.index = index
    self.id = id
    self.fleet = fleet
    world = fleet.world
    disk = SimDisk(files)
    bootID = "\(id)-boot-1"
    running = files.current
    answers = files.current != nil
  }

  var serves: Bool { isUp && answers && !isDrained }

  // MARK: Steps

  /// Takes a request in. `reply` gets nil when the connection breaks first.
  func take(_ command: HostCommand, _ reply: @escaping (Outcome?) -> Void) {
    guard isUp else { return }
    let connection = connect(reply)
    guard case .stage(let staging) = command.action else { return withLock(command, connection) }
    // Looked at without the lock, so that a slow upload holds nobody up.
    switch judge(command) {
    case .refused(let fence): connection(.refused(current: fence))
    case .finished: withLock(command, connection)
    case .open where disk.live.release(staging.version)?.digest == staging.digest: withLock(command, connection)
    case .open:
      if disk.isFull { return connection(.failed(detail: "needs more free space than there is")) }
      later(fleet.traits.upload) { self.withLock(command, connection) }
    }
  }

  private func connect(_ reply: @escaping (Outcome?) -> Void) -> (Outcome) -> Void {
    tickets += 1
    let ticket = tickets
    connections[ticket] = { reply(nil) }
    return { outcome in
      guard self.connections.removeValue(forKey: ticket) != nil else { return }
      reply(outcome)
    }
  }

  /// Happens after `span` unless the worker dies first.
  private func later(_ span: ClosedRange<Int64>, _ act: @escaping () -> Void) {
    let mine = generation
    world.after(world.dice.time(span) * slowness) { if self.generation == mine { act() } }
  }

  private func withLock(_ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    if working == nil || planted(.hostWorksWithoutLock) { return locked(command, reply) }
    let ticket = tickets
    tickets += 1
    queue.append(
      (
        ticket,
        { granted in
          granted ? self.locked(command, reply) : reply(.notSent(detail: "another step still runs on this host"))
        }
      ))
    let mine = generation
    world.after(command.lockWait) {
      guard self.generation == mine, let place = self.queue.firstIndex(where: { $0.ticket == ticket }) else { return }
      self.queue.remove(at: place).grant(false)
    }
  }

  private func unlock() {
    working = nil
    isRunningCommand = false
    if working == nil, !queue.isEmpty { queue.removeFirst().grant(true) }
  }

  enum Judgement {
    case finished(Outcome)
    case refused(Fence)
    case open
  }

  func judge(_ command: HostCommand) -> Judgement { judge(command.key, command.fence) }

  func judge(_ key: StepKey, _ fence: Fence) -> Judgement {
    // A finished key answers whatever the fence: telling what happened changes nothing.
    if case .finished(let outcome) = disk.live.steps[key], !planted(.hostForgetsOutcomes) { return .finished(outcome) }
    if let stored = disk.live.fence, !planted(.hostIgnoresFence) {
      if fence < stored { return .refused(stored) }
      // Another rollout with the same epoch comes from another journal.
      if fence.epoch == stored.epoch, disk.live.fenceRollout != key.rollout { return .refused(stored) }
    }
    return .open
  }

  private func locked(_ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    switch judge(command) {
    case .finished(let outcome):
      raiseFence(command)
      reply(outcome)
      if working == nil { unlock() }
    case .refused(let fence):
      reply(.refused(current: fence))
      if working == nil { unlock() }
    case .open:
      guard !disk.isFull else {
        reply(.failed(detail: "cannot write the ledger, nothing was done: the disk is full"))
        if working == nil { unlock() }
        return
      }
      accept(command, reply)
    }
  }

  private func raiseFence(_ command: HostCommand) {
    guard disk.live.fence.map({ command.fence > $0 }) ?? true else { return }
    disk.write(.fence(command.fence, command.key.rollout))
    disk.sync(.ledger)
    fleet.referee.fenceRaised(self, command.fence)
  }

  /// Fence and intent are on disk before anything is done.
  private func accept(_ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    working = command.key
    later(fleet.traits.sync) {
      if !planted(.hostActsBeforeFence) { self.disk.write(.fence(command.fence, command.key.rollout)) }
      self.disk.write(.started(command.key))
      if !planted(.hostSkipsFenceSync) { self.disk.sync(.ledger) }
      self.fleet.referee.accepted(self, command)
      switch command.action {
      case .stage(let staging): self.stage(staging, command, reply)
      case .activate(let activation): self.activate(activation, command, reply)
      case .run(_, let timeout): self.hook(timeout, command, reply)
      }
    }
  }

  private func conclude(_ outcome: Outcome, _ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    if planted(.hostActsBeforeFence) { disk.write(.fence(command.fence, command.key.rollout)) }
    disk.write(.finished(command.key, outcome))
    if planted(.hostAcknowledgesBeforeSync) {
      fleet.referee.concluded(self, command, outcome)
      reply(outcome)
      later(2_000...9_000) { self.disk.sync(.ledger) }
      return unlock()
    }
    later(fleet.traits.sync) {
      if !planted(.hostSkipsOutcomeSync) { self.disk.sync(.ledger) }
      self.fleet.referee.concluded(self, command, outcome)
      reply(outcome)
      self.unlock()
    }
  }

  // MARK: What steps do

  private func stage(_ staging: HostCommand.Staging, _ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    if disk.live.release(staging.version)?.digest == staging.digest {
      disk.sync(.releases)
      prune(staging)
      return conclude(.succeeded, command, reply)
    }
    later(fleet.traits.unpack) {
      if self.disk.isFull { return self.conclude(.failed(detail: "no space left on device"), command, reply) }
      self.disk.write(.content(staging.version))
      if !planted(.hostSkipsTreeSync) { self.disk.sync(.content) }
      self.later(self.fleet.traits.sync) {
        self.fleet.referee.acts(self, command)
        self.disk.write(.published(staging.version, staging.digest))
        self.touched()
        self.later(self.fleet.traits.sync) {
          self.disk.sync(.releases)
          self.prune(staging)
          self.conclude(.succeeded, command, reply)
        }
      }
    }
  }

  /// The newest `keep` stay, and what must stay in any case.
  private func prune(_ staging: HostCommand.Staging) {
    let newest = disk.live.releases.prefix(max(1, staging.keep)).map(\.version)
    for release in disk.live.releases where !newest.contains(release.version) {
      if release.version == staging.version || release.version == disk.live.current { continue }
      if staging.protect.contains(release.version), !planted(.hostPrunesRollbackTarget) { continue }
      disk.write(.removed(release.version))
    }
    touched()
  }

  private func activate(
    _ activation: HostCommand.Activation, _ command: HostCommand, _ reply: @escaping (Outcome) -> Void
  ) {
    guard disk.live.release(activation.version) != nil || planted(.hostActivatesWhatIsNotThere) else {
      return conclude(.failed(detail: "the release \(activation.version) is not complete"), command, reply)
    }
    fleet.referee.takesDown(self, command)
    if serves { isDownByUs = true }
    fleet.referee.acts(self, command)
    if planted(.hostMovesCurrentInTwoSteps) { disk.write(.current(nil)) }
    disk.write(.current(activation.version))
    touched()
    later(fleet.traits.sync) {
      if !planted(.hostSkipsCurrentSync) { self.disk.sync(.current) }
      guard !activation.restart.isEmpty else {
        self.start(activation.version)
        return self.conclude(.succeeded, command, reply)
      }
      self.isRunningCommand = true
      let length = self.world.dice.time(self.fleet.traits.restart) * self.slowness
      self.start(activation.version)
      self.finishCommand(length, limit: activation.timeout.milliseconds, command, reply) {}
    }
  }

  private func hook(_ timeout: TimeSpan, _ command: HostCommand, _ reply: @escaping (Outcome) -> Void) {
    let step = command.key.step
    let drains = step == .drain || step == .revertDrain
    if drains { fleet.referee.takesDown(self, command) }
    if drains, serves { isDownByUs = true }
    isRunningCommand = true
    fleet.referee.acts(self, command)
    let length = world.dice.time(fleet.traits.hook) * slowness
    finishCommand(length, limit: timeout.milliseconds, command, reply) {
      self.isDrained = drains
      if self.serves { self.isDownByUs = false }
      self.changedAt = self.world.now
    }
  }

  /// Also when nobody is left to write its outcome down: the command holds the lock until it has ended.
  private func finishCommand(
    _ length: Int64, limit: Int64, _ command: HostCommand, _ reply: @escaping (Outcome) -> Void,
    _ effect: @escaping () -> Void
  ) {
    let isTooLong = length > limit
    later(min(length, limit)...min(length, limit)) {
      guard self.working == command.key else { return self.unlock() }
      if self.isOrphaned {
        self.isOrphaned = false
        self.fleet.referee.workerDied(self)
        if !isTooLong { effect() }
        return self.unlock()
      }
      if isTooLong {
        self.conclude(.failed(detail: "ran longer than its limit and was stopped"), command, reply)
      } else {
        effect()
        self.conclude(.succeeded, command, reply)
      }
    }
  }

  private var isOrphaned = false

  /// A write that a crash might cut off from the others.
  private func touched() { fleet.referee.diskChanged(self) }

  // MARK: The service

  private func start(_ version: Version) {
    starts += 1
    let mine = starts
    answers = false
    running = planted(.hostKeepsOldVersionRunning) ? running : version
    changedAt = world.now
    if fleet.traits.restartPutsBack { isDrained = false }
    fleet.changed(self)
    let slow = version == fleet.traits.release ? fleet.traits.slowStart(index) : 0
    world.after(world.dice.time(fleet.traits.startUp) * slowness + slow) {
      guard self.starts == mine, self.isUp, !self.fleet.traits.isSick(version, self.index) else { return }
      self.answers = true
      self.changedAt = self.world.now
      if !self.isDrained { self.isDownByUs = false }
      self.fleet.changed(self)
    }
  }

  /// The service dies by itself; `lasting` later something starts it again.
  func crashService(_ lasting: Int64) {
    starts += 1
    let mine = starts
    answers = false
    isDownByUs = false
    changedAt = world.now
    disturbedAt = world.now
    fleet.changed(self)
    world.after(lasting) {
      if self.starts == mine, self.isUp, let version = self.disk.live.current { self.start(version) }
    }
  }

  // MARK: What befalls the machine

  func killWorker() {
    guard working != nil else { return }
    breakConnections()
    if isRunningCommand {
      isOrphaned = true
    } else {
      generation += 1
      queue = []
      unlock()
      fleet.referee.workerDied(self)
    }
  }

  func goDown(losingPower: Bool, for outage: Int64) {
    guard isUp else { return }
    generation += 1
    breakConnections()
    working = nil
    isRunningCommand = false
    isOrphaned = false
    queue = []
    isUp = false
    if losingPower { disk.losePower(&world.dice) } else { disk.syncAll() }
    fleet.referee.crashed(self)
    starts += 1
    answers = false
    isDownByUs = false
    changedAt = world.now
    disturbedAt = world.now
    fleet.changed(self)
    world.after(outage) { self.comeUp() }
  }

  private func comeUp() {
    guard !isUp else { return }
    isUp = true
    boots += 1
    bootID = "\(id)-boot-\(boots)"
    disturbedAt = world.now
    if let version = disk.live.current { start(version) }
  }

  /// The autoscaler puts another machine in its place.
  func replace(with files: HostFiles) {
    goDown(losingPower: true, for: 3_000)
    disk = SimDisk(files)
    isDrained = false
    isReplaced = true
    fleet.referee.replaced(self)
  }

  /// Whatever should run does, once it can.
  func heal() {
    guard isUp, !answers, let version = disk.live.current, !fleet.traits.isSick(version, index) else { return }
    start(version)
  }

  /// Lets go of everybody who waits; at the end of a run.
  func forget() {
    generation += 1
    connections = [:]
    queue = []
  }

  private func breakConnections() {
    let open = connections.sorted { $0.key < $1.key }
    connections = [:]
    for (_, close) in open { close() }
  }
}
