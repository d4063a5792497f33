import ArgumentParser
import RolloutCore
import RolloutEngine
import RolloutStore
import TestKit
import Testing

@testable import CanaryCommands

/// What people ask of a rollout that another command drives, and of one that nobody drives.
@Suite(.timeLimit(.minutes(2)))
struct OperatorCommandTests {
  private static let slow = CommandBench.policy.replacing("min: 0s, max: 1m", with: "min: 5m, max: 6m")

  @Test func `requests reach the command that drives, and are answered`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(Self.slow)
      async let running = bench("start", "shop@2.0")
      #expect(await bench.reaches("burning_in"))
      let paused = await bench("pause", "--reason", "look", "--output", "jsonl")
      #expect(paused.status == 0 && paused.answers.contains("\"accepted\":true"), "\(paused)")
      #expect(await bench.state()?.state == "paused")
      let twice = await bench("pause")
      #expect(twice.status == 5 && twice.notes.contains("paused already"), "\(twice)")
      #expect(await bench("resume").status == 0)
      let held = await bench("resume")
      #expect(held.status == 5 && held.notes.contains("is driven by"), "\(held)")
      #expect(held.notes.split(separator: "\n").count <= 6)
      let second = await bench("start", "shop@2.1")
      #expect(second.status == 5 && second.notes.contains("pid "), "\(second)")
      let nobody = await bench("skip", "d", "--reason", "x")
      #expect(nobody.status == 5 && nobody.notes.contains("no host `d`"), "\(nobody)")
      #expect(await bench("abort", "--rollback", "--reason", "enough").status == 0)
      let ended = await running
      #expect(ended.status == 7, "\(ended)")
      #expect(await bench.fleet.versions() == ["1.0", "1.0", "1.0"])
    }
  }

  @Test func `a rollout that nobody drives is taken up by the verb`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(Self.slow)
      try await bench.record("shop@2.0")
      #expect(await bench.state()?.state == "queued")
      let promoted = await bench("promote", "--reason", "no gate yet")
      #expect(promoted.status == 5, "\(promoted)")
      let paused = await bench("pause")
      #expect(paused.status == 0 && paused.answers.contains("paused"), "\(paused)")
      #expect(await bench.state()?.state == "paused")
      #expect(await bench.fleet.versions() == ["1.0", "1.0", "1.0"])
      let aborted = await bench("abort", "--hold", "--reason", "never mind")
      #expect(aborted.status == 0, "\(aborted)")
      #expect(await bench.state()?.state == "aborted")
      #expect(await bench("abort", "--hold").status == 5)
    }
  }

  @Test func `watch leaves a rollout that nobody drives`() async throws {
    try await CommandBench.with { bench in
      try await bench.record("shop@2.0")
      let watched = await bench("watch")
      #expect(watched.status == 6 && watched.notes.contains("nobody drives it; canary resume shop-"), "\(watched)")
    }
  }

  @Test func `resume takes up what nobody drives and ends a pause`() async throws {
    try await CommandBench.with { bench in
      try await bench.record("shop@2.0")
      #expect(await bench("pause").status == 0)
      let resumed = await bench("resume")
      #expect(resumed.status == 0, "\(resumed)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
    }
  }

  @Test func `a detached controller leaves a pause alone`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(Self.slow)
      try await bench.record("shop@2.0")
      #expect(await bench("pause").status == 0)
      async let running = bench("resume", "--as-is")
      #expect(await eventually { await bench("status").answers.contains("driven by") })
      #expect(await bench.state()?.state == "paused")
      #expect(await bench("abort", "--hold").status == 0)
      #expect(await running.status == 7)
    }
  }

  @Test func `without an id the only open rollout is meant, and several are listed`() async throws {
    try await CommandBench.with { bench in
      let none = await bench("pause")
      #expect(none.status == 5 && none.notes.contains("no rollout"), "\(none)")
      try await bench.record("shop@2.0")
      try bench.writePolicy(
        CommandBench.policy.replacing("service: shop", with: "service: pay"), to: "pay.yaml")
      try await bench.record("pay@2.0", policy: "pay.yaml")
      // The directory's policy decides.
      #expect(await bench("pause", "--output", "jsonl").answers.contains("\"shop-"))
      try removeFile(bench.directory.path("canary.yaml"))
      let both = await bench("abort", "--hold")
      #expect(both.status == 5 && both.notes.contains("pay-") && both.notes.contains("shop-"), "\(both)")
      let table = await bench("status")
      #expect(table.status == 0 && table.answers.contains("pay-") && table.answers.contains("shop-"), "\(table)")
      #expect(await bench("abort", "pay", "--hold").status == 0)
      #expect(await bench("abort", "--hold").status == 0)
      let unknown = await bench("status", "shpo")
      #expect(unknown.status == 5 && unknown.notes.contains("did you mean `shop`?"), "\(unknown)")
    }
  }
}

extension CommandBench {
  /// Records a plan and leaves it to whoever takes it up.
  func record(_ reference: String, policy name: String = "canary.yaml") async throws {
    let context = CommandContext(
      environment: ["CANARY_STATE": directory.path("state")], directory: directory.path, console: .silent,
      composition: composition, operatorName: "tester", takesSignals: false)
    var session = Session(context, try CommonOptions.parse([]))
    session.policyPath = name
    let release = try #require(ReleaseReference(argument: reference))
    let draft = try await PlanDraft.release(release, exclusions: [], in: session)
    let plan = try session.planned(await draft.make())
    let store = try await session.store()
    try await Drive(session: session, store: store, policy: plan.policy, rollout: plan.rollout).record(plan)
  }
}
