import Testing

@testable import CanaryJudge

/// Expected numbers: mpmath with 40 digits, the rows without allowance checked against scipy.stats.binom.logpmf.
@Suite struct RateKernelTests {
  struct Row: Sendable {
    var odds, ratio, allowance, canary, baseline, canaryEvents, baselineEvents, logFactor: Double
  }

  static let rows: [Row] = [
    (2.0, 1.0, 0.0, 50.0, 450.0, 3.0, 4.0, 1.412270283049562),
    (2, 1.1, 0, 50, 450, 0, 1, -0.1033783544538351),
    (10, 1.1, 1e-05, 50, 450, 5, 0, 8.094916216436342),
    (1000, 1.1, 1e-05, 50, 450, 50, 0, 110.4497821220105),
    (0.5, 1.5, 0.0002, 50, 450, 0, 0, 0.004615384615384616),
    (0.1, 1.5, 0.0002, 50, 450, 1, 3, -1.7432471224734611),
    (1.5, 1, 0.0001, 7, 3, 2, 0, 0.21064325353787483),
    (3, 2, 0, 1, 9, 480, 470, 232.6867166720451),
  ].map(Row.init)

  @Test(arguments: rows) func `factor equals the high-precision value`(row: Row) {
    let tick = RateTick(
      canaryExposure: row.canary, canaryEvents: row.canaryEvents, baselineExposure: row.baseline,
      baselineEvents: row.baselineEvents)
    let value = RateBet(odds: row.odds).logFactor(tick, null: RateNull(ratio: row.ratio, allowance: row.allowance))
    #expect(abs(value - row.logFactor) < 1e-9 * max(1, abs(row.logFactor)))
  }

  /// Exact enumeration over all Bernoulli outcomes at the edge of the null: the mean is at most 1, and this number.
  @Test(arguments: [
    (5, 20, 0.3, 0.3, 1.0, 0.0, 2.0, 0.8920276904476239),
    (5, 20, 0.01, 0.016, 1.5, 0.001, 4.0, 0.9988875388652753),
    (20, 40, 0.001, 0.00111, 1.1, 1e-05, 100.0, 0.9999426244488981),
    (8, 8, 0.05, 0.05, 1.0, 0.0, 1.3, 0.9996597859991718),
  ])
  func `expectation at the null`(
    na: Int, nb: Int, baseline: Double, canary: Double, ratio: Double, allowance: Double, odds: Double,
    expected: Double
  ) {
    let null = RateNull(ratio: ratio, allowance: allowance)
    var mean = 0.0
    for xa in 0...na {
      for xb in 0...nb {
        let tick = RateTick(
          canaryExposure: Double(na), canaryEvents: Double(xa), baselineExposure: Double(nb),
          baselineEvents: Double(xb))
        let chance = binomial(na, xa, canary) * binomial(nb, xb, baseline)
        mean += chance * exponential(RateBet(odds: odds).logFactor(tick, null: null))
      }
    }
    #expect(abs(mean - expected) < 1e-9)
    #expect(mean <= 1)
  }

  @Test func `a tick with one arm says nothing`() {
    let null = RateNull(ratio: 1, allowance: 1e-3)
    for tick in [
      RateTick(canaryExposure: 0, canaryEvents: 0, baselineExposure: 470, baselineEvents: 1),
      RateTick(canaryExposure: 50, canaryEvents: 50, baselineExposure: 0, baselineEvents: 0),
      RateTick(canaryExposure: .nan, canaryEvents: 1, baselineExposure: 10, baselineEvents: 0),
    ] {
      #expect(RateBet(odds: 10).logFactor(tick, null: null) == 0)
    }
  }
}

@Suite struct RateProcessTests {
  static let ticks = [
    (50.0, 450.0, 0.0, 1.0), (47, 461, 1, 0), (52, 440, 0, 0), (49, 455, 2, 1), (50, 450, 1, 0), (0, 470, 0, 1),
    (51, 444, 3, 0), (48, 452, 2, 0), (50, 450, 4, 1), (53, 449, 2, 0),
  ].map { RateTick(canaryExposure: $0.0, canaryEvents: $0.2, baselineExposure: $0.1, baselineEvents: $0.3) }

  /// mpmath, linear domain, direct recursion; w₀ = 0.5, horizon 1800 ticks.
  @Test(arguments: [
    (
      Double.infinity,
      [
        0.787874320002854, 1.2779092214525711, 1.276801712012201, 6.36053298314923, 28.85051882868508,
        28.85051882868508, 6167.882061854334, 327327.8289088506, 177795876.5541749, 9024550835.580383,
      ]
    ),
    (
      4.0,
      [
        0.787874320002854, 1.2779092214525711, 1.276801712012201, 6.36053298314923, 28.85051882868508,
        28.85051882868508, 1396.204670258588, 52668.184487291575, 2871948.6463032505, 117143250.3924372,
      ]
    ),
  ])
  func `process with spread stakes`(cap: Double, expected: [Double]) {
    var evidence = RateEvidence(
      null: RateNull(ratio: 1.1, allowance: 1e-05),
      bets: [1.2, 1.5, 2, 3, 5, 10, 30, 100, 1000].map(RateBet.init),
      stakes: StartStakes(opening: 0.5, horizon: 1800), cap: cap)
    for (tick, value) in zip(Self.ticks, expected) {
      evidence.record(tick)
      #expect(abs(exponential(evidence.logValue) / value - 1) < 1e-9)
    }
  }

  @Test func `evidence starts at one and stays there while nothing is compared`() {
    var comparison = RateComparison.errors(tolerance: 0.1, requests: nil, horizon: 100)
    for _ in 0..<200 {
      comparison.record(RateTick(canaryExposure: 0, canaryEvents: 0, baselineExposure: 100, baselineEvents: 3))
      #expect(abs(comparison.regression.logValue) < 1e-9)
    }
    #expect(!comparison.hasEarnedPass)
  }

  @Test func `total failure for hours stays finite`() {
    var comparison = RateComparison.errors(tolerance: 0.1, requests: nil, horizon: 10)
    for _ in 0..<5000 {
      comparison.record(RateTick(canaryExposure: 1e5, canaryEvents: 1e5, baselineExposure: 1e6, baselineEvents: 0))
    }
    #expect(comparison.regression.logValue.isFinite)
    #expect(comparison.regression.logValue > 1000)
  }
}

@Suite struct EvidenceSumTests {
  @Test func `weighted mean, threshold and the check to blame`() {
    let values = [120.0, 0.4, 3.0, 45.0, 0.9]
    let weights = [0.3, 0.15, 0.1, 0.15, 0.3]
    let terms = zip(weights, values).map { EvidenceSum.Term(weight: $0, logValue: logarithm($1)) }
    let sum = EvidenceSum(terms, falseAlarm: 0.05)
    #expect(abs(exponential(sum.logValue) - 43.38) < 1e-9)
    #expect(sum.crosses)
    #expect(sum.largest == 0)
    #expect(!EvidenceSum(terms, falseAlarm: 0.02).crosses)
  }

  @Test func `weights are scaled and muted checks weigh nothing`() {
    let sum = EvidenceSum(
      [.init(weight: 2, logValue: 0), .init(weight: 0, logValue: 50), .init(weight: 2, logValue: 0)],
      falseAlarm: 0.01)
    #expect(abs(sum.logValue) < 1e-12)
    #expect(sum.largest == 0)
    #expect(EvidenceSum([], falseAlarm: 0.01).largest == nil)
    #expect(!EvidenceSum([.init(weight: 0, logValue: 50)], falseAlarm: 0.01).crosses)
  }
}
