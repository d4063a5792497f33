#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Siblings play canary against each other; what that would have earned must average at most 1. For each bet the
/// largest exponent η of a fixed list is used for which mean(exp(ηL)) ≤ 1 + z·sd/√n over the placebo evidence L of past
/// windows. If events come in clusters of at most φ, η = 1/φ is exactly valid (compound Poisson), and the placebo finds
/// it from the data; on independent data η stays 1. Bursts, pauses and heterogeneity cost speed this way, not truth.
struct PlaceboTempering: Hashable, Sendable {
  static let exponents = [1, 0.8, 0.6, 0.45, 0.33, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03]

  /// η in force, per bet.
  private(set) var temper: [Double]
  private var sums: [Double]
  private var squares: [Double]
  private var counts: [Double]
  private let bets: Int
  private let windows: Int

  init(bets: Int, windows: Int = 2) {
    self.bets = bets
    self.windows = windows
    temper = Array(repeating: 1, count: bets)
    sums = Array(repeating: 0, count: bets * windows * Self.exponents.count)
    squares = sums
    counts = Array(repeating: 0, count: bets * windows)
  }

  /// Takes ln L of one sibling against the others in one window.
  mutating func record(_ logFactor: Double, bet: Int, window: Int) {
    guard !logFactor.isNaN else { return }
    let slot = bet * windows + window
    let base = slot * Self.exponents.count
    for index in Self.exponents.indices {
      let value = exp(min(50, Self.exponents[index] * logFactor))
      sums[base + index] += value
      squares[base + index] += value * value
    }
    counts[slot] += 1
  }

  /// Chooses the exponents anew from everything recorded.
  mutating func settle() {
    for bet in 0..<bets {
      temper[bet] =
        Self.exponents.indices.first { isHarmless(bet: bet, exponent: $0) }.map { Self.exponents[$0] }
        ?? Self.exponents[Self.exponents.count - 1]
    }
  }

  private func isHarmless(bet: Int, exponent: Int) -> Bool {
    for window in 0..<windows {
      let slot = bet * windows + window
      let count = counts[slot]
      guard count > 1 else { continue }
      let index = slot * Self.exponents.count + exponent
      if !Self.isHarmless(sum: sums[index], squares: squares[index], count: count) { return false }
    }
    return true
  }

  /// mean ≤ 1 + z·sd/√n with the population's sd and z = 1.
  static func isHarmless(sum: Double, squares: Double, count: Double) -> Bool {
    let mean = sum / count
    let variance = max(0, squares / count - mean * mean)
    return mean <= 1 + (variance / count).squareRoot()
  }

  /// Lowest exponent in force.
  var lowest: Double { temper.min() ?? 1 }
}
