import Foundation

func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

func binomial(_ n: Int, _ k: Int, _ p: Double) -> Double {
  exp(lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))) * pow(p, Double(k))
    * pow(1 - p, Double(n - k))
}

/// Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  /// Not a multiple of the increment: such seeds give one stream, shifted, and runs that are not independent.
  init(seed: UInt64) { state = (seed &+ 1) &* 0xD134_2543_DE82_EF95 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// By multiplication of uniforms (Knuth); for means far below 700.
  mutating func poisson(_ mean: Double) -> Int {
    let floor = exp(-mean)
    var (count, product) = (0, uniform())
    while product > floor {
      count += 1
      product *= uniform()
    }
    return count
  }
}

func complementaryError(_ x: Double) -> Double { erfc(x) }
