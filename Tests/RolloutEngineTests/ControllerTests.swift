import RolloutCore
import RolloutEngine
import Testing

/// The engine over fake hosts and a store in memory.
@Suite(.timeLimit(.minutes(2)))
struct ControllerTests {
  let store = FlakyStore()

  private func controller(
    _ fleet: FakeFleet, _ name: String = "a", verdict: Verdict = Verdict(outcome: .pass, reason: "well")
  ) -> Controller {
    let ports = Ports(
      transport: fleet, prober: fleet, analyst: FixedAnalyst(verdict: verdict), clock: RealClock(), store: store)
    return Controller(ports: ports, holder: Fixtures.holder(name))
  }

  private func fate(_ log: TurnLog) async -> Fate? {
    if case .ended(let fate, _) = await log.last?.phase { fate } else { nil }
  }

  @Test func aControllerThatMovesAServiceTakesNoSecondOrderForIt() async throws {
    let (fleet, log) = (Fixtures.fleet(2), TurnLog())
    let controller = controller(fleet)
    await fleet.hold(.activate)
    async let first = controller.start(Fixtures.plan(2), observer: log)
    await fleet.waitFor(.activate, count: 1)
    let refusal = await #expect(throws: ControllerRefusal.self) {
      try await controller.start(Fixtures.plan(2, id: "r2"), observer: TurnLog())
    }
    #expect(refusal == .busy(service: "checkout"))
    await #expect(throws: ControllerRefusal.busy(service: "checkout")) {
      try await controller.resume("r1", observer: TurnLog())
    }
    await fleet.release()
    #expect(try await first == .atRest)
    #expect(await fate(log) == .succeeded)
    // Free again: the rollout that has ended is refused for what it is.
    let later = await #expect(throws: ControllerRefusal.self) { try await controller.resume("r1", observer: TurnLog()) }
    if case .alreadyEnded = later {} else { Issue.record("\(String(describing: later))") }
  }

  @Test func aGoodReleaseReachesEveryHostOnceCanaryFirst() async throws {
    let (fleet, log) = (Fixtures.fleet(4), TurnLog())
    let end = try await controller(fleet).start(Fixtures.plan(4), observer: log)
    #expect(end == .atRest)
    #expect(await fate(log) == .succeeded)
    for number in 1...4 {
      #expect(await fleet.activations(of: HostID("web\(number)")) == [Fixtures.new])
    }
    let activations = await fleet.received.filter { $0.key.step == .activate }
    #expect(activations.first?.key.host == "web1")
    let fences = await fleet.received.map(\.fence)
    #expect(Set(fences.map(\.step)).count == fences.count, "every command has a fence of its own")
  }

  @Test func theJournalFoldsToTheLiveState() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    let controller = controller(fleet)
    _ = try await controller.start(Fixtures.plan(3), observer: log)
    #expect(try await controller.load("r1") == log.last)
  }

  /// Leases that were lost or set back would give hosts two controllers that they cannot tell apart.
  @Test func aLeaseBelowTheJournalsEpochMovesNothing() async throws {
    let fleet = Fixtures.fleet(2)
    let plan = Fixtures.plan(2)
    let taken = Event.controllerTookOver(epoch: 7, holder: "c7", gap: .zero)
    let rollout = try Rollout.replay([(.planned(plan), plan.createdAt), (taken, plan.createdAt)])
    let lease = try await store.acquire(
      service: "checkout", holder: Fixtures.holder("a"), now: Timestamp(milliseconds: 0)
    ).get()
    let ports = Ports(
      transport: fleet, prober: fleet, analyst: FixedAnalyst(verdict: Verdict(outcome: .pass, reason: "well")),
      clock: RealClock(), store: store)
    let runner = RolloutRunner(rollout: rollout, lease: lease, ports: ports, observer: TurnLog())
    guard case .failed(let detail) = await runner.run(gap: .zero) else {
      Issue.record("it was driven")
      return
    }
    #expect(detail.contains("epoch 1 is not above 7"))
    #expect(await fleet.received.isEmpty)
  }

  @Test func anUnhealthyCanaryGoesBackAndTheOthersAreNeverTouched() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    await fleet.makeSick(Fixtures.new)
    let plan = Fixtures.plan(3, policy: Fixtures.policy { $0.healthyDeadline = .seconds(3) })
    _ = try await controller(fleet).start(plan, observer: log)
    #expect(await fate(log) == .rolledBack)
    #expect(await fleet.activations(of: "web1") == [Fixtures.new, Fixtures.old])
    #expect(await fleet.received.allSatisfy { $0.key.host == "web1" })
  }

  @Test func anUnhealthyCanaryHaltsWhereThePolicySaysSo() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    await fleet.makeSick(Fixtures.new)
    let plan = Fixtures.plan(
      3,
      policy: Fixtures.policy {
        $0.healthyDeadline = .seconds(3)
        $0.onFail = .halt
      })
    let end = try await controller(fleet).start(plan, observer: log)
    #expect(end == .atRest)
    #expect(await log.last?.stateName == "halted")
    #expect(await fleet.activations(of: "web1") == [Fixtures.new])
    // Whoever comes next drives it on: a rollback from the halted state.
    let next = TurnLog()
    let request = try Fixtures.request("q1", .rollback)
    _ = try await controller(fleet, "b").resume("r1", offering: request, observer: next)
    #expect(await fate(next) == .rolledBack)
    #expect(await fleet.versions()["web1"] == Fixtures.old)
    #expect(try await store.answer(to: "q1")?.isAccepted == true)
  }

  @Test func aLostAnswerIsAskedAboutAndNeverSentTwice() async throws {
    let (fleet, log) = (Fixtures.fleet(2), TurnLog())
    await fleet.loseNextAnswer(to: .activate)
    _ = try await controller(fleet).start(Fixtures.plan(2), observer: log)
    #expect(await fate(log) == .succeeded)
    #expect(await log.kinds.contains("stepQuestioned"))
    #expect(await fleet.received.count { $0.key.step == .activate } == 2, "one for each host")
    let (asked, received) = await (fleet.asked, fleet.received)
    #expect(!asked.isEmpty)
    for question in asked {
      let sent = received.filter { $0.key == question.step }
      #expect(sent.allSatisfy { $0.fence < question.fence }, "what was sent before is refused from then on")
    }
  }

  @Test func aStopInTheMiddleOfAStepIsTakenUpWithoutAnotherPush() async throws {
    let (fleet, log) = (Fixtures.fleet(2), TurnLog())
    await fleet.hold(.activate)
    let first = controller(fleet)
    async let running = first.start(Fixtures.plan(2), observer: log)
    await fleet.waitFor(.activate, count: 1)
    // The fake holds the answer until it is told to go on, so the runner must not wait for it.
    async let stopping: Void = first.stop(reason: "SIGTERM")
    await fleet.release()
    await stopping
    #expect(try await running == .stopped(reason: "SIGTERM"))
    let next = TurnLog()
    _ = try await controller(fleet, "b").resume("r1", observer: next)
    #expect(await fate(next) == .succeeded)
    #expect(await fleet.activations(of: "web1") == [Fixtures.new])
    #expect(await fleet.activations(of: "web2") == [Fixtures.new])
  }

  @Test func aFullDiskStopsNewStepsAndGoesOnWhenThereIsSpace() async throws {
    let (fleet, log) = (Fixtures.fleet(2), TurnLog())
    await fleet.hold(.stage)
    async let running = controller(fleet).start(Fixtures.plan(2), observer: log)
    await fleet.waitFor(.stage, count: 1)
    await store.fill(true)
    await fleet.release()
    await log.waitForTrouble()
    #expect(await fleet.received.map(\.key.step) == [.stage])
    #expect(await log.trouble.first?.contains("free some space") == true)
    await store.fill(false)
    #expect(try await running == .atRest)
    #expect(await fate(log) == .succeeded)
  }

  @Test func aLostLeaseEndsTheRunnerAtOnce() async throws {
    let (fleet, log) = (Fixtures.fleet(2), TurnLog())
    await fleet.hold(.stage)
    async let running = controller(fleet).start(Fixtures.plan(2), observer: log)
    await fleet.waitFor(.stage, count: 1)
    await store.loseLease()
    await fleet.release()
    #expect(try await running == .leaseLost(detail: "epoch 2 holds the service"))
    #expect(await fleet.received.map(\.key.step) == [.stage])
  }

  @Test func nothingNewStartsAfterAnAbortIsAcknowledged() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    await fleet.hold(.activate)
    async let running = controller(fleet).start(Fixtures.plan(3), observer: log)
    await fleet.waitFor(.activate, count: 1)
    try await store.offer(try Fixtures.request("q1", .abort(.hold)))
    _ = await log.wait { if case .stopping = $0.phase { true } else { false } }
    #expect(try await store.answer(to: "q1")?.isAccepted == true)
    let before = await fleet.received.count
    await fleet.release()
    #expect(try await running == .atRest)
    #expect(await fate(log) == .aborted)
    #expect(await fleet.received.count == before)
  }

  @Test func whatWasAskedWhileNobodyDroveIsHeardBeforeAnythingMoves() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    try await controller(fleet).record(Fixtures.plan(3))
    try await store.offer(try Fixtures.request("q1", .abort(.hold)))
    _ = try await controller(fleet, "b").resume("r1", observer: log)
    #expect(await fate(log) == .aborted)
    #expect(await fleet.received.isEmpty)
  }

  @Test func aSecondRolloutOfTheServiceIsRefused() async throws {
    let fleet = Fixtures.fleet(2)
    try await controller(fleet).record(Fixtures.plan(2))
    await #expect(throws: ControllerRefusal.self) {
      _ = try await controller(fleet, "b").start(Fixtures.plan(2, id: "r2"), observer: TurnLog())
    }
  }

  @Test func aHeldLeaseNamesItsHolder() async throws {
    let fleet = Fixtures.fleet(2)
    await fleet.hold(.stage)
    let log = TurnLog()
    async let running = controller(fleet).start(Fixtures.plan(2), observer: log)
    await fleet.waitFor(.stage, count: 1)
    do {
      _ = try await controller(fleet, "b").resume("r1", observer: TurnLog())
      Issue.record("two controllers drive one service")
    } catch {
      guard case .held(let refusal) = error else {
        Issue.record("refused for another reason: \(error)")
        return
      }
      #expect(refusal.holder.controller == "a")
    }
    await fleet.release()
    _ = try await running
  }

  @Test func aFailingVerdictInTheBurnInRollsBack() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    let check = CheckPolicy(name: "errors", source: .scrape("http://{host}/metrics"), measure: .gauge("x"))
    let plan = Fixtures.plan(
      3,
      policy: Fixtures.policy {
        $0.checks = [check]
        $0.burnIn.min = .minutes(5)
      })
    let verdict = Verdict(outcome: .fail, reason: "errors: 9 % against 0.1 %")
    _ = try await controller(fleet, verdict: verdict).start(plan, observer: log)
    #expect(await fate(log) == .rolledBack)
    #expect(await fleet.activations(of: "web2").isEmpty)
  }

  /// The baseline would take longer than the test may.
  @Test func oneAnalystWatchesFromTheBaselineToTheEndOfTheSoak() async throws {
    let (fleet, log, analyst) = (Fixtures.fleet(3), TurnLog(), WatchfulAnalyst())
    let plan = Fixtures.plan(
      3,
      policy: Fixtures.policy {
        $0.checks = [CheckPolicy(name: "x", source: .scrape("http://{host}/metrics"), measure: .gauge("x"))]
        $0.baseline = .minutes(60)
        $0.soak = TimeSpan(milliseconds: 300)
      })
    let ports = Ports(transport: fleet, prober: fleet, analyst: analyst, clock: RealClock(), store: store)
    _ = try await Controller(ports: ports, holder: Fixtures.holder("a")).start(plan, observer: log)
    #expect(await fate(log) == .succeeded)
    #expect(await analyst.begun == 1)
    let seen = await analyst.seen
    #expect(seen.allSatisfy { $0.number == 1 })
    #expect(seen.first == Analysis(number: 1, stage: .baseline, updated: [], siblings: [0, 1, 2]))
    #expect(seen.last == Analysis(number: 1, stage: .soak, updated: [0, 1, 2], siblings: []))
    let events = await log.events
    let ended = events.firstIndex { if case .baselineEnded(.history, _) = $0.event { true } else { false } }
    let down = events.firstIndex { if case .stepIntended(_, .activate, _, _, _) = $0.event { true } else { false } }
    #expect(try #require(ended) < #require(down))
    #expect(await log.kinds.contains("soakStarted"))
  }

  @Test func aRetryBeginsAnotherAnalysis() async throws {
    let (fleet, log, analyst) = (Fixtures.fleet(2), TurnLog(), WatchfulAnalyst())
    let plan = Fixtures.plan(
      2,
      policy: Fixtures.policy {
        $0.checks = [CheckPolicy(name: "x", source: .scrape("http://{host}/metrics"), measure: .gauge("x"))]
        $0.onFail = .halt
      })
    let bad = Verdict(outcome: .fail, reason: "x: 9 against 1")
    _ = try await controller(fleet, verdict: bad).start(plan, observer: log)
    #expect(await log.last?.stateName == "halted")
    let ports = Ports(transport: fleet, prober: fleet, analyst: analyst, clock: RealClock(), store: store)
    let next = Controller(ports: ports, holder: Fixtures.holder("b"))
    _ = try await next.resume("r1", offering: try Fixtures.request("q1", .retry), observer: log)
    #expect(await fate(log) == .succeeded)
    #expect(await analyst.seen.allSatisfy { $0.number == 2 })
  }

  @Test func aCanaryThatFallsIllInItsBurnInGoesBackEvenWhilePaused() async throws {
    let (fleet, log) = (Fixtures.fleet(3), TurnLog())
    let plan = Fixtures.plan(3, policy: Fixtures.policy { $0.burnIn.min = .minutes(5) })
    async let running = controller(fleet).start(plan, observer: log)
    _ = await log.wait { $0.stateName == "burning_in" }
    try await store.offer(try Fixtures.request("q1", .pause))
    _ = await log.wait { $0.pause != nil }
    await fleet.report(.unhealthy(detail: "GET /healthz: 503"), from: "web1", expecting: Fixtures.new)
    #expect(try await running == .atRest)
    #expect(await fate(log) == .rolledBack)
  }
}
