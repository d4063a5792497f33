/// Bounds of a quantile that hold at every moment at once: the empirical distribution function is within 0.85·√((ln
/// ln(e·n/m) + 0.8·ln(1612/α))/n) of the true one for all n ≥ m (Howard & Ramdas, "Sequential estimation of
/// quantiles", Bernoulli 2022, corollary 2).
enum QuantileInterval {
  static func width(count n: Double, alpha: Double, least m: Double = 100) -> Double {
    0.85
      * ((LogSpace.of(max(LogSpace.of(2.718281828459045 * n / m), 1)) + 0.8 * LogSpace.of(1612 / alpha)) / n)
      .squareRoot()
  }

  /// Nil below 100 observations.
  static func bounds(
    _ quantile: Double, _ counts: [Double], _ layout: HistogramLayout, alpha: Double
  ) -> (low: Double, high: Double)? {
    let total = counts.reduce(0, +)
    guard total >= 100 else { return nil }
    let width = width(count: total, alpha: alpha)
    let low = quantile - width <= 0 ? 0 : LogSpace.exponential(HistogramQuantile.log(quantile - width, counts, layout))
    let high =
      quantile + width >= 1 ? .infinity : LogSpace.exponential(HistogramQuantile.log(quantile + width, counts, layout))
    return (low, high)
  }
}
