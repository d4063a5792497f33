import Testing

@testable import CanaryJudge

@Suite struct RateBetTests {
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
