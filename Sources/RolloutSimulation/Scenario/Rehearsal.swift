public import RolloutCore

/// A person's own policy on made-up machines: each instance runs 1.0, holds 0.9, and is to get 2.0.
///
/// Who operates is patient and sane: approves what waits for approval after a minute, and touches nothing else. One
/// controller drives; one that dies is replaced after a while, as by `canary resume`.
public struct Rehearsal: Sendable {
  public let plan: Plan
  private let calm: Scenario
  /// Milliseconds at which something happens when nothing goes wrong, the last of them at the end.
  private let moments: [Int64]

  /// Plans with the real planner, which may refuse.
  public init(_ policy: Policy, on instances: [Instance]) throws(PlanRefusal) {
    var scenario = Scenario(
      seed: 0, hosts: instances.count, policy: policy, controllers: 1, sharesMachine: false, faults: [],
      successor: nil, hasNeighbour: false, isEncoded: false, hasHistory: false, emptyHosts: false,
      requestInterval: 1_000, wire: 40, latency: 3)
    scenario.instances = instances
    scenario.approvalAfter = 60_000
    calm = scenario
    plan = try scenario.request().get()
    let report = Simulation.run(scenario)
    moments = report.story.map(\.at).filter { $0 > 0 }
  }

  /// What one seed draws: `faults` things that go wrong while the rollout is at work. The same arguments always give
  /// the same scenario.
  public func scenario(seed: UInt64, faults: Int) -> Scenario {
    var scenario = calm
    scenario.seed = seed
    var dice = Dice(seed: seed)
    let bag = Self.makers(watched: !plan.policy.probes.isEmpty, checked: !plan.policy.checks.isEmpty)
    for _ in 0..<max(0, faults) {
      let at = moment(&dice)
      let maker = dice.pick(dice.pick(bag))
      scenario.faults.append(Fault(at: at, kind: maker(&dice, scenario.hosts)))
    }
    scenario.faults.sort { $0.at < $1.at }
    return scenario
  }

  /// Half of the faults strike while something moves, which is a small part of the time; the others at any time.
  private func moment(_ dice: inout Dice) -> Int64 {
    let end = moments.last ?? 60_000
    guard dice.chance(50), !moments.isEmpty else { return dice.time(1...max(1, end)) }
    return dice.pick(moments) + dice.time(0...2_000)
  }

  private typealias Maker = @Sendable (inout Dice, Int) -> Fault.Kind

  /// Kinds, each as likely as another, whatever the number of its makers. Without probes nobody can notice what a host
  /// does by itself.
  private static func makers(watched: Bool, checked: Bool) -> [[Maker]] {
    onTheWay + onControllers + (watched ? onHosts + release : []) + (checked ? [onChecks] : [])
  }

  /// Milliseconds: seconds, minutes or longer than a deadline.
  private static func outage(_ dice: inout Dice) -> Int64 {
    dice.time(dice.pick([1_000...20_000, 20_000...300_000, 300_000...7_200_000]))
  }

  private static let onHosts: [[Maker]] = [
    [
      { dice, hosts in .losesPower(host: dice.below(hosts), outage: outage(&dice)) },
      { dice, hosts in .reboots(host: dice.below(hosts), outage: dice.time(5_000...120_000)) },
    ],
    [{ dice, hosts in .workerDies(host: dice.below(hosts)) }],
    [{ dice, hosts in .diskFull(host: dice.below(hosts), lasting: outage(&dice)) }],
    [{ dice, hosts in .slow(host: dice.below(hosts), factor: dice.pick([3, 10, 40]), lasting: outage(&dice)) }],
    [{ dice, hosts in .replaced(host: dice.below(hosts), isEmpty: dice.chance(40)) }],
    [{ dice, hosts in .serviceCrashes(host: dice.below(hosts), lasting: outage(&dice)) }],
    [{ dice, hosts in .probesFlap(host: dice.below(hosts), lasting: dice.time(1_000...60_000)) }],
  ]

  private static let release: [[Maker]] = [
    [{ dice, hosts in .releaseIsSick(host: dice.below(hosts)) }],
    [{ dice, hosts in .releaseStartsLate(host: dice.below(hosts), by: dice.time(3_000...300_000)) }],
  ]

  private static let onTheWay: [[Maker]] = [
    [
      { dice, hosts in
        let way = dice.pick([(true, true), (true, false), (false, true)])
        return .cut(
          host: dice.below(hosts), machine: nil, there: way.0, back: way.1, lasting: outage(&dice))
      }
    ],
    [{ dice, _ in .loses(percent: dice.pick([5, 20, 60]), lasting: outage(&dice)) }],
    [{ dice, _ in .duplicates(percent: dice.pick([20, 100]), lasting: outage(&dice)) }],
    [{ dice, _ in .straggles(percent: dice.pick([10, 50]), lasting: outage(&dice)) }],
  ]

  private static let onControllers: [[Maker]] = [
    [{ dice, _ in .controllerStops(controller: 0, lasting: dice.time(3_000...300_000)) }],
    [
      { dice, _ in
        .controllerDies(controller: 0, jobs: dice.pick([0, 1, 3, 10, 40]), outage: dice.time(1_000...600_000))
      },
      { dice, _ in .controllerLeaves(controller: 0, outage: dice.time(1_000...600_000)) },
    ],
    [{ dice, _ in .clockJumps(machine: 0, by: dice.pick([-3_600_000, -5_000, 5_000, 600_000])) }],
    [
      { dice, _ in .storeFull(lasting: outage(&dice)) },
      { dice, _ in .storeSlow(latency: dice.pick([200, 1_500, 5_000]), lasting: dice.time(2_000...120_000)) },
    ],
  ]

  private static let onChecks: [Maker] = [
    { dice, _ in .metricsAway(lasting: outage(&dice)) },
    { dice, _ in .metricsFlap(lasting: dice.time(5_000...300_000)) },
    { _, _ in .releaseIsBad },
  ]
}

extension Scenario {
  /// What the planner says when every instance is there.
  fileprivate func request() -> Result<Plan, PlanRefusal> { Simulation(self).firstPlanning() }
}

extension Simulation {
  /// Virtual time 0 on the clocks of controllers.
  public static let epoch = Timestamp(milliseconds: SimClock.epoch)

  func firstPlanning() -> Result<Plan, PlanRefusal> {
    scenario.planning("r1", .release, "2.0", scenario.policy, fleet)
  }

  /// A policy for real services may watch for hours: what is sampled every two seconds in minutes is sampled less often
  /// there, and a run has more turns.
  func suitInstances() {
    guard scenario.instances != nil else { return }
    let policy = scenario.policy
    let spans = [policy.baseline, policy.waveBurnIn, policy.soak, policy.burnIn.min].map(\.milliseconds)
    metrics.interval = max(2_000, min(30_000, (spans.filter { $0 > 0 }.min() ?? 0) / 8))
    world.mostJobs = 10_000_000
    guard scenario.approvalAfter != nil else { return }
    referee.approvalAwaited = { [unowned self] in approve() }
  }

  /// Says so again as long as it waits: the first word may have got lost.
  private func approve() {
    world.after(scenario.approvalAfter ?? 0) { [unowned self] in
      guard case .waitingApproval? = referee.open(scenario.service)?.state.phase else { return }
      say(.promote(full: false), again: nil)
      approve()
    }
  }
}
