import ChildProcesses
import Foundation
import TestKit
import Testing

/// `kill -9` of the controller at a moment of each phase, then `canary resume`: it goes on where it was, no host is
/// pushed twice, none is forgotten.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: LoopbackSSHD.program != nil, "needs openssh-server"))
struct KillSystemTests {
  /// The event after which the controller is killed, and how often it must have been seen.
  static let moments: [(event: String, times: Int)] = [
    ("controllerTookOver", 1), ("waveStarted", 1), ("stepIntended", 1), ("stepFinished", 1), ("stepIntended", 2),
    ("stepFinished", 2), ("hostVerified", 1), ("burnInStarted", 1), ("wavePassed", 1), ("waveStarted", 2),
    ("stepIntended", 4), ("hostVerified", 2), ("wavePassed", 2),
  ]

  @Test(arguments: moments)
  func forward(event: String, times: Int) async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      try await fleet.pack("2.0")
      let running = try await fleet.canary.begin("start", "shop@2.0")
      try await running.reached(event, times: times)
      await running.kill()
      let resumed = try await fleet.canary("resume")
      #expect(resumed.status == .exited(0), "\(resumed)")
      #expect(fleet.versions == ["2.0", "2.0", "2.0"])
      #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"], ["1.0", "2.0"]])
    }
  }

  @Test(arguments: [("rollbackStarted", 1), ("stepIntended", 3), ("stepFinished", 3)])
  func onTheWayBack(event: String, times: Int) async throws {
    try await Fleet.with(2) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 2m, max: 3m}"])
      try await fleet.pack("2.0", sickAfter: 1)
      let running = try await fleet.canary.begin("start", "shop@2.0")
      try await running.reached(event, times: times)
      await running.kill()
      let resumed = try await fleet.canary("resume")
      #expect(resumed.status == .exited(2), "\(resumed)")
      #expect(fleet.versions == ["1.0", "1.0"])
      #expect(fleet.restarts == [["1.0", "2.0", "1.0"], ["1.0"]])
    }
  }

  /// Killed while the restart command runs on the host: it finishes there, and the successor learns of it.
  @Test func whileARestartRuns() async throws {
    try await Fleet.with(2) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      try await fleet.pack("2.0", restart: "if [ -p run/gate ]; then cat run/gate; fi")
      try fleet.instances[0].makeGate()
      let running = try await fleet.canary.begin("start", "shop@2.0")
      #expect(await eventually { fleet.restarts[0] == ["1.0", "2.0"] })
      await running.kill()
      let resumed = try await fleet.canary.begin("resume")
      #expect(await fleet.instances[0].openGate())
      let resumedEnded = await resumed.ended()
      #expect(resumedEnded.status == .exited(0), "\(resumedEnded)")
      #expect(fleet.versions == ["2.0", "2.0"])
      #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"]])
    }
  }

  @Test func anInterruptStopsCleanlyAndSaysHowToGoOn() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 2s, max: 1m}"])
      try await fleet.pack("2.0")
      let running = try await fleet.canary.begin("start", "shop@2.0")
      try await running.reached("burnInStarted")
      let stopped = await running.interrupt()
      #expect(stopped.status == .exited(130), "\(stopped)")
      #expect(stopped.errors.contains("canary resume"), "\(stopped)")
      #expect(fleet.versions == ["2.0", "1.0"])
      let resumed = try await fleet.canary("resume")
      #expect(resumed.status == .exited(0), "\(resumed)")
      #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"]])
    }
  }

  /// An operator's word works without a controller too.
  @Test func aDeadRolloutCanBeRolledBack() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 2m, max: 3m}"])
      try await fleet.pack("2.0")
      let running = try await fleet.canary.begin("start", "shop@2.0")
      try await running.reached("burnInStarted")
      await running.kill()
      let abort = try await fleet.canary("abort", "--rollback", "--reason", "not today")
      #expect(fleet.versions == ["1.0", "1.0"], "\(abort)")
      #expect(fleet.restarts == [["1.0", "2.0", "1.0"], ["1.0"]])
    }
  }
}
