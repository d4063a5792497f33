import RolloutCore

/// Rollouts stopped at telling moments, each reached through the machine.
enum Scenes {
  static let small = Plans.plan(hosts: 3, waves: [1, 2])

  static func queued() throws -> World { World(small) }

  static func staging() throws -> World {
    var world = World(small)
    try world.takeOver()
    return world
  }

  static func unreachable() throws -> World {
    var world = try staging()
    try world.answer("web1", .notSent(detail: "ssh: connect to host web1 port 22: No route to host"))
    return world
  }

  static func asked() throws -> World {
    var world = try staging()
    try world.answer("web1", .unanswered(detail: "the connection broke"))
    return world
  }

  static func verifying() throws -> World {
    var world = try staging()
    try world.answer("web1")
    try world.answer("web1")
    return world
  }

  static func notYetHealthy() throws -> World {
    var world = try verifying()
    try world.probe("web1", .unhealthy(detail: "http GET /healthz: 503, expected 200"))
    return world
  }

  static func healthyForNow() throws -> World {
    var world = try verifying()
    try world.probe("web1")
    try world.pass(.seconds(4))
    return world
  }

  static func takingBaseline() throws -> World {
    var world = World(Plans.plan(hosts: 3, waves: [1, 2]) { $0.baseline = .minutes(5) })
    try world.takeOver()
    try world.doWell()
    try world.pass(.minutes(2))
    return world
  }

  /// Wave 2 is healthy, and the source of the checks is away.
  static func watchingWave() throws -> World {
    var world = World(Plans.plan(hosts: 4, waves: [1, 1, 2]))
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    try world.doWell()
    try world.judge(.silent)
    try world.pass(.seconds(40))
    return world
  }

  static func soaking() throws -> World {
    var world = World(Plans.plan(hosts: 3, waves: [1, 2]) { $0.soak = .minutes(5) })
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.seconds(30))
    try world.pass(.minutes(1))
    return world
  }

  static func haltedInSoak() throws -> World {
    var world = World(
      Plans.plan(hosts: 3, waves: [1, 2]) {
        $0.soak = .minutes(5)
        $0.onFail = .halt
      })
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.seconds(30))
    try world.judge(Verdict(outcome: .fail, reason: "server-errors: 2.1 % against 0.4 % before the push"))
    return world
  }

  static func burningIn() throws -> World {
    var world = World(small)
    try world.takeOver()
    try world.doWell()
    try world.pass(.minutes(2))
    return world
  }

  static func burningInUnsure() throws -> World {
    var world = try burningIn()
    try world.judge(.unsure)
    return world
  }

  static func waitingApproval() throws -> World {
    var world = World(Plans.plan(hosts: 3, waves: [1, 2]) { $0.approval = .canary })
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    return world
  }

  static func approvalTimedOut() throws -> World {
    var world = try waitingApproval()
    try world.pass(.minutes(31))
    return world
  }

  static func paused() throws -> World {
    var world = try burningIn()
    try world.ask(.pause, by: "bob", reason: "lunch")
    return world
  }

  static func pausedAfterPromote() throws -> World {
    var world = try paused()
    try world.ask(.promote(full: false))
    return world
  }

  /// Wave 2 with one host down that max_unavailable counts.
  static func crowded() throws -> World {
    var world = World(Plans.plan(hosts: 4, waves: [1, 3]))
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    for host in ["web2", "web3", "web4"] as [HostID] { try world.answer(host) }
    return world
  }

  static func haltedFailed() throws -> World {
    var world = World(Plans.plan(hosts: 3, waves: [1, 2]) { $0.onFail = .halt })
    try world.takeOver()
    try world.answer("web1")
    try world.answer("web1", .failed(detail: "restart: systemctl: exit 1: unit checkout.service not found"))
    return world
  }

  static func haltedInconclusive() throws -> World {
    var world = try burningInUnsure()
    try world.pass(.minutes(61))
    return world
  }

  static func haltedNoData() throws -> World {
    var world = World(Plans.plan(hosts: 3, waves: [1, 2]) { $0.onNoData = .halt })
    try world.takeOver()
    try world.doWell()
    try world.judge(.silent)
    try world.pass(.minutes(61))
    return world
  }

  static func rollingBack() throws -> World {
    var world = try verifying()
    try world.probe("web1", .unhealthy(detail: "http GET /healthz: 503, expected 200"))
    try world.pass(.minutes(3))
    return world
  }

  static func stuck() throws -> World {
    var world = try rollingBack()
    try world.answer("web1", .failed(detail: "restart: exit 1"))
    return world
  }

  static func stopping() throws -> World {
    var world = try staging()
    try world.answer("web1")
    try world.ask(.abort(.hold))
    return world
  }

  static func succeeded() throws -> World {
    var world = World(small)
    try world.takeOver()
    try world.finishWell()
    return world
  }

  static func rolledBack() throws -> World {
    var world = try rollingBack()
    try world.doWell()
    return world
  }

  static func abortedAndHeld() throws -> World {
    var world = try crowded()
    try world.ask(.abort(.hold))
    try world.doWell()
    return world
  }

  static func superseded() throws -> World {
    var world = try haltedFailed()
    try world.ask(.supersede, reason: "2.4.2 is out")
    return world
  }

  static let open: [(name: String, make: @Sendable () throws -> World)] = [
    ("queued", queued), ("staging", staging), ("unreachable", unreachable), ("asked", asked),
    ("verifying", verifying), ("notYetHealthy", notYetHealthy), ("healthyForNow", healthyForNow),
    ("burningIn", burningIn), ("burningInUnsure", burningInUnsure), ("waitingApproval", waitingApproval),
    ("approvalTimedOut", approvalTimedOut), ("paused", paused), ("pausedAfterPromote", pausedAfterPromote),
    ("takingBaseline", takingBaseline), ("watchingWave", watchingWave), ("soaking", soaking),
    ("haltedInSoak", haltedInSoak), ("crowded", crowded), ("haltedFailed", haltedFailed),
    ("haltedInconclusive", haltedInconclusive), ("haltedNoData", haltedNoData), ("rollingBack", rollingBack),
    ("stuck", stuck), ("stopping", stopping),
  ]

  static let ended: [(name: String, make: @Sendable () throws -> World)] = [
    ("succeeded", succeeded), ("rolledBack", rolledBack), ("abortedAndHeld", abortedAndHeld),
    ("superseded", superseded),
  ]

  static let all = open + ended

  /// A thousand hosts in mid-wave: some failed, one unknown, some in flight.
  static func large() throws -> World {
    let plan = Plans.plan(hosts: 1000, waves: [1, 249, 750], maxUnavailable: 50) {
      $0.maxFailures = 20
      $0.probes[0].name = "healthz"
    }
    var world = World(plan)
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    for number in 2...250 { try world.answer(HostID("web\(number)")) }
    for number in 2...40 { try world.answer(HostID("web\(number)")) }
    for number in 2...30 { try world.probe(HostID("web\(number)")) }
    try world.pass(.seconds(10))
    for number in 41...43 { try world.answer(HostID("web\(number)"), .failed(detail: "restart: exit 1")) }
    try world.answer("web44", .unanswered(detail: "the connection broke"))
    return world
  }
}
