import ChildProcesses
import Foundation
import TestKit
import Testing

/// The main job from the command line to the processes that change on the hosts.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: LoopbackSSHD.program != nil, "needs openssh-server"))
struct RolloutSystemTests {
  @Test func aFirstDeployThenAGoodReleaseOverSSH() async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      #expect(fleet.versions == ["1.0", "1.0", "1.0"])
      try await fleet.pack("2.0")
      let ended = try await fleet.canary("start", "shop@2.0")
      #expect(ended.status == .exited(0), "\(ended)")
      #expect(fleet.versions == ["2.0", "2.0", "2.0"])
      #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"], ["1.0", "2.0"]])
      for sshd in fleet.sshds {
        // Two rollouts and nothing else: one connection each, the plan's look included.
        #expect(await sshd.acceptedConnections == 2)
      }
    }
  }

  @Test func aReleaseThatIsThereAlreadyTouchesNothing() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      let again = try await fleet.canary("start", "shop@1.0")
      #expect(again.status == .exited(0), "\(again)")
      #expect(fleet.restarts == [["1.0"], ["1.0"]])
      #expect(try await fleet.canary("plan", "shop@1.0", "--exit-code").status == .exited(0))
      try await fleet.pack("2.0")
      #expect(try await fleet.canary("plan", "shop@2.0", "--exit-code").status == .exited(10))
    }
  }

  @Test(arguments: [("rollback", 2, "1.0"), ("halt", 3, "2.0")])
  func anUnhealthyCanary(action: String, status: Int32, left: String) async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["on_fail": action, "burn_in": "{min: 2m, max: 3m}"])
      try await fleet.pack("2.0", sickAfter: 1)
      let ended = try await fleet.canary("start", "shop@2.0")
      #expect(ended.status == .exited(status), "\(ended)")
      #expect(fleet.versions == [left, "1.0", "1.0"])
      #expect(fleet.restarts[1] == ["1.0"] && fleet.restarts[2] == ["1.0"], "the others were never touched")
      let explained = try await fleet.canary("explain")
      #expect(explained.output.contains("503"), "\(explained)")
      if action == "halt" {
        let back = try await fleet.canary("rollback", "--reason", "it is ill")
        #expect(fleet.versions == ["1.0", "1.0", "1.0"], "\(back)")
      }
    }
  }

  @Test func aFailureInTheSecondWaveTurnsEveryTouchedHostBack() async throws {
    try await Fleet.with(4) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["waves": "[1, 1, 100%]", "healthy_deadline": "5s"])
      try await fleet.pack("2.0", onlyOn: 2)
      let ended = try await fleet.canary("start", "shop@2.0")
      #expect(ended.status == .exited(2), "\(ended)")
      #expect(fleet.versions == ["1.0", "1.0", "1.0", "1.0"])
      #expect(fleet.restarts[0] == ["1.0", "2.0", "1.0"])
      #expect(fleet.restarts[1] == ["1.0", "2.0", "1.0"])
      #expect(fleet.restarts[2] == ["1.0", "2.0", "1.0"])
      #expect(fleet.restarts[3] == ["1.0"], "the last one was never reached")
    }
  }

  @Test func anotherVersionAnswersAlthoughTheLinkMoved() async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["on_fail": "halt", "healthy_deadline": "3s"])
      try await fleet.pack("2.0", says: "1.0")
      let ended = try await fleet.canary("start", "shop@2.0")
      #expect(ended.status == .exited(3), "\(ended)")
      let explained = try await fleet.canary("explain")
      #expect(explained.output.contains("1.0") && explained.output.contains("2.0"), "\(explained)")
      #expect(fleet.versions == ["2.0", "1.0", "1.0"])
    }
  }

  @Test func neverMoreThanMaxUnavailableAreDown() async throws {
    try await Fleet.with(4) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["waves": "[100%]", "max_unavailable": "1"])
      try await fleet.pack("2.0")
      try await fleet.pack("3.0", onlyOn: 3)
      let hammer = try await Hammer.against(fleet) {
        let good = try await fleet.canary("start", "shop@2.0")
        #expect(good.status == .exited(0), "\(good)")
        let back = try await fleet.canary("rollback", "--to", "1.0", "--reason", "a look back")
        #expect(back.status == .exited(0), "\(back)")
      }
      #expect(await hammer.mostDown <= 1)
      #expect(await hammer.answers.allSatisfy { $0 > 0 })
      #expect(fleet.versions == ["1.0", "1.0", "1.0", "1.0"])
    }
  }

  @Test func anAbortInTheMiddleOfAWaveStartsNothingNew() async throws {
    try await Fleet.with(4) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["waves": "[100%]"])
      try await fleet.pack("2.0", restart: "if [ -p run/gate ]; then cat run/gate; fi")
      try fleet.instances[1].makeGate()
      let running = try await fleet.canary.begin("start", "shop@2.0")
      // The canary is done and the second host's restart waits at its gate.
      try await running.reached("wavePassed")
      #expect(await eventually { fleet.restarts[1].contains("2.0") })
      let before = ContinuousClock.now
      let abort = try await fleet.canary("abort", "--hold", "--reason", "enough")
      let taken = ContinuousClock.now - before
      #expect(abort.status == .exited(0), "\(abort)")
      // An acknowledgement is due within a second; a machine under load may take longer to start the process.
      #expect(taken < .seconds(10), "the abort took \(taken)")
      let acknowledged = fleet.restarts
      #expect(await fleet.instances[1].openGate())
      let runningEnded = await running.ended()
      #expect(runningEnded.status == .exited(7), "\(runningEnded)")
      #expect(fleet.restarts == acknowledged)
      #expect(fleet.restarts[3] == ["1.0"] || fleet.restarts[2] == ["1.0"], "it came in the middle of the wave")
      #expect(zip(fleet.versions, fleet.restarts).allSatisfy { $0 == $1.last })
    }
  }

  @Test func twoStartsAtOnce() async throws {
    try await Fleet.with(2) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 5s, max: 1m}"])
      try await fleet.pack("2.0")
      async let one = fleet.canary("start", "shop@2.0")
      async let other = fleet.canary("start", "shop@2.0")
      let statuses = try await [one, other]
      #expect(Set(statuses.map(\.status)) == [.exited(0), .exited(5)], "\(statuses)")
      let refused = statuses.first { $0.status == .exited(5) }
      #expect(refused?.errors.contains("tester") == true, "it names the holder: \(refused?.errors ?? "")")
      #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"]])
    }
  }

  @Test func aRollbackTargetThatIsGoneIsRefusedBeforeTheFirstPush() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      try FileManager.default.removeItem(atPath: fleet.instances[1].directory + "/releases/1.0/.canary-release")
      try await fleet.pack("2.0")
      let refused = try await fleet.canary("start", "shop@2.0")
      #expect(refused.status == .exited(5), "\(refused)")
      #expect(refused.errors.contains("shop2") && refused.errors.contains("forward_only"), "\(refused)")
      #expect(fleet.restarts == [["1.0"], ["1.0"]])
    }
  }
}
