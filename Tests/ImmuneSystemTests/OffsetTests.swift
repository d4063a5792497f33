import CanaryJudge
import RolloutCore
import Testing

@testable import ImmuneSystem

/// What a host always differed by, learnt before the push and kept when its counters begin anew.
@Suite struct OffsetTests {
  private static let bounds: [Double] = [0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.4, 1]

  /// A triangle of observations around the bucket `center`.
  private static func latency(_ center: Int, slower: Double) -> Measurement {
    var counts = Array(repeating: 0.0, count: bounds.count)
    for step in -4...4 {
      let mass = Double(5 - abs(step)) * 20
      counts[center + step] += mass * (1 - slower)
      counts[center + step + 1] += mass * slower
    }
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
    for _ in 0..<60 { try burn.look { _, host in Self.latency(5, slower: host == 0 ? 0.9 : 0) } }
    try burn.segment(.comparison, updated: 0, out: [0])
    try burn.look { _, host in host == 0 ? nil : Self.latency(5, slower: 0) }
    try burn.segment(.comparison, updated: 1)
    try burn.look({ _, host in host == 0 ? nil : Self.latency(5, slower: 0) }, kind: .first)
    for _ in 0..<120 {
      let verdict = try burn.look { _, host in Self.latency(5, slower: host == 0 ? 0.9 : 0) }
      #expect(verdict.outcome != .fail, "\(verdict.reason)")
      if verdict.outcome == .fail { return }
    }
  }
}
