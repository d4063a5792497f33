import RolloutSimulation
import Testing

@testable import RolloutCore

/// One number draws the fleet, the policy, the faults, the crashes and what people say. First everything goes wrong;
/// then it heals, and the rollout must end or come to rest in a time that the policy bounds.
@Suite struct RandomWalkTests {
  @Test(arguments: 0..<8) func randomRolloutsKeepTheRulesAndEnd(_ block: Int) {
    for seed in (block * 200)..<(block * 200 + 200) { walk(UInt64(seed)) }
  }

  /// The same, with inputs taken in turns of one to six and settled at the end of each.
  @Test(arguments: 0..<4) func randomTurnsKeepTheRulesAndEnd(_ block: Int) {
    for seed in (block * 150)..<(block * 150 + 150) { walk(UInt64(seed), inTurns: true) }
  }

  private func walk(_ seed: UInt64, inTurns: Bool = false) {
    var dice = SplitMix64(seed: seed)
    let plan = dice.plan()
    var world = MachineWorld(plan, dice.script(plan))
    if inTurns { world.inbox = WaitingInputs(seed: seed) }
    world.isThorough = seed.isMultiple(of: 5)
    world.run(for: .minutes(180))
    heal(&world)
    world.run(for: plan.policy.timeBound(plan))
    let isAtRest = world.rollout.isAtRest
    let comment: Comment = "seed \(seed), \(world.rollout.stateName): \(world.kinds)"
    let violations = world.witness.violations
    #expect(violations == [], comment)
    #expect(isAtRest, comment)
  }

  private func heal(_ world: inout MachineWorld) {
    world.script.faults = []
    world.script.cues = []
    world.script.crashesAt = []
    for host in world.hosts.indices {
      world.perform(.reconnect(host), "")
      world.perform(.cure(host), "")
    }
    world.run(for: world.script.outage + .seconds(30))
    world.perform(.say(.resume), "the-last-resume")
  }
}

extension SplitMix64 {
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &self)] }

  mutating func plan() -> Plan {
    var policy = PlanBuilder.policy
    if chance(50) { policy.drains() }
    if chance(15) { policy.probes = [] }
    if chance(40) {
      policy.checks()
      policy.baseline = pick([.zero, .seconds(20), .minutes(5)])
      policy.waveBurnIn = pick([.zero, .seconds(30)])
      policy.soak = pick([.zero, .seconds(20), .minutes(5)])
      policy.checks[0].muted = chance(15)
    }
    policy.onFail = pick(FailAction.allCases)
    policy.onInconclusive = pick(InconclusiveAction.allCases)
    policy.onNoData = pick(NoDataAction.allCases)
    policy.onAbort = pick(AbortMode.allCases)
    policy.approval = pick([.none, .none, .canary, .everyWave])
    policy.maxFailures = pick([0, 0, 1, 2])
    policy.progressDeadline = pick([.seconds(90), .minutes(10), .minutes(30)])
    if chance(15) { policy.rollback = .forwardOnly }
    let hosts = Int.random(in: 1...8, using: &self)
    let (canaries, sizes, room) = (pick([1, 1, 2]), pick([[], [1], [2, 3]]), pick([1, 1, 2, 3]))
    let kind: Plan.Kind = chance(15) ? .rollback : .release
    let empty = policy.rollback == .forwardOnly ? pick([0, 0, 1, 2]) : 0
    let finished = policy
    return PlanBuilder(hosts: hosts) {
      $0.policy = finished
      $0.canaries = canaries
      $0.waveSizes = sizes
      $0.maxUnavailable = room
      $0.kind = kind
      // Nothing ran before on any, or on every second.
      if empty > 0 { $0.from = { $0.isMultiple(of: empty) ? nil : "1.0" } }
    }.plan
  }

  mutating func script(_ plan: Plan) -> Script {
    var script = Script()
    let hosts = Array(plan.hosts.indices)
    for _ in 0..<pick([0, 1, 3, 6, 12]) {
      script.faults.append(
        Fault(
          host: pick(hosts), step: pick(StepKind.allCases), kind: pick(Fault.Kind.allCases), times: pick([1, 1, 3])))
    }
    if chance(35) { script.sickOnRelease = [pick(hosts)] }
    if chance(10) { script.sickOnBaseline = [pick(hosts)] }
    // Nobody can notice these without probes.
    if plan.policy.probes.isEmpty {
      (script.sickOnRelease, script.sickOnBaseline) = ([], [])
      script.faults.removeAll { $0.kind == .keepsOldVersion }
    }
    for _ in 0..<pick([0, 1, 2]) {
      let verdict = Verdict(outcome: pick(Verdict.Outcome.allCases), reason: "drawn")
      script.verdicts.append((.seconds(pick([5, 60, 900])), verdict))
    }
    for _ in 0..<pick([0, 1, 3, 6, 10]) {
      let after = TimeSpan(milliseconds: Int64.random(in: 0...pick([3000, 20_000, 900_000]), using: &self))
      script.cues.append(Script.Cue(when: { _ in true }, after: after, act: act(hosts)))
    }
    for _ in 0..<pick([0, 0, 1, 2, 4]) { script.crashesAt.append(Int.random(in: 1...60, using: &self)) }
    script.crashesAt.sort()
    script.outage = pick([.seconds(1), .seconds(30), .minutes(20)])
    script.deliversLateAnswers = chance(50)
    return script
  }

  private mutating func act(_ hosts: [Int]) -> Script.Act {
    let host = pick(hosts)
    let verb: Input.Verb = pick([
      .pause, .resume, .resume, .retry, .retry, .rollback, .promote(full: false), .promote(full: true), .abort(nil),
      .abort(.hold), .abort(.rollback), .skip(HostID("web\(host + 1)")), .supersede,
    ])
    return pick([
      .say(verb), .say(verb), .say(verb), .kill(host), .cure(host), .cutOff(host), .reconnect(host),
      .jumpClock(.seconds(pick([-3600, -5, 5, 3600]))), .crash, .historyIsFound,
      .checksSay(pick([.pass, .pass, .inconclusive, .noData, .error, .fail])),
    ])
  }
}
