import CanaryJudge
import RolloutCore
import Testing

@testable import ImmuneSystem

/// What a host always differed by, learnt before the push and kept when its counters begin anew.
@Suite struct OffsetTests {
  /// Each a fifth above the one before, so that two buckets up is slower by 44 % everywhere.
  private static let bounds: [Double] = (0..<14).reduce(into: [0.01]) { edges, _ in
    edges.append(1.2 * (edges.last ?? 0))
  }

  /// A triangle of observations around the bucket `center`.
  private static func latency(_ center: Int) -> Measurement {
    var counts = Array(repeating: 0.0, count: bounds.count)
    for step in -4...4 { counts[center + step] += Double(5 - abs(step)) * 20 }
    return .histogram(
      Histogram(
        upperBounds: bounds,
        buckets: counts.indices.filter { counts[$0] > 0 }.map { .init(index: Int32($0), count: counts[$0]) }))
  }

  @Test func `a canary that always was slower is not halted when its first look is dropped`() throws {
    let check = CheckPolicy(
      name: "latency", source: .scrape("http://{host}/metrics"),
      measure: .histogram(name: "latency", quantiles: [0.9, 0.99]))
    var burn = Burn([check], hosts: 6)
    try burn.segment(.baseline)
    for _ in 0..<90 { try burn.look { _, host in Self.latency(host == 0 ? 7 : 5) } }
    try burn.segment(.comparison, updated: 0, out: [0])
    try burn.look { _, host in host == 0 ? nil : Self.latency(5) }
    try burn.segment(.comparison, updated: 1)
    try burn.look({ _, host in host == 0 ? nil : Self.latency(5) }, kind: .first)
    for _ in 0..<120 {
      let verdict = try burn.look { _, host in Self.latency(host == 0 ? 7 : 5) }
      #expect(verdict.outcome != .fail, "\(verdict.reason)")
      if verdict.outcome == .fail { return }
    }
  }
}

/// What is said where no sibling is left.
@Suite struct RecordingWordsTests {
  private static func run(_ stage: Analysis.Stage, hosts: Int, looks: Int) throws -> Verdict {
    var burn = Burn([Burn.errors(limit: 0.2)], hosts: hosts, requests: 1000)
    try burn.segment(.baseline)
    for tick in 0..<30 { try burn.look { _, host in Burn.counts(Burn.events(5, tick, host), of: 500) } }
    try burn.segment(stage, updated: hosts)
    for tick in 0..<looks { try burn.look { _, host in Burn.counts(Burn.events(5, tick, host), of: 500) } }
    return burn.immune.verdict
  }

  @Test(arguments: [Analysis.Stage.soak, .comparison])
  func `the recorded baseline is named, counted with, and said to be used up`(stage: Analysis.Stage) throws {
    let early = try Self.run(stage, hosts: stage == .soak ? 3 : 1, looks: 20)
    #expect(early.evidence[0].detail.contains("before the push"), "\(early.evidence[0].detail)")
    #expect(!early.evidence[0].detail.contains("at the siblings"), "\(early.evidence[0].detail)")
    #expect(!early.evidence[0].detail.contains("used up"), "\(early.evidence[0].detail)")
    #expect(!early.reason.contains("of 1,000 requests"), "\(early.reason)")
    #expect(early.evidence[0].canary != nil && early.evidence[0].baseline != nil)
    let late = try Self.run(stage, hosts: stage == .soak ? 3 : 1, looks: 60)
    #expect(
      late.evidence[0].detail.contains("the recorded baseline is used up: only limits are watched"),
      "\(late.evidence[0].detail)")
    #expect(late.outcome == .pass, "\(late.reason)")
  }
}
