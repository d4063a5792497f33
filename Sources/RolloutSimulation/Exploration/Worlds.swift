internal import RolloutCore

/// The worlds that `make explore` visits. Lengths of time are small and differ, so that every order of deadlines comes
/// up while their number stays small.
extension ExploredWorld {
  package static var all: [ExploredWorld] {
    small + faults + people + checks + wayBack + fleets
  }

  /// Small enough for every run of the tests.
  package static var small: [ExploredWorld] {
    [
      ExploredWorld("small-fault", Bounds(faults: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("small-crash", Bounds(crashes: 1, requests: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld(
        "small-checks", Bounds(crashes: 1, verdicts: 1),
        plan: plan(hosts: 2) {
          $0.policy.checks()
          $0.policy.approval = .canary
        }),
      ExploredWorld("small-drain", Bounds(faults: 1, crashes: 1), plan: plan(hosts: 1) { $0.policy.drains() }),
      ExploredWorld("small-upset", Bounds(upsets: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("small-pause", Bounds(requests: 2, waits: 1), plan: plan(hosts: 1) { _ in }),
      ExploredWorld("small-halt", Bounds(faults: 1, requests: 1), plan: plan(hosts: 1) { $0.policy.onFail = .halt }),
      ExploredWorld("small-canary", Bounds(faults: 1), plan: plan(hosts: 2) { $0.policy.maxFailures = 1 }),
      ExploredWorld("small-way-back", Bounds(faults: 1), plan: plan(hosts: 2) { $0.kind = .rollback }),
      ExploredWorld(
        "small-promote", Bounds(verdicts: 1),
        plan: plan(hosts: 2) {
          $0.policy.checks()
          $0.policy.onInconclusive = .promote
        }),
    ]
  }

  /// One or two instances, and everything that can go wrong with steps, messages and controllers.
  private static var faults: [ExploredWorld] {
    [
      ExploredWorld("one-host", Bounds(faults: 2, crashes: 1, requests: 1), plan: plan(hosts: 1) { _ in }),
      ExploredWorld("two-faults", Bounds(faults: 2, crashes: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("two-crashes", Bounds(faults: 1, crashes: 2), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("drain", Bounds(faults: 2, crashes: 1), plan: plan(hosts: 2) { $0.policy.drains() }),
      ExploredWorld("upsets", Bounds(faults: 1, upsets: 2, waits: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld(
        "no-probes", Bounds(faults: 1, crashes: 1, requests: 1), plan: plan(hosts: 2) { $0.policy.probes = [] }),
      ExploredWorld("turns", Bounds(faults: 1, crashes: 1, requests: 1), turnLength: 3, plan: plan(hosts: 2) { _ in }),
    ]
  }

  /// What people may ask, at every moment and in every order.
  private static var people: [ExploredWorld] {
    [
      ExploredWorld("pair", Bounds(faults: 1, crashes: 1, requests: 1), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("requests", Bounds(faults: 1, requests: 2), plan: plan(hosts: 2) { _ in }),
      ExploredWorld("three-requests", Bounds(requests: 3), plan: plan(hosts: 2) { $0.policy.approval = .everyWave }),
      ExploredWorld(
        "drained-requests", Bounds(faults: 1, requests: 2), plan: plan(hosts: 2) { $0.policy.drains() }),
      ExploredWorld(
        "halting", Bounds(faults: 1, requests: 2, upsets: 1),
        plan: plan(hosts: 2) {
          $0.policy.onFail = .halt
          $0.policy.onAbort = .hold
        }),
      ExploredWorld(
        "asked-in-turns", Bounds(requests: 2, verdicts: 1), turnLength: 2,
        plan: plan(hosts: 2) { $0.policy.checks() }),
    ]
  }

  /// The checks, under each action that a policy may name.
  private static var checks: [ExploredWorld] {
    var worlds: [ExploredWorld] = []
    for action in InconclusiveAction.allCases {
      for noData in NoDataAction.allCases {
        let name = "checks-\(action.rawValue)-\(noData.rawValue)"
        worlds.append(
          ExploredWorld(
            name, Bounds(crashes: 1, requests: 1, verdicts: 2),
            plan: plan(hosts: 2) {
              $0.policy.checks()
              $0.policy.onInconclusive = action
              $0.policy.onNoData = noData
              $0.policy.onFail = noData == .halt ? .halt : .rollback
              $0.policy.approval = noData == .wait ? .canary : .none
            }))
      }
    }
    return worlds + [
      ExploredWorld(
        "muted", Bounds(requests: 1, verdicts: 2),
        plan: plan(hosts: 2) {
          $0.policy.checks()
          $0.policy.checks[0].muted = true
        }),
      ExploredWorld(
        "watched", Bounds(faults: 1, verdicts: 3, waits: 1),
        plan: plan(hosts: 3) {
          $0.policy.checks()
          $0.waveSizes = [1, 1]
        }),
    ]
  }

  /// Plans that go back, or that cannot.
  private static var wayBack: [ExploredWorld] {
    [
      ExploredWorld(
        "forward-only", Bounds(faults: 1, crashes: 1, requests: 1),
        plan: plan(hosts: 2) { $0.policy.rollback = .forwardOnly }),
      ExploredWorld(
        "first-release", Bounds(faults: 1, crashes: 1, requests: 1),
        plan: plan(hosts: 2) {
          $0.policy.rollback = .forwardOnly
          $0.from = { $0 == 1 ? nil : "1.0" }
        }),
      ExploredWorld(
        "way-back", Bounds(faults: 2, crashes: 1, requests: 1), plan: plan(hosts: 2) { $0.kind = .rollback }),
      ExploredWorld(
        "drained-way-back", Bounds(faults: 1, crashes: 1, requests: 1),
        plan: plan(hosts: 2) {
          $0.kind = .rollback
          $0.policy.drains()
        }),
    ]
  }

  /// Three and four instances in two and three waves.
  private static var fleets: [ExploredWorld] {
    [
      ExploredWorld("three", Bounds(faults: 1, requests: 1), plan: plan(hosts: 3) { $0.maxUnavailable = 2 }),
      ExploredWorld(
        "three-waves", Bounds(faults: 1, crashes: 1), plan: plan(hosts: 4) { $0.waveSizes = [1, 2] }),
      ExploredWorld(
        "one-may-fail", Bounds(faults: 2),
        plan: plan(hosts: 3) {
          $0.maxUnavailable = 2
          $0.policy.maxFailures = 1
        }),
      ExploredWorld(
        "four", Bounds(faults: 1), plan: plan(hosts: 4) { $0.maxUnavailable = 2 }),
    ]
  }

  static func plan(hosts: Int, _ change: (inout PlanBuilder) -> Void) -> Plan {
    PlanBuilder(hosts: hosts) {
      $0.policy.shortTimes()
      change(&$0)
    }.plan
  }
}

extension Policy {
  mutating func shortTimes() {
    release.restartTimeout = .seconds(4)
    release.hookTimeout = .seconds(4)
    baseline = .seconds(3)
    waveBurnIn = .seconds(3)
    soak = .seconds(3)
    burnIn = BurnInPolicy(min: .seconds(3), max: .seconds(6), untilRequests: nil)
    minHealthyTime = .seconds(2)
    healthyDeadline = .seconds(5)
    progressDeadline = .seconds(12)
  }
}
