import Glibc
import RolloutCore
import RolloutEngine
import TestKit
import Testing

/// Things that end in the middle.
@Suite struct InterruptionTests {
  @Test(arguments: Kind.available) func killedWhileStaging(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let artifact = try await bench.artifact()
      try bench.hold("tar")
      async let first = bench.stage(artifact)
      #expect(await bench.isHeld("tar"))
      #expect(bench.killScripts() > 0)
      expectUnanswered(await first)
      try bench.release("tar")
      #expect(await eventually { (try? await bench.inspect(bench.key(.stage)).step) != .running })
      let report = try await bench.inspect(bench.key(.stage))
      #expect(report.step == .interrupted || report.step == .absent)
      #expect(report.releases.isEmpty)
      #expect(await bench.stage(artifact) == .succeeded)
      #expect(try await bench.inspect(bench.key(.stage)).step == .finished(.succeeded))
    }
  }

  @Test(arguments: Kind.available) func killedWhileActivating(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try await bench.prepare()
      try bench.hold("command")
      async let first = bench.activate(bench.heldCommand)
      #expect(await bench.isHeld("command"))
      #expect(bench.killScripts() > 0)
      expectUnanswered(await first)
      try bench.release("command")
      let report = try await bench.inspect(bench.key(.activate))
      #expect(report.step == .interrupted)
      #expect(report.current == "1.0")
      try bench.release("command")
      #expect(await bench.activate(bench.heldCommand) == .succeeded)
      #expect(try await bench.inspect(bench.key(.activate)).step == .finished(.succeeded))
    }
  }

  @Test(arguments: Kind.available) func killedWhileRunningAHook(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try bench.hold("command")
      async let first = bench.run(bench.heldCommand)
      #expect(await bench.isHeld("command"))
      #expect(bench.killScripts() > 0)
      expectUnanswered(await first)
      try bench.release("command")
      #expect(try await bench.inspect(bench.key(.drain)).step == .interrupted)
      try bench.release("command")
      #expect(await bench.run(bench.heldCommand) == .succeeded)
    }
  }

  @Test(.enabled(if: LoopbackSSHD.program != nil, "no sshd here"))
  func aCutConnectionLeavesTheStepRunning() async throws {
    try await Bench.with(.ssh) { bench in
      let sshd = try #require(bench.sshd)
      try bench.hold("command")
      async let first = bench.run(bench.heldCommand)
      #expect(await bench.isHeld("command"))
      await sshd.killConnections()
      expectUnanswered(await first)
      async let report = bench.inspect(bench.key(.drain))
      // The next connection is up, so the question is on its way while the step still runs.
      #expect(await sshd.log.contains("Accepted publickey", times: 2))
      try bench.release("command")
      #expect(try await report.step == .finished(.succeeded))
      #expect(contents(of: bench.home + "/done") == "done\n")
      #expect(await bench.run(bench.heldCommand) == .succeeded)
      #expect(contents(of: bench.home + "/done") == "done\n")
    }
  }

  @Test(arguments: Kind.available) func inspectWaitsForARunningStep(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try bench.hold("command")
      let caller = Task { await bench.run(bench.heldCommand) }
      #expect(await bench.isHeld("command"))
      caller.cancel()
      expectUnanswered(await caller.value)
      async let report = bench.inspect(bench.key(.drain))
      try bench.release("command")
      #expect(try await report.step == .finished(.succeeded))
    }
  }

  @Test(arguments: Kind.available) func aLateAnswerIsNotTheNextOne(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try bench.hold("command")
      let caller = Task { await bench.run(["sh", "-c", bench.heldCommand[2] + "; exit 3"]) }
      #expect(await bench.isHeld("command"))
      caller.cancel()
      expectUnanswered(await caller.value)
      async let next = bench.run(["true"], fence: Fence(epoch: 1, step: 4), attempt: 2)
      try bench.release("command")
      #expect(await next == .succeeded)
      guard case .finished(.failed)? = try await bench.inspect(bench.key(.drain)).step else {
        Issue.record("the step that nobody waited for has no outcome")
        return
      }
    }
  }

  @Test(arguments: Kind.available) func closingLeavesARunningStepToTheHost(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try bench.hold("command")
      async let first = bench.run(bench.heldCommand)
      #expect(await bench.isHeld("command"))
      await bench.transport.close()
      expectUnanswered(await first)
      try bench.release("command")
      #expect(try await bench.inspect(bench.key(.drain)).step == .finished(.succeeded))
    }
  }

  @Test(arguments: Kind.available) func aCancelledCallerSendsNothing(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let caller = Task {
        // Not before the cancellation is there.
        await withTaskCancellationHandler { () -> Outcome in
          _ = await eventually { Task.isCancelled }
          return await bench.run(bench.counting("runs"))
        } onCancel: {
        }
      }
      caller.cancel()
      guard case .notSent = await caller.value else {
        Issue.record("sent for a caller that had gone")
        return
      }
      #expect(bench.count("runs") == 0)
    }
  }

  @Test(arguments: Kind.available) func checksRunBesideASlowStep(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try bench.hold("command")
      async let first = bench.run(bench.heldCommand)
      #expect(await bench.isHeld("command"))
      for _ in 0..<3 {
        let result = await bench.transport.check(["echo", "here"], timeout: .seconds(30), on: bench.instance)
        #expect(result == .success(CommandResult(exitStatus: 0, output: "here\n")))
      }
      try bench.release("command")
      #expect(await first == .succeeded)
      if let sshd = bench.sshd { #expect(await sshd.acceptedConnections == 1) }
    }
  }

  private func expectUnanswered(_ outcome: Outcome) {
    guard case .unanswered = outcome else {
      Issue.record("expected no answer: \(outcome)")
      return
    }
  }
}
