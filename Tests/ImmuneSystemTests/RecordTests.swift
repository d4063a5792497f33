import CanaryJudge
import Foundation
import RolloutCore
import Testing

@testable import ImmuneSystem

/// The record is all there is: what is read back from it says the same to the last bit.
@Suite struct RecordTests {
  static let checks: [CheckPolicy] = {
    let source = MetricSource.scrape("http://{host}/metrics")
    return [
      Burn.errors(),
      CheckPolicy(name: "latency", source: source, measure: .histogram(name: "s", quantiles: [0.9, 0.99])),
      CheckPolicy(name: "memory", source: source, measure: .gauge("m")),
      CheckPolicy(name: "share", source: source, measure: .share("all")),
    ]
  }()

  static let bounds = [0.05, 0.1, 1 / 3, 1, .infinity]

  static func reading(_ check: Int, _ host: Int, _ tick: Int, slow: Double = 0) -> CanaryJudge.Measurement? {
    if (tick &* 31 &+ host &* 17 &+ check) % 29 == 0 { return nil }
    switch check {
    case 0: return Burn.counts(Burn.events(0.3, tick, host), of: 480 + Double(host))
    case 1:
      let late = host == 0 ? slow : 0
      return .histogram(
        Histogram(
          upperBounds: bounds,
          buckets: [
            .init(index: 0, count: 300 - 10 * late), .init(index: 1, count: Burn.events(150, tick, host)),
            .init(index: 2, count: 20 + 10 * late), .init(index: 3, count: Burn.events(4.2, tick, host)),
          ]))
    case 2: return .gauge(1e8 / 3 + Burn.events(100, tick, host))
    default: return Burn.counts(480 + Burn.events(5, tick, host), of: 5)
    }
  }

  /// Baseline, canary, a wave, the soak; then a second attempt under another number.
  static func rollout() throws -> (burn: Burn, verdicts: [Verdict]) {
    var burn = Burn(checks, hosts: 6, requests: 500)
    var verdicts: [Verdict] = []
    var tick = 0
    func looks(_ count: Int, slow: Double = 0) throws {
      for _ in 0..<count {
        tick += 1
        verdicts.append(try burn.look { reading($0, $1, tick, slow: slow) })
      }
    }
    try burn.segment(.baseline)
    try looks(20)
    try burn.segment(.comparison, updated: 1)
    try looks(60)
    try burn.segment(.comparison, updated: 1, out: [1, 2])
    try looks(5)
    try burn.segment(.comparison, updated: 3)
    try looks(30)
    try burn.segment(.soak, updated: 6)
    try looks(30)
    try burn.segment(.baseline, number: 8)
    try looks(10)
    try burn.segment(.comparison, updated: 1, number: 8)
    try looks(60, slow: 12)
    return (burn, verdicts)
  }

  @Test func `replay of decoded samples gives every verdict with the same bits`() throws {
    let (burn, verdicts) = try Self.rollout()
    var replay = Burn(Self.checks, hosts: 6, requests: 500)
    var again: [Verdict] = []
    for sample in burn.samples {
      let text = try JSONEncoder().encode(sample)
      let back = try JSONDecoder().decode(Sample.self, from: text)
      #expect(back == sample)
      try replay.record(back)
      if case .look = back { again.append(replay.immune.verdict) }
    }
    #expect(again.count == verdicts.count)
    for (one, other) in zip(verdicts, again) { #expect(try Self.bytes(one) == Self.bytes(other)) }
    #expect(Set(verdicts.map(\.outcome)).count >= 3, "\(Set(verdicts.map(\.outcome)))")
  }

  @Test func `a verdict survives the journal with the same bits`() throws {
    for verdict in try Self.rollout().verdicts {
      let back = try JSONDecoder().decode(Verdict.self, from: JSONEncoder().encode(verdict))
      #expect(back == verdict)
      for (one, other) in zip(back.evidence, verdict.evidence) {
        #expect(one.logEvidence?.bitPattern == other.logEvidence?.bitPattern)
        #expect(one.ratio?.bitPattern == other.ratio?.bitPattern)
        #expect(one.passEvidence?.bitPattern == other.passEvidence?.bitPattern)
      }
    }
  }

  static func bytes(_ verdict: Verdict) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return try encoder.encode(verdict)
  }

  @Test func `another number begins without evidence`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.comparison, updated: 1)
    _ = try VerdictTests.burn(&burn, bad: 100, looks: 60)
    #expect(burn.immune.verdict.outcome == .fail)
    try burn.segment(.comparison, updated: 1, number: 8)
    let verdict = try burn.look { _, _ in Burn.counts(0, of: 500) }
    #expect(verdict.outcome == .inconclusive && verdict.evidence[0].canarySamples <= 500)
  }

  @Test func `evidence goes on when arms change`() throws {
    var burn = Burn([Burn.errors()], hosts: 6)
    try burn.segment(.comparison, updated: 1)
    for tick in 0..<40 { try burn.look { _, host in Burn.counts(Burn.events(0.1, tick, host), of: 500) } }
    let before = burn.immune.verdict.evidence[0]
    try burn.segment(.comparison, updated: 3)
    try burn.look { _, _ in Burn.counts(0, of: 500) }
    let after = burn.immune.verdict.evidence[0]
    #expect(after.canarySamples == before.canarySamples + 1500)
    #expect(after.baselineSamples == before.baselineSamples + 1500)
  }

  @Test func `an outage of the source leaves the final verdict as it would have been`() throws {
    for bad in [0.1, 30] {
      var outcomes: [Verdict.Outcome] = []
      for outage in [0, 24] {
        var burn = Burn([Burn.errors()])
        try burn.segment(.comparison, updated: 1)
        for tick in 0..<(12 + outage) {
          let isAway = tick >= 12
          try burn.look { _, host in
            isAway ? nil : Burn.counts(Burn.events(host == 0 ? bad : 0.1, tick, host), of: 500)
          }
        }
        // What was counted meanwhile comes with the first look after it.
        let held = Double(outage + 1)
        try burn.look { _, host in Burn.counts(Burn.events(held * (host == 0 ? bad : 0.1), 0, host), of: 500 * held) }
        for tick in 0..<100 {
          try burn.look { _, host in Burn.counts(Burn.events(host == 0 ? bad : 0.1, tick, host), of: 500) }
        }
        outcomes.append(burn.immune.verdict.outcome)
      }
      #expect(outcomes == (bad > 1 ? [.fail, .fail] : [.pass, .pass]), "\(bad)")
    }
  }

  @Test func `looks before the push come to the judge with negative seconds, once it is known when it was`() throws {
    var burn = Burn([Burn.errors()])
    try burn.segment(.baseline)
    for tick in 0..<5 { try burn.look { _, host in Burn.counts(Burn.events(1, tick, host), of: 500) } }
    #expect(burn.immune.second == nil)
    try burn.segment(.comparison, updated: 1, out: [0])
    try burn.look { _, _ in Burn.counts(0, of: 500) }
    #expect(burn.immune.second == nil, "the canary is away, nobody is updated")
    try burn.segment(.comparison, updated: 1)
    try burn.look { _, _ in Burn.counts(0, of: 500) }
    #expect(burn.immune.second == 5, "the end of the look that began with the deploy")
    try burn.look { _, _ in Burn.counts(0, of: 500) }
    #expect(burn.immune.second == 10)
  }
}
