/// What is taken for true until the evidence says otherwise: the canary's rate is at most (or, for a bet below 1, at
/// least) `ratio` times the siblings' rate plus `allowance` events per unit of exposure, at every moment, whatever
/// the common level does.
public struct RateNull: Hashable, Sendable {
  public var ratio: Double
  public var allowance: Double
  public init(ratio: Double, allowance: Double) {
    self.ratio = ratio
    self.allowance = allowance
  }
}

/// One alternative: the canary's rate is `odds` times the edge of the null.
public struct RateBet: Hashable, Sendable {
  /// Above 1 it bets on a higher rate, below 1 on a lower one.
  public var odds: Double
  public init(odds: Double) { self.odds = odds }

  /// ln L of one tick; E[L] ≤ 1 under `null` for independent Bernoulli or Poisson events.
  ///
  /// With s₀ = r₀τ_a + τ_b and d = ωr₀τ_a + τ_b: L = (ωs₀/d)^x_a · (s₀/d)^x_b · exp(−δτ_a(ωs₀/d − 1)). Given the tick's
  /// total, the canary's share is binomial whatever the common level is (Turner, Ly, Grünwald, arXiv 2106.02693).
  public func logFactor(_ tick: RateTick, null: RateNull) -> Double {
    guard tick.isComparable else { return 0 }
    let balanced = null.ratio * tick.canaryExposure + tick.baselineExposure
    let tilted = odds * null.ratio * tick.canaryExposure + tick.baselineExposure
    let canary = odds * balanced / tilted
    let baseline = balanced / tilted
    var result = -null.allowance * tick.canaryExposure * (canary - 1)
    if tick.canaryEvents > 0 { result += tick.canaryEvents * LogSpace.of(canary) }
    if tick.baselineEvents > 0 { result += tick.baselineEvents * LogSpace.of(baseline) }
    return result
  }
}
