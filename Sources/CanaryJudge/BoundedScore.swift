/// Two-sample betting on the mean of bounded scores. Null: mean of the canary's scores ≤ the siblings' (sign +1) or ≥
/// (−1).
///
/// ln L = Σ_canary ln(1 + s·g(y − q)) + Σ_siblings ln(1 − s·g(n_a/n_b)(y − q)), valid for every predictable q by
/// weighted AM-GM (a betting form of Turner et al., arXiv 2106.02693). g is scaled down so that no factor is below
/// 0.1. Scores are counted on 16 levels (j + ½)/16; a score between two is shared out, which the concavity of ln
/// makes conservative.
enum BoundedScore {
  static let levels = 16
  static let bets = [0.06, 0.12, 0.25, 0.5, 1.0, 1.8]
  static let shares = [0.22, 0.27, 0.22, 0.13, 0.1, 0.06]

  static func level(_ index: Int) -> Double { (Double(index) + 0.5) / Double(levels) }

  /// Where a score lies: the lower of two levels, and the part of the upper one.
  static func place(_ score: Double) -> (level: Int, part: Double) {
    let place = min(max(score * Double(levels) - 0.5, 0), Double(levels - 1))
    let level = min(Int(place), levels - 2)
    return (level, place - Double(level))
  }

  /// ln L of one tick; `canary` and `siblings` are counts per level, n_a and n_b their sums. 0 with an arm empty.
  static func logFactor(
    bet: Double, sign: Double, mean q: Double, canary: Levels, siblings: Levels, canaryOffset: Double = 0,
    guardFactor: Double = 1
  ) -> Double {
    let (na, nb) = (canary.total, siblings.total)
    guard na > 0, nb > 0 else { return 0 }
    var (ga, gb) = (bet, bet * na / nb)
    let reach = (sign > 0 ? max(ga * q, gb * (1 - q)) : max(ga * (1 - q), gb * q)) * guardFactor
    if reach > 0.9 {
      ga *= 0.9 / reach
      gb *= 0.9 / reach
    }
    var result = 0.0
    for index in 0..<levels {
      let y = level(index) - q
      let (a, b) = (canary.counts[index], siblings.counts[index])
      if a > 0 { result += a * LogSpace.ofOnePlus(sign * ga * (y - canaryOffset)) }
      if b > 0 { result += b * LogSpace.ofOnePlus(-sign * gb * y) }
    }
    return result
  }
}

/// Counts of scores by level.
struct Levels: Hashable, Sendable {
  private(set) var counts = Array(repeating: 0.0, count: BoundedScore.levels)
  private(set) var total = 0.0

  mutating func add(score: Double, count: Double) {
    let (level, part) = BoundedScore.place(score)
    add(level: level, part: part, count: count)
  }

  mutating func add(level: Int, part: Double, count: Double) {
    counts[level] += count * (1 - part)
    counts[level + 1] += count * part
    total += count
  }

  mutating func add(_ other: Levels, sign: Double = 1) {
    for index in counts.indices { counts[index] += sign * other.counts[index] }
    total += sign * other.total
  }

  mutating func add(_ other: ArraySlice<Double>, total: Double) {
    for (index, place) in other.indices.enumerated() { counts[index] += other[place] }
    self.total += total
  }

  /// Variance of the scores.
  var variance: Double {
    guard total > 0 else { return 0 }
    let mean = mean
    var sum = 0.0
    for index in counts.indices {
      let difference = BoundedScore.level(index) - mean
      sum += counts[index] * difference * difference
    }
    return sum / total
  }

  /// Mean score; ½ when empty.
  var mean: Double {
    guard total > 0 else { return 0.5 }
    var sum = 0.0
    for index in counts.indices { sum += counts[index] * BoundedScore.level(index) }
    return sum / total
  }
}
