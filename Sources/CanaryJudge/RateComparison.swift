/// One check about rates from both sides: evidence that the canary is worse than tolerated, and evidence that it is
/// not worse than the pass margin. Between tolerance and margin either verdict is acceptable; one number for both
/// would make a healthy release wait for ever.
public struct RateComparison: Hashable, Sendable {
  public private(set) var regression: RateEvidence
  public private(set) var nonInferiority: RateEvidence
  /// 1 − confidence of an earned pass.
  public let beta: Double
  /// Set for good once the non-inferiority evidence reached 1/β.
  public private(set) var hasEarnedPass = false

  public init(regression: RateEvidence, nonInferiority: RateEvidence, beta: Double = 0.05) {
    self.regression = regression
    self.nonInferiority = nonInferiority
    self.beta = beta
  }

  public mutating func record(_ tick: RateTick) {
    regression.record(tick)
    nonInferiority.record(tick)
    if nonInferiority.logValue >= EvidenceSum.logThreshold(falseAlarm: beta) { hasEarnedPass = true }
  }
}

extension RateComparison {
  /// Errors among requests, worse when higher.
  ///
  /// Tolerated: siblings' rate × (1 + tolerance) + 1e-5. Pass margin: × max(1.5, 1.25 (1 + tolerance)) plus an
  /// allowance that makes error-free requests informative: ln(1/β)/δ of them decide (the rule of three), so
  /// δ = 4.5/`requests` where the policy says how many requests are enough, and 2e-4 otherwise or where that is larger.
  public static func errors(tolerance: Double, requests: Int?, horizon: Int) -> RateComparison {
    RateComparison(
      regression: RateEvidence(
        null: RateNull(ratio: 1 + tolerance, allowance: 1e-5), bets: [1.4, 2, 4, 10, 50, 1000].map(RateBet.init),
        stakes: .spread(over: horizon)),
      nonInferiority: RateEvidence(
        null: RateNull(ratio: passMargin(tolerance), allowance: passAllowance(requests)),
        bets: [0.001, 0.1, 0.3, 0.5, 0.7, 0.85].map(RateBet.init), stakes: .atOnce))
  }

  /// Requests slower than the siblings' own quantile. Their rate is near 1 − quantile, so no allowance is needed for
  /// the pass; the 1e-4 on the regression side keeps a few slow requests at a very quiet service from counting.
  public static func exceedances(tolerance: Double, horizon: Int) -> RateComparison {
    RateComparison(
      regression: RateEvidence(
        null: RateNull(ratio: 1 + tolerance, allowance: 1e-4), bets: [1.2, 1.5, 2, 3.5, 10, 50].map(RateBet.init),
        stakes: .spread(over: horizon)),
      nonInferiority: RateEvidence(
        null: RateNull(ratio: passMargin(tolerance), allowance: 0),
        bets: [0.2, 0.4, 0.6, 0.75, 0.9].map(RateBet.init), stakes: .atOnce))
  }

  static func passMargin(_ tolerance: Double) -> Double { max(1.5, 1.25 * (1 + tolerance)) }

  static func passAllowance(_ requests: Int?) -> Double {
    guard let requests, requests > 0 else { return 2e-4 }
    return max(2e-4, 4.5 / Double(requests))
  }
}
