/// How much more the counts of equal instances scatter than independent events would: φ, at least 1.
///
/// Per window, χ² = Σ_i (x_i − m_i)² / m_i against the windows' own totals shared out by what each instance usually
/// has. φ = χ²/df where that is beyond chance by 2.5 standard errors, the largest over the windows; else 1.
struct Dispersion: Hashable, Sendable {
  private var squares: [Double]
  private var freedom: [Double]
  private var variance: [Double]
  private(set) var factor = 1.0

  init(windows: Int) {
    squares = Array(repeating: 0, count: windows)
    freedom = squares
    variance = squares
  }

  /// One window's events with what was expected of each instance, and the part of the expectation's variance that is
  /// not known (0 when its share is known exactly). Instances that expected nothing are left out.
  mutating func record(events: [Double], expected: [Double], doubt: [Double], window: Int) {
    var (sum, total, count) = (0.0, 0.0, 0.0)
    for index in events.indices where expected[index] > 0 {
      let difference = events[index] - expected[index]
      sum += difference * difference / (expected[index] * (1 + doubt[index]))
      total += events[index]
      count += 1
    }
    guard count > 2, total >= 2 else { return }
    record(square: sum, freedom: count - 2, variance: 2 * (count - 2) * (total - 1) / total, window: window)
  }

  /// One window's χ² with its degrees of freedom and its variance for independent events.
  mutating func record(square: Double, freedom: Double, variance: Double, window: Int) {
    squares[window] += square
    self.freedom[window] += freedom
    self.variance[window] += variance
  }

  mutating func settle() {
    factor = 1
    for window in squares.indices where freedom[window] > 0 {
      let ratio = squares[window] / freedom[window]
      let error = variance[window].squareRoot() / freedom[window]
      if ratio > 1 + 2.5 * error { factor = max(factor, ratio * (1 + error)) }
    }
  }
}
