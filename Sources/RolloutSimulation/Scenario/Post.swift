internal import RolloutCore
internal import RolloutEngine

/// A place where a controller runs: one process after the other, each of which takes up whatever its service has open.
final class Post: @unchecked Sendable {
  unowned let simulation: Simulation
  let machine: SimMachine
  let service: String
  private(set) var process: SimProcess?
  private var controller: Controller?
  /// The plan that this place is to start, made when it starts; nil once it is in the journal.
  private var toStart: ((Fleet) -> Plan?)?
  private var startID: RolloutID?
  /// Does not insist when its start is refused.
  var triesOnce = false
  /// Came for one start and leaves after it.
  var isVisitor = false
  private var isOver = false

  init(
    _ simulation: Simulation, _ machine: SimMachine, _ service: String, starts: ((Fleet) -> Plan?)?,
    _ id: RolloutID? = nil
  ) {
    self.simulation = simulation
    startID = id
    self.machine = machine
    self.service = service
    toStart = starts
  }

  /// Its rollout is not in the journal yet, and should get there.
  var hasPlanToStart: Bool {
    guard toStart != nil, !isVisitor, let startID else { return false }
    return simulation.referee.rollout(startID) == nil
  }

  // MARK: Life

  func begin() {
    guard !isOver, process == nil else { return }
    let process = simulation.newProcess(on: machine)
    let ports = simulation.ports(process, simulation.fleet(of: service))
    let controller = Controller(ports: ports, holder: process.holder)
    (self.process, self.controller) = (process, controller)
    process.onDeath = { await controller.stop(reason: "killed") }
    _ = simulation.world.spawn(on: process) { await self.work(process, controller) }
  }

  func die(after jobs: Int, outage: Int64) {
    guard let process else { return }
    process.dieAfter(jobs) { [weak self] in self?.isGone(process, outage) }
  }

  /// Leaves in good order, as on SIGTERM.
  func leave(outage: Int64) {
    guard let process, let controller, !process.isPaused else { return }
    _ = simulation.world.spawn(on: process) { await controller.stop(reason: "told to stop") }
    simulation.world.after(outage + 5_000) { [weak self] in
      process.kill()
      self?.isGone(process, 0)
    }
  }

  private func isGone(_ process: SimProcess, _ outage: Int64) {
    guard self.process === process else { return }
    simulation.world.say("controller", "\(process.id) is gone")
    simulation.died(process)
    (self.process, controller) = (nil, nil)
    simulation.world.after(outage) { [weak self] in self?.begin() }
  }

  func pause(_ lasting: Int64) {
    guard let process else { return }
    process.pause()
    let simulation = simulation
    simulation.world.after(lasting) {
      process.goOn()
      simulation.fleet(of: self.service).changedAll()
    }
  }

  func end() {
    isOver = true
    process?.kill()
    (process, controller) = (nil, nil)
  }

  // MARK: Work

  private func work(_ process: SimProcess, _ controller: Controller) async {
    let observer = SimObserver(process: process, referee: simulation.referee)
    let store = StorePort(store: simulation.store, process: process)
    while process.isAlive {
      if let make = toStart { await start(make, controller, observer, store) }
      if isVisitor, toStart == nil { return }
      let nap = simulation.world.dice.time(200...2_500)
      guard await process.sleep(nap), process.isAlive else { return }
      await takeUp(controller, observer, store)
    }
  }

  private func start(
    _ make: (Fleet) -> Plan?, _ controller: Controller, _ observer: SimObserver, _ store: StorePort
  ) async {
    guard let plan = make(simulation.fleet(of: service)) else {
      if triesOnce { toStart = nil }
      return
    }
    // An answer that got lost: it may be in the journal all the same.
    if (try? await store.summary(of: plan.rollout)) ?? nil != nil {
      toStart = nil
      return
    }
    do {
      _ = try await controller.start(plan, observer: observer)
      hasEnded(observer)
      toStart = nil
    } catch { if triesOnce { toStart = nil } }
  }

  private func takeUp(_ controller: Controller, _ observer: SimObserver, _ store: StorePort) async {
    guard let open = try? await store.summaries(service: service, openOnly: true, limit: 1) else { return }
    guard let summary = open.first else { return beginSuccessor() }
    if let rollout = simulation.referee.rollout(summary.id), rollout.state.isAtRest,
      (try? await store.pending(for: summary.id))?.isEmpty ?? true
    {
      return
    }
    _ = try? await controller.resume(summary.id, observer: observer)
    hasEnded(observer)
  }

  /// The process drives no rollout any more.
  private func hasEnded(_ observer: SimObserver) {
    guard observer.process.isAlive else { return }
    let watching = simulation.fleet(of: service).watches(of: observer.process)
    observer.referee.runnerEnded(observer.process, watching: watching)
  }

  private func beginSuccessor() {
    let scenario = simulation.scenario
    guard service == scenario.service, let successor = scenario.successor, !simulation.isSuccessorBegun,
      simulation.referee.rollouts.contains(where: { $0.plan.rollout == "r1" })
    else { return }
    simulation.isSuccessorBegun = true
    toStart = { [unowned simulation] fleet in
      let plan = scenario.successorPlan(successor, fleet)
      if plan == nil { simulation.world.say("plan", "the successor cannot be planned") }
      return plan
    }
    startID = "r2"
    triesOnce = true
  }
}

struct SimObserver: TurnObserver, @unchecked Sendable {
  let process: SimProcess
  let referee: Referee

  func turned(_ report: TurnReport) async {
    guard process.isAlive else { return }
    referee.turned(report)
  }
}

extension SimProcess {
  var holder: LeaseHolder {
    LeaseHolder(
      controller: "c\(id)", user: "ann", host: machine.name, bootID: "b", pid: Int32(id), processStart: Int64(id))
  }
}
