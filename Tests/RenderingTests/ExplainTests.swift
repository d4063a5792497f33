import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

@Suite struct ExplainTests {
  private static func kind(_ reason: WaitReason) -> String {
    switch reason.kind {
    case .controller: "controller"
    case .step: "step"
    case .unreachable: "unreachable"
    case .answer: "answer"
    case .health: "health"
    case .availability: "availability"
    case .baseline: "baseline"
    case .burnIn: "burnIn"
    case .judging: "judging"
    case .soak: "soak"
    case .approval: "approval"
    case .paused: "paused"
    case .halted: "halted"
    case .stuck: "stuck"
    }
  }

  @Test func everyKindOfWaitingIsAmongTheScenes() throws {
    var seen: [String] = []
    for scene in Scenes.open { seen += try scene.make().rollout.waitingOn.map(Self.kind) }
    for kind in [
      "controller", "step", "unreachable", "answer", "health", "availability", "burnIn", "approval", "paused",
      "halted", "stuck", "baseline", "judging", "soak",
    ] { #expect(seen.contains(kind), "\(kind)") }
  }

  @Test(arguments: Scenes.open.map(\.name)) func everyWaitHasACommandAndADeadline(_ name: String) throws {
    let world = try #require(Scenes.open.first { $0.name == name }).make()
    let reasons = world.rollout.waitingOn
    #expect(!reasons.isEmpty)
    for reason in reasons {
      let commands = NextCommand.commands(for: reason, in: world.rollout)
      #expect(!commands.isEmpty, "\(reason)")
      for next in commands { #expect(next.command.hasPrefix("canary ")) }
      #expect(!WaitWords.condition(reason, world.rollout).isEmpty)
    }
    let text = ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain)
    #expect(text.contains("at the latest"))
    #expect(text.contains("canary "))
  }

  /// What explain offers, the machine takes. `resume` of what nobody drives is the controller's, not the machine's.
  @Test(arguments: Scenes.open.map(\.name)) func offeredCommandsAreAccepted(_ name: String) throws {
    let world = try #require(Scenes.open.first { $0.name == name }).make()
    for reason in world.rollout.waitingOn {
      for next in NextCommand.commands(for: reason, in: world.rollout) {
        if world.rollout.epoch == 0, next.command.hasPrefix("canary resume") { continue }
        let verb = try #require(Self.verb(next.command), "\(next.command)")
        var tried = world
        #expect(throws: Never.self, "\(next.command) while \(name)") { try tried.ask(verb) }
        #expect(tried.rollout != world.rollout, "\(next.command) changes nothing")
      }
    }
  }

  private static func verb(_ command: String) -> Input.Verb? {
    let words = command.split(separator: " ").dropFirst()
    switch words.first {
    case "pause": return .pause
    case "resume": return .resume
    case "promote": return .promote(full: command.contains("--full"))
    case "retry": return .retry
    case "abort": return .abort(command.contains("--hold") ? .hold : .rollback)
    case "skip": return words.dropFirst().first.map { .skip(HostID(String($0))) }
    default: return nil
    }
  }

  @Test func evidenceShowsBothArmsAndTheBar() throws {
    let world = try Scenes.burningInUnsure()
    let text = ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain)
    #expect(text.contains("canary 0.72 % of 1,200 requests · siblings 0.39 % of 2,610"))
    #expect(text.contains("[████████░░░░░░░░░░░░]"))
    #expect(text.contains("2.12 of 5.3"))
    #expect(text.contains("800 requests are missing"))
  }

  @Test func endsTellWhyAndWhatIsLeft() throws {
    for scene in Scenes.ended {
      let world = try scene.make()
      let text = ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain)
      #expect(text.contains("It has ended: \(world.rollout.stateName)"))
      #expect(text.contains("What led to it"))
      #expect(text.contains("What is left where"))
      #expect(text.contains("What to do next"))
    }
  }

  /// What the machine takes is offered.
  @Test func aSickInstanceInTheSoakMayBeRetriedOrSkipped() throws {
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
    #expect(world.rollout.stateName == "soaking")
    try world.probe("web2", .unhealthy(detail: "connection refused"))
    #expect(world.rollout.stateName == "halted")
    let commands = NextCommand.commands(in: world.rollout).map(\.command)
    #expect(commands.contains { $0.hasPrefix("canary retry") }, "\(commands)")
    #expect(commands.contains { $0.hasPrefix("canary skip web2") }, "\(commands)")
    try world.ask(.retry)
    let json = ExplainRenderer.json(rollout: world.rollout, events: world.events, now: world.now)
    #expect(json.contains("\"verdict\":null") || json.contains("\"verdict\": null"))
  }

  /// Later waves and the soak have no pass to earn.
  @Test func onlyTheCanaryHangsOnWhatDecidesNext() throws {
    func text(_ world: World) -> String {
      ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain)
    }
    var canary = World(Plans.plan(hosts: 4, waves: [1, 1, 2]))
    try canary.takeOver()
    try canary.doWell()
    try canary.judge(.silent)
    #expect(text(canary).contains("decides next"))
    let wave = text(try Scenes.watchingWave())
    #expect(wave.contains("no samples from web1") && !wave.contains("decides next") && !wave.contains("nothing passes"))
  }

  @Test func aHostThatIsMeasuredBeforeThePushSaysSo() throws {
    var world = World(CheckScenes.plan)
    try world.takeOver()
    for _ in 0..<3 { for host in ["web1", "web2", "web3"] { try world.answer(HostID(host)) } }
    guard world.rollout.isTakingBaseline else { return }
    let details = world.rollout.hosts.indices.map { HostView(world.rollout, $0, now: world.now).detail }
    #expect(details.contains("measured before the push (baseline)"), "\(details)")
    #expect(!details.contains { $0.hasPrefix("waits for") })
  }

  @Test func nobodyDriving() throws {
    let world = try Scenes.burningIn()
    let text = ExplainRenderer.text(rollout: world.rollout, driver: .nobody, now: world.now, palette: .plain)
    #expect(text.contains("Nobody drives it"))
    #expect(text.contains("canary resume k3f9"))
  }

  @Test func exitStatuses() throws {
    let expected: [String: CanaryExit] = [
      "approvalTimedOut": .halted, "haltedFailed": .halted, "haltedInSoak": .halted,
      "haltedInconclusive": .inconclusive,
      "haltedNoData": .inconclusive, "stuck": .stuck, "succeeded": .succeeded, "rolledBack": .rolledBack,
      "abortedAndHeld": .aborted, "superseded": .aborted,
    ]
    for scene in Scenes.all {
      #expect(CanaryExit.of(try scene.make().rollout) == expected[scene.name] ?? .stillRunning, "\(scene.name)")
    }
    #expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 64, 65].allSatisfy { CanaryExit(rawValue: $0) != nil })
  }
}
