import ChildProcesses
import Foundation
import TestKit
import Testing

/// What people say from another terminal, and what CI sees.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct OperatorSystemTests {
  @Test func pauseResumeAndPromoteFromAnotherTerminal() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 3m, max: 4m}", "approval": "canary"])
      try await fleet.pack("2.0")
      let running = try await fleet.canary.begin("start", "shop@2.0")
      try await running.reached("burnInStarted")
      #expect(try await fleet.canary("pause", "--reason", "lunch").status == .exited(0))
      #expect(try await fleet.canary("status").output.contains("paused"))
      #expect(try await fleet.canary("explain").output.contains("canary resume"))
      #expect(try await fleet.canary("resume").status == .exited(0))
      #expect(try await fleet.canary("promote", "--reason", "looks well").status == .exited(0))
      try await running.reached("approvalAwaited")
      #expect(try await fleet.canary("explain").output.contains("promote"))
      #expect(try await fleet.canary("promote", "--reason", "go").status == .exited(0))
      let runningEnded = await running.ended()
      #expect(runningEnded.status == .exited(0), "\(runningEnded)")
      #expect(fleet.versions == ["2.0", "2.0"])
      let refused = try await fleet.canary("promote", "--reason", "again")
      #expect(refused.status == .exited(5), "\(refused)")
    }
  }

  @Test func aTimeoutLeavesItRunningInTheBackground() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 3m, max: 4m}"])
      try await fleet.pack("2.0")
      let ended = try await fleet.canary("start", "shop@2.0", "--timeout", "4s")
      #expect(ended.status == .exited(6), "\(ended)")
      let promoted = try await fleet.canary("promote", "--full", "--reason", "well enough")
      #expect(promoted.status == .exited(0), "\(promoted)")
      let watched = try await fleet.canary("watch")
      #expect(watched.status == .exited(0), "\(watched)")
      #expect(fleet.versions == ["2.0", "2.0"])
    }
  }

  @Test func detachPrintsTheIdAloneAndGoesOn() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try fleet.writePolicy()
      try await fleet.pack("1.0")
      let ended = try await fleet.canary("start", "shop@1.0", "--detach")
      #expect(ended.status == .exited(0), "\(ended)")
      let words = ended.output.split(whereSeparator: \.isWhitespace)
      #expect(words.count == 1, "\(ended)")
      let watched = try await fleet.canary("watch", String(words.first ?? "none"))
      #expect(watched.status == .exited(0), "\(watched)")
      #expect(fleet.versions == ["1.0", "1.0"])
    }
  }

  @Test func aFailedHostIsSkippedAndTheRestGoesOn() async throws {
    try await Fleet.with(3, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["on_fail": "halt", "waves": "[100%]", "healthy_deadline": "4s"])
      try await fleet.pack("2.0", onlyOn: 1)
      let halted = try await fleet.canary("start", "shop@2.0")
      #expect(halted.status == .exited(3), "\(halted)")
      // The host that failed is down, and max_unavailable counts it until it is left out.
      let skipped = try await fleet.canary("skip", "shop2", "--reason", "its disk is dying")
      #expect(skipped.status != .exited(5), "\(skipped)")
      let retried = try await fleet.canary("retry")
      #expect(retried.status == .exited(0), "\(retried)")
      #expect(fleet.versions == ["2.0", "2.0", "2.0"])
      #expect(fleet.restarts[2] == ["1.0", "2.0"])
    }
  }

  /// The halted canary is down; the fix must not wait for room that only it can make.
  @Test func aFixReplacesAHaltedReleaseStartingWhereThatOneStopped() async throws {
    try await Fleet.with(3, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["on_fail": "halt", "burn_in": "{min: 300ms, max: 1m}", "healthy_deadline": "4s"])
      try await fleet.pack("2.0", sickAfter: 0)
      #expect(try await fleet.canary("start", "shop@2.0").status == .exited(3))
      try fleet.writePolicy(["on_fail": "halt"])
      try await fleet.pack("2.1")
      let fixed = try await fleet.canary("start", "shop@2.1", "--supersede", "--reason", "2.0 was ill")
      #expect(fixed.status == .exited(0), "\(fixed)")
      #expect(fleet.versions == ["2.1", "2.1", "2.1"])
      #expect(fleet.restarts == [["1.0", "2.0", "2.1"], ["1.0", "2.1"], ["1.0", "2.1"]])
    }
  }

  @Test func rollbackAfterSuccessGoesToTheLastProvenVersionWithoutACanary() async throws {
    try await Fleet.with(3, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy()
      try await fleet.pack("2.0")
      #expect(try await fleet.canary("start", "shop@2.0").status == .exited(0))
      let back = try await fleet.canary("rollback", "--reason", "customers complain", "--output", "jsonl")
      #expect(back.status == .exited(0), "\(back)")
      #expect(fleet.versions == ["1.0", "1.0", "1.0"])
      #expect(!back.output.contains("burnInStarted"))
      let history = try await fleet.canary("history")
      #expect(history.output.contains("rollback"), "\(history)")
    }
  }

  /// One host was left on an aborted release; going back is for that host alone, to what its siblings run, whatever
  /// else finished a burn-in before.
  @Test func rollbackAfterAnAbortTakesBackOnlyWhatWasLeft() async throws {
    try await Fleet.with(3, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["healthy_deadline": "4s", "waves": "[1, 100%]"])
      // Well in its burn-in, ill in the second wave: proven for a while, then taken back.
      try await fleet.pack("2.0", onlyOn: 1)
      #expect(try await fleet.canary("start", "shop@2.0").status == .exited(2))
      try fleet.writePolicy(["on_fail": "halt", "healthy_deadline": "4s"])
      try await fleet.pack("3.0", sickAfter: 0)
      #expect(try await fleet.canary("start", "shop@3.0").status == .exited(3))
      #expect(try await fleet.canary("abort", "--hold", "--reason", "enough").status == .exited(0))
      let before = fleet.restarts
      let back = try await fleet.canary("rollback", "--reason", "take it back")
      #expect(back.status == .exited(0), "\(back)")
      #expect(fleet.versions == ["1.0", "1.0", "1.0"])
      #expect(fleet.restarts[1] == before[1] && fleet.restarts[2] == before[2], "the healthy ones are not touched")
    }
  }

  @Test func linesForCIHaveNoEscapesAndJSONLinesParse() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try fleet.writePolicy()
      try await fleet.pack("1.0")
      let first = try await fleet.canary("start", "shop@1.0", "--output", "jsonl")
      #expect(first.status == .exited(0), "\(first)")
      for line in first.output.split(separator: "\n") {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      }
      try await fleet.pack("2.0")
      let second = try await fleet.canary("start", "shop@2.0")
      #expect(!second.output.contains("\u{1B}") && !second.errors.contains("\u{1B}"))
      #expect(second.output.split(separator: "\n").count < 60, "\(second)")
    }
  }

  @Test func theRefusalsAndUsageHaveTheirExitStatus() async throws {
    try await Fleet.with(1, over: .local) { fleet in
      #expect(try await fleet.canary("start", "shop@1.0").status == .exited(65), "no policy")
      try fleet.writePolicy(["wavs": "[1]"])
      let invalid = try await fleet.canary("lint")
      #expect(invalid.status == .exited(65))
      #expect(invalid.errors.contains("wavs") || invalid.output.contains("wavs"), "\(invalid)")
      try fleet.writePolicy()
      #expect(try await fleet.canary("strat").status == .exited(64))
      #expect(try await fleet.canary("start", "shop").status == .exited(64))
      let missing = try await fleet.canary("start", "shop@9.9")
      #expect(missing.status != .exited(0) && missing.errors.contains("shop-9.9.tar.gz"), "\(missing)")
      #expect(try await fleet.canary("resume", "nothing-like-it").status == .exited(5))
    }
  }
}
