internal import RolloutCore

extension Scenario {
  /// One number draws everything. `hosts`: that many instead of a drawn number.
  public init(seed: UInt64, hosts: Int? = nil) {
    var dice = Dice(seed: seed)
    let count = hosts ?? dice.pick([1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10, 12])
    let policy = dice.policy(count)
    let controllers = dice.pick([1, 1, 2, 2, 3, 5])
    let sharesMachine = dice.chance(30)
    self.init(
      seed: seed, hosts: count, policy: policy, controllers: controllers, sharesMachine: sharesMachine, faults: [],
      successor: dice.chance(15) ? dice.pick(Successor.allCases) : nil, hasNeighbour: dice.chance(12),
      isEncoded: dice.chance(6), hasHistory: dice.chance(25),
      emptyHosts: policy.rollback == .forwardOnly && dice.chance(30),
      requestInterval: dice.pick([100, 1_000, 1_000, 2_000, 2_000]), wire: dice.pick([5, 40, 40, 200]),
      latency: dice.pick([1, 3, 3, 40]))
    faults = dice.faults(self)
    if seed % Aim.share == Aim.share - 1 { take(dice.pick(Aim.allCases), &dice) }
  }
}

extension Dice {
  /// Lengths are short, so that a rollout takes minutes of virtual time; what matters is their order.
  mutating func policy(_ hosts: Int) -> Policy {
    var release = ReleasePolicy(artifact: "app-{version}.tar.gz", directory: "/srv/app")
    release.restart = chance(85) ? ["restart"] : []
    release.restartTimeout = .seconds(pick([5, 10, 20]))
    release.hookTimeout = .seconds(pick([5, 10]))
    release.keep = pick([1, 1, 2, 5])
    if chance(45) { release.drain = ["drain"] }
    if !release.drain.isEmpty, chance(85) { release.undrain = ["undrain"] }
    var policy = Policy(service: "app", instances: .listed([]), transport: .local, release: release)
    let asserts = chance(80)
    policy.probes = chance(90) ? [Self.probe(asserts)] : []
    if chance(55) { policy.checks = [Self.check] }
    if !policy.checks.isEmpty { policy.checks[0].muted = chance(10) }
    sizes(&policy, hosts)
    times(&policy)
    actions(&policy)
    return policy
  }

  private mutating func sizes(_ policy: inout Policy, _ hosts: Int) {
    policy.canary = pick([.count(1), .count(1), .count(2), .percent(20)])
    policy.waves = pick([
      [.percent(100)], [.percent(25), .percent(100)], [.count(1), .percent(50), .percent(100)], [.count(2)], [],
    ])
    policy.maxUnavailable =
      hosts >= 20
      ? pick([.percent(20), .percent(30), .count(8)]) : pick([.count(1), .count(1), .count(2), .percent(50)])
    policy.maxFailures = pick([0, 0, 0, 1, 2])
  }

  private mutating func times(_ policy: inout Policy) {
    policy.baseline = .seconds(pick([0, 0, 8, 20]))
    policy.waveBurnIn = .seconds(pick([0, 7, 15]))
    policy.soak = .seconds(pick([0, 0, 8, 20]))
    policy.burnIn = BurnInPolicy(min: .seconds(pick([6, 10, 30])), max: .seconds(pick([40, 90])), untilRequests: nil)
    policy.minHealthyTime = .seconds(pick([1, 3, 5]))
    policy.healthyDeadline = .seconds(pick([15, 30, 60]))
    policy.progressDeadline = .seconds(pick([60, 120, 300]))
  }

  private mutating func actions(_ policy: inout Policy) {
    policy.onFail = pick([.rollback, .rollback, .halt])
    policy.onInconclusive = pick(InconclusiveAction.allCases)
    policy.onNoData = pick(NoDataAction.allCases)
    policy.onAbort = pick(AbortMode.allCases)
    policy.approval = pick([.none, .none, .none, .canary, .everyWave])
    policy.rollback = chance(12) ? .forwardOnly : .required
  }

  static func probe(_ asserts: Bool) -> ProbePolicy {
    let expect = HTTPProbe.Expectation(version: asserts ? .body : nil)
    return ProbePolicy(name: "up", target: .http(HTTPProbe(url: "http://{host}/", expect: expect)))
  }

  private static var check: CheckPolicy {
    let measure = CheckPolicy.Measure.ratio(events: "e", total: "t")
    return CheckPolicy(name: "errors", source: .scrape("http://{host}/metrics"), measure: measure)
  }

  // MARK: Faults

  /// Swarm: each seed has its own weights. Some have one class alone, so that nothing hides it; some have none.
  mutating func faults(_ scenario: Scenario) -> [Fault] {
    let makers = Self.makers
    let style = below(100)
    var weights = [Int](repeating: 0, count: makers.count)
    switch style {
    case 0..<6: return []
    case 6..<40: weights[below(makers.count)] = 1
    case 40..<75: for _ in 0..<pick([2, 3, 4]) { weights[below(makers.count)] += pick([1, 2]) }
    default: for index in weights.indices { weights[index] = pick([0, 0, 1, 2]) }
    }
    let bag = weights.indices.flatMap { Array(repeating: $0, count: weights[$0]) }
    guard !bag.isEmpty else { return [] }
    let horizon = pick([20_000, 60_000, 60_000, 150_000])
    var faults: [Fault] = []
    for _ in 0..<pick([1, 2, 3, 5, 8, 14]) {
      let at = time(0...Int64(horizon))
      faults.append(Fault(at: at, kind: makers[pick(bag)](&self, scenario)))
    }
    // Nobody can notice these without probes.
    if scenario.policy.probes.isEmpty {
      faults.removeAll { ["release", "service", "autoscaler", "power"].contains($0.group) }
    }
    return faults.sorted { $0.at < $1.at }
  }

  private typealias Maker = @Sendable (inout Dice, Scenario) -> Fault.Kind

  private static let makers: [Maker] = onHosts + onTheWay + onControllers + onTheStore + onPeople

  private static let onHosts: [Maker] = [
    { dice, s in .losesPower(host: dice.below(s.hosts), outage: dice.time(500...20_000)) },
    { dice, s in .reboots(host: dice.below(s.hosts), outage: dice.time(500...20_000)) },
    { dice, s in .workerDies(host: dice.below(s.hosts)) },
    { dice, s in .diskFull(host: dice.below(s.hosts), lasting: dice.time(2_000...40_000)) },
    { dice, s in .slow(host: dice.below(s.hosts), factor: dice.pick([3, 10, 40]), lasting: dice.time(5_000...60_000)) },
    { dice, s in .replaced(host: dice.below(s.hosts), isEmpty: dice.chance(40)) },
    { dice, s in .serviceCrashes(host: dice.below(s.hosts), lasting: dice.time(500...30_000)) },
    { dice, s in
      switch dice.below(5) {
      case 0: .baselineIsSick(host: dice.below(s.hosts))
      case 1, 2: .releaseIsSick(host: dice.below(s.hosts))
      default: .releaseStartsLate(host: dice.below(s.hosts), by: dice.time(3_000...40_000))
      }
    },
  ]

  private static let onTheWay: [Maker] = [
    { dice, s in
      let way = dice.pick([(true, true), (true, false), (false, true)])
      let machine = dice.chance(50) ? nil : dice.below(s.controllers)
      return .cut(
        host: dice.below(s.hosts), machine: machine, there: way.0, back: way.1, lasting: dice.time(500...60_000))
    },
    { dice, _ in .loses(percent: dice.pick([5, 20, 60]), lasting: dice.time(2_000...40_000)) },
    { dice, _ in .duplicates(percent: dice.pick([20, 100]), lasting: dice.time(5_000...60_000)) },
    { dice, _ in .straggles(percent: dice.pick([10, 50]), lasting: dice.time(5_000...60_000)) },
  ]

  private static let onControllers: [Maker] = [
    { dice, s in
      .controllerStops(controller: dice.below(s.controllers), lasting: dice.pick([3_000, 9_000, 20_000, 90_000]))
    },
    { dice, s in
      .controllerDies(
        controller: dice.below(s.controllers), jobs: dice.pick([0, 1, 3, 10, 40, 200]), outage: dice.time(10...20_000))
    },
    { dice, s in
      .controllerDies(
        controller: dice.below(s.controllers), jobs: dice.pick([1, 5, 20, 100]), outage: dice.time(10...5_000))
    },
    { dice, s in .controllerLeaves(controller: dice.below(s.controllers), outage: dice.time(10...20_000)) },
    { dice, s in
      let by: Int64 = dice.pick([-31_536_000_000, -3_600_000, -5_000, 5_000, 600_000, 3_600_000, 31_536_000_000])
      return .clockJumps(machine: dice.below(s.controllers), by: by)
    },
  ]

  private static let onTheStore: [Maker] = [
    { dice, _ in .storeCrashes(outage: dice.time(1...25_000)) },
    { dice, _ in .storeFull(lasting: dice.time(500...40_000)) },
    { dice, _ in .acknowledgementsLost(count: dice.pick([1, 1, 3, 8])) },
    { dice, _ in .storeSlow(latency: dice.pick([200, 1_500, 5_000]), lasting: dice.time(2_000...30_000)) },
    { _, _ in .recordSpoilt },
  ]

  private static let onPeople: [Maker] = [
    { dice, s in .probesFlap(host: dice.below(s.hosts), lasting: dice.time(1_000...15_000)) },
    { dice, _ in
      switch dice.below(4) {
      case 0: .metricsFlap(lasting: dice.time(5_000...60_000))
      case 1: .releaseIsBad
      default: .metricsAway(lasting: dice.time(3_000...90_000))
      }
    },
    { dice, s in .says(dice.verb(s.hosts), again: dice.chance(30) ? dice.time(0...5_000) : nil) },
    { dice, s in .says(dice.verb(s.hosts), again: dice.chance(30) ? dice.time(0...5_000) : nil) },
    { dice, s in .says(dice.verb(s.hosts), again: nil) },
    { _, _ in .startsAnother },
  ]

  private mutating func verb(_ hosts: Int) -> Input.Verb {
    pick([
      .pause, .resume, .resume, .retry, .retry, .rollback, .promote(full: false), .promote(full: true), .abort(nil),
      .abort(.hold), .abort(.rollback), .skip(HostID("web\(below(hosts) + 1)")), .supersede,
    ])
  }
}
