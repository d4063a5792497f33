import CanaryJudge
import ImmuneSystem
import Observers
import RolloutCore
import RolloutEngine
import RolloutStore
import TestKit
import Testing

@testable import CanaryCommands

/// Verdicts of real rollouts, recomputed from the journal's file.
@Suite struct ReplayTests {
  static let policy =
    CommandBench.policy.replacing("burn_in: {min: 0s, max: 1m}", with: "burn_in: {min: 0s, max: 10m}") + """

      baseline: 0s
      soak: 0s
      wave_burn_in: 0s
      checks:
        - {name: errors, scrape: "http://{host}:80/metrics", bad: bad, total: all}
      """

  static func rollout(_ body: (CommandBench) async throws -> Void) async throws {
    try await CommandBench.with { plain in
      var bench = plain
      bench.analyst = ScriptedAnalyst()
      try bench.writePolicy(policy)
      let ended = await bench("start", "shop@2.0")
      #expect(ended.status == 0, "\(ended)")
      try await body(bench)
    }
  }

  @Test func `every verdict of a rollout is recomputed to the same bits`() async throws {
    try await Self.rollout { bench in
      let ended = await bench("replay")
      #expect(ended.status == 0 && ended.notes.isEmpty, "\(ended)")
      #expect(ended.answers.contains("every verdict recomputed to the same bits"), "\(ended)")
      #expect(ended.answers.contains("pass at sample "), "\(ended)")
      let json = await bench("replay", "shop", "--output", "json")
      #expect(json.status == 0 && json.answers.contains("\"same\": true"), "\(json)")
      #expect(json.answers.contains("\"found\": \"same\"") && !json.answers.contains("\"differs\""))
    }
  }

  @Test func `one changed count is found, with the first field that differs`() async throws {
    try await Self.rollout { bench in
      let (plan, events, records) = try await Self.journal(bench)
      #expect(try VerdictReplay(plan, events, records).isSame)
      var changed = records
      let place = try #require(changed.firstIndex { $0.payload.contains("[1,1,1000]") })
      changed[place].payload = changed[place].payload.replacing("[1,1,1000]", with: "[1,2,1000]")
      let replay = try VerdictReplay(plan, events, changed)
      #expect(!replay.isSame)
      let text = ReplayRenderer.text(replay, plan.rollout, palette: .plain)
      #expect(text.contains(" was ") && text.contains("verdicts differ"), "\(text)")
    }
  }

  @Test func `samples that were deleted or damaged are said to be`() async throws {
    try await Self.rollout { bench in
      let (plan, events, records) = try await Self.journal(bench)
      #expect(throws: VerdictReplay.Refusal.self) { _ = try VerdictReplay(plan, events, []) }
      var damaged = records
      damaged[1].payload = "{}"
      #expect(throws: VerdictReplay.Refusal.self) { _ = try VerdictReplay(plan, events, damaged) }
      let store = try await SQLiteStore.open(at: bench.directory.path("state/canary.db"))
      try await store.pruneSamples(service: "shop", keeping: 0)
      await store.close()
      let ended = await bench("replay")
      #expect(ended.status == ExitStatus.refused.rawValue && ended.answers.isEmpty, "\(ended)")
      #expect(ended.notes.contains("the samples of") && ended.notes.contains("are gone"), "\(ended)")
    }
  }

  static func journal(
    _ bench: CommandBench
  ) async throws -> (plan: Plan, events: [RecordedEvent], records: [SampleRecord]) {
    let id = try #require(await bench.state()).id
    let store = try await SQLiteStore.open(at: bench.directory.path("state/canary.db"))
    let (rollout, events) = try RolloutReader.fold(try await store.records(of: id, from: 0), id)
    let records = try await store.samples(of: id, from: 0, limit: 10_000)
    await store.close()
    return (rollout.plan, events, records)
  }
}

/// Measures as a script says, at looks five seconds apart that take no time, until what it says is a pass.
struct ScriptedAnalyst: Analyst {
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    while current.value.updated.isEmpty, !Task.isCancelled { await Task.yield() }
    var immune = ImmuneSystem(
      checks: request.checks, falseAlarm: request.falseAlarm, horizon: request.horizon,
      untilRequests: request.untilRequests, warmUp: request.warmUp)
    let analysis = current.value
    var sequence = 0
    func record(_ sample: Sample) async throws {
      let record = try SampleCodec.encode(sample, sequence: sequence, at: Timestamp(milliseconds: Int64(sequence)))
      try await samples.append([record])
      try immune.record(sample, sequence: sequence)
      sequence += 1
    }
    do {
      try await record(.segment(Segment(analysis, hosts: request.measured, refusals: [])))
      while immune.verdict.outcome != .pass, sequence < 500, !Task.isCancelled {
        let readings = request.measured.map { host -> Measurement in
          .counts(events: Double((sequence + host) % 3 / 2), exposure: 1000)
        }
        let at = Timestamp(milliseconds: 5000 * Int64(sequence))
        try await record(.look(Look(at: at, duration: .seconds(5), checks: [CheckLook(check: 0, readings: readings)])))
        if sequence % 10 == 0 || immune.verdict.outcome == .pass { await report(analysis.number, immune.verdict) }
      }
    } catch { Issue.record("\(error)") }
  }
}
