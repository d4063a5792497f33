public import RolloutCore
public import RolloutEngine

/// One scenario from begin to end: the real controllers on a made-up fleet, store and network.
public final class Simulation {
  let scenario: Scenario
  let world: World
  let referee: Referee
  let store: SimStore
  let fleet: Fleet
  let metrics = Metrics()
  var machines: [SimMachine] = []
  var posts: [Post] = []
  var visitors: [Post] = []
  private(set) var neighbours: Fleet?
  private var processes = 0
  private var requests = 0
  private var starts = 0
  private var dead: Set<String> = []
  /// A rollout with a spoilt record can only wait for a person who repairs the journal.
  private(set) var spoilt: [RolloutID] = []
  private var isHealed = false
  var isSuccessorBegun = false

  static let neighbour = "neighbour"

  init(_ scenario: Scenario) {
    self.scenario = scenario
    world = World(seed: scenario.seed ^ 0x5EED)
    let codec: any EventCoding = scenario.isEncoded ? JSONEvents() : SimCodec()
    referee = Referee(world, codec)
    store = SimStore(world, referee)
    store.latency = 1...max(1, scenario.latency)
    let hosts = (0..<scenario.hosts).map { number in
      let id = scenario.instances.map { $0[number].id } ?? HostID("web\(number + 1)")
      return (id: id, files: Self.files(isEmpty: scenario.isEmpty(number)))
    }
    fleet = Fleet(world, referee, scenario.traits, hosts)
    referee.watch(fleet, of: scenario.service)
    metrics.hasHistory = scenario.hasHistory
    store.isKnownDead = { [unowned self] holder, process in
      holder.host == process.machine.name && dead.contains(holder.controller)
    }
    for number in 0..<scenario.controllers {
      machines.append(SimMachine(name: scenario.sharesMachine ? "build" : "build\(number + 1)"))
    }
    if scenario.sharesMachine { machines = Array(repeating: machines[0], count: machines.count) }
    for (number, machine) in machines.enumerated() {
      let starts: ((Fleet) -> Plan?)? = number == 0 ? { scenario.firstPlan($0) } : nil
      posts.append(Post(self, machine, scenario.service, starts: starts, "r1"))
    }
    if scenario.hasNeighbour { addNeighbour() }
    suitInstances()
  }

  private func addNeighbour() {
    let hosts = ["nb1", "nb2"].map { (id: HostID($0), files: Self.files()) }
    let fleet = Fleet(world, referee, scenario.neighbourTraits, hosts)
    referee.watch(fleet, of: Self.neighbour)
    neighbours = fleet
    let post = Post(
      self, SimMachine(name: "elsewhere"), Self.neighbour, starts: { [scenario] in scenario.neighbourPlan($0) }, "n1")
    posts.append(post)
  }

  static func files(isEmpty: Bool = false) -> HostFiles {
    var files = HostFiles()
    if isEmpty { return files }
    files.contents = ["1.0", "0.9"]
    files.releases = [
      .init(version: "1.0", digest: Scenario.digest("1.0"), isWhole: true),
      .init(version: "0.9", digest: Scenario.digest("0.9"), isWhole: true),
    ]
    files.current = "1.0"
    return files
  }

  // MARK: Processes

  func newProcess(on machine: SimMachine) -> SimProcess {
    processes += 1
    return SimProcess(id: processes, world: world, machine: machine)
  }

  func ports(_ process: SimProcess, _ fleet: Fleet) -> Ports {
    Ports(
      transport: SimTransport(process: process, fleet: fleet), prober: SimProber(process: process, fleet: fleet),
      analyst: SimAnalyst(process: process, fleet: fleet, metrics: metrics),
      clock: SimClock(process: process, isEverSet: scenario.faults.contains { $0.group == "clock" }),
      store: StorePort(store: store, process: process),
      spawn: { [world] in world.spawn(on: process, $0) }, codec: referee.codec,
      requestInterval: TimeSpan(milliseconds: scenario.requestInterval))
  }

  func fleet(of service: String) -> Fleet { service == scenario.service ? fleet : neighbours ?? fleet }

  func died(_ process: SimProcess) { dead.insert(process.holder.controller) }

  // MARK: A run

  public static func run(_ scenario: Scenario, isLogging: Bool = false) -> RunReport {
    let simulation = Simulation(scenario)
    if isLogging { simulation.world.log = [] }
    simulation.referee.keepsStory = isLogging || scenario.instances != nil
    return simulation.run()
  }

  private func run() -> RunReport {
    for fault in scenario.faults {
      world.after(fault.at) { [unowned self] in
        referee.tally.faults[fault.group, default: 0] += 1
        world.say("fault", "\(fault.kind)")
        inject(fault)
      }
    }
    for post in posts { post.begin() }
    let quiet = scenario.faultsEnd
    world.run(until: quiet) { !self.referee.violations.isEmpty || self.isOver && self.world.now > quiet }
    if referee.violations.isEmpty { healAndWait() }
    let end = world.now
    finish()
    var tally = referee.tally
    tally.jobs = world.jobsRun
    tally.worstDown = fleet.worstDown
    return RunReport(
      violations: referee.violations, trace: world.trace, ends: referee.rollouts.map { RunReport.End($0) },
      duration: end, tally: tally, log: world.log ?? [], story: referee.rollouts.first?.story ?? [],
      last: referee.rollouts.first?.state)
  }

  /// G10: without faults everything ends, or says whom it waits for, within a time that the policy bounds.
  private func healAndWait() {
    heal()
    let limit = world.now + scenario.bound
    world.run(until: limit) { !self.referee.violations.isEmpty || self.isOver }
    guard referee.violations.isEmpty else { return }
    // What is still on its way arrives; nothing may come of it.
    let late = world.now + 60_000
    world.run(until: min(late, max(limit, late))) {
      !self.referee.violations.isEmpty || self.fleet.network.underWay == 0
    }
    guard referee.violations.isEmpty else { return }
    for flaw in stalls() { referee.require("G10", flaw) }
    for flaw in hindered() { referee.require("G16", flaw) }
  }

  private var isOver: Bool {
    if isCircling { return true }
    guard world.eventsRun % 8 == 0 else { return false }
    if posts.contains(where: { $0.hasPlanToStart }) { return false }
    if scenario.successor != nil, !isSuccessorBegun, spoilt.isEmpty, referee.rollout("r1")?.state.isEnded ?? false {
      return false
    }
    for rollout in referee.rollouts where !spoilt.contains(rollout.plan.rollout) {
      guard rollout.isSettled else { return false }
      if !rollout.state.isEnded, !store.contents.pending(rollout.plan.rollout).isEmpty { return false }
    }
    return true
  }

  private func heal() {
    guard !isHealed else { return }
    isHealed = true
    world.say("world", "no more faults")
    fleet.network.mendAll()
    fleet.traits.sickOnBaseline = []
    (metrics.isAway, metrics.isFlapping) = (false, false)
    // Clocks that stay further apart than a lease lives let the one ahead take every lease from the one behind.
    for machine in machines { machine.offset = 0 }
    store.losesAcknowledgements = 0
    store.isFull = false
    store.latency = 1...max(1, scenario.latency)
    for host in fleet.hosts {
      host.disk.isFull = false
      host.slowness = 1
      host.heal()
    }
    fleet.changedAll()
  }

  /// Every controller takes the lease again and again for a rollout that it then cannot read, until somebody mends it.
  private var isCircling: Bool {
    world.jobsRun >= world.mostJobs || spoilt.isEmpty && referee.tally.leases >= Self.mostLeases
  }
  private static let mostLeases = 600

  private func stalls() -> [String] {
    var flaws: [String] = []
    if isCircling { flaws.append("it turns in circles: \(world.jobsRun) jobs") }
    if posts.contains(where: { $0.hasPlanToStart }) { flaws.append("a rollout could not be begun") }
    for rollout in referee.rollouts where !spoilt.contains(rollout.plan.rollout) {
      let (state, id) = (rollout.state, rollout.plan.rollout)
      if !rollout.isSettled {
        let waits = state.waitingOn.map(\.sentence).joined(separator: "; ")
        flaws.append("\(id) is still \(state.stateName) after the bound: \(waits)")
      } else if !state.isEnded {
        if !store.contents.pending(id).isEmpty { flaws.append("\(id): a request is never answered") }
        if state.waitingOn.isEmpty || state.waitingOn.contains(where: { $0.remedy.isEmpty }) {
          flaws.append("\(id) waits for nobody in particular while \(state.stateName)")
        }
      }
    }
    return flaws
  }

  private func hindered() -> [String] {
    guard scenario.hasNeighbour else { return [] }
    guard let rollout = referee.rollouts.first(where: { $0.plan.policy.service == Self.neighbour }) else {
      return ["the neighbour's rollout never began"]
    }
    if case .ended(.succeeded, _) = rollout.state.phase { return [] }
    return ["the neighbour's rollout is \(rollout.state.stateName)"]
  }

  private func finish() {
    for post in posts + visitors { post.end() }
    world.drain()
    if world.liveTasks != 0 { referee.require("leak", "\(world.liveTasks) tasks never ended") }
    if world.leaks != 0 { referee.require("leak", "\(world.leaks) jobs came from another thread") }
    fleet.forgetAll()
    neighbours?.forgetAll()
  }

  // MARK: People

  func say(_ verb: Input.Verb, again: Int64?) {
    requests += 1
    let number = requests
    let operatorName = number % 2 == 0 ? "ann" : "ben"
    let reason = scenario.instances == nil ? "drawn" : "made up"
    let body = EventCodec.RequestBody(verb: verb, by: operatorName, reason: reason)
    guard let payload = try? EventCodec.encode(body) else { return }
    guard let rollout = referee.open(scenario.service) else { return }
    let now = Timestamp(milliseconds: SimClock.epoch + world.now)
    let request = OperatorRequest(
      id: "q\(number)", rollout: rollout.plan.rollout, payload: payload, offeredAt: now)
    world.say(operatorName, "\(verb)")
    store.offer(request)
    guard let again else { return }
    // The same request once more, and the same wish under another name.
    world.after(again) { [unowned self] in
      store.offer(request)
      var other = request
      other.id = "q\(number)-again"
      if world.dice.chance(50) { store.offer(other) }
    }
  }

  /// Somebody starts another rollout from a machine of their own, whatever is open.
  func startAnother() {
    starts += 1
    let number = starts
    let visitor = Post(
      self, SimMachine(name: "desk\(number)"), scenario.service,
      starts: { [scenario] in scenario.otherPlan(number, $0) })
    (visitor.triesOnce, visitor.isVisitor) = (true, true)
    visitors.append(visitor)
    visitor.begin()
  }

  func spoil() {
    guard let rollout = referee.open(scenario.service) else { return }
    spoilt.append(rollout.plan.rollout)
    store.poison(rollout.plan.rollout)
  }
}

/// What came of a run.
public struct RunReport: Sendable {
  public var violations: [Violation]
  /// Equal for two runs of one scenario.
  public var trace: UInt64
  public var ends: [End]
  /// Milliseconds of virtual time.
  public var duration: Int64
  public var tally: Tally
  public var log: [LogLine]
  /// What the first rollout's journal says, in rehearsals and where a log is kept.
  public var story: [ToldEvent]
  /// The first rollout at the end; nil when it could not be begun.
  public var last: Rollout?

  public struct ToldEvent: Sendable, Hashable {
    /// Virtual time, whatever the controller's clock said.
    public var at: Int64
    public var event: RecordedEvent
  }

  public struct End: Sendable, Hashable {
    public var rollout: String
    public var service: String
    public var state: String
    /// What it waits for, or why it ended.
    public var detail: String
    /// Virtual time at which it ended; nil when it waits.
    public var endedAt: Int64?

    init(_ rollout: WitnessedRollout) {
      self.rollout = rollout.plan.rollout.text
      service = rollout.plan.policy.service
      state = rollout.state.stateName
      detail = rollout.state.summary.detail
      endedAt = rollout.endedAt
    }
  }
}

public struct LogLine: Sendable, Hashable {
  public var at: Int64
  public var who: String
  public var what: String
}
