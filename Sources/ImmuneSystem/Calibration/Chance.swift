/// Seeded chance: the same seed gives the same draws on every machine. SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast
/// splittable pseudorandom number generators", OOPSLA 2014); the seed is spread first, so that neighbouring seeds do
/// not give overlapping streams.
struct Chance: Hashable, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03 }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Even in [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Even in 0..<`limit`.
  mutating func below(_ limit: Int) -> Int { limit <= 1 ? 0 : min(limit - 1, Int(unit() * Double(limit))) }

  /// Binomial: how many of `trials` succeed. By inversion where few do, else by the normal distribution with the same
  /// mean and variance.
  mutating func successes(of trials: Double, probability: Double) -> Double {
    let count = trials.rounded(.down)
    guard count >= 1, count < 1e15, probability > 0 else { return 0 }
    if probability >= 1 { return count }
    if probability > 0.5 { return count - successes(of: count, probability: 1 - probability) }
    let mean = count * probability
    guard mean < 30 else {
      let deviation = (mean * (1 - probability)).squareRoot()
      return min(count, max(0, (mean + deviation * normal()).rounded()))
    }
    let failure = 1 - probability
    var part = Self.power(failure, UInt64(count))
    var (rest, found) = (unit(), 0.0)
    while rest > part, found < min(count, 1000) {
      rest -= part
      found += 1
      part *= probability / failure * (count - found + 1) / found
    }
    return found
  }

  /// Poisson: how many of countless chances happen when `mean` are expected.
  mutating func arrivals(_ mean: Double) -> Double {
    let chances = max(1000, (mean * 1000).rounded(.up))
    return successes(of: chances, probability: mean / chances)
  }

  /// Mean 0, deviation 1: the sum of twelve even draws.
  private mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += unit() }
    return sum
  }

  private static func power(_ base: Double, _ exponent: UInt64) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
