#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Arithmetic on natural logarithms: total failure adds hundreds of nats a second, which no linear double would hold.
enum LogSpace {
  /// ln(e^a + e^b).
  static func sum(_ a: Double, _ b: Double) -> Double {
    let (high, low) = a < b ? (b, a) : (a, b)
    // Below 2^-57 of the larger one nothing would change.
    return low == -.infinity || low < high - 40 ? high : high + log1p(exp(low - high))
  }

  /// ln Σ e^x, added in the order given so that a replay gives the same bits.
  static func sum(_ values: [Double]) -> Double {
    guard let top = values.max(), top > -.infinity else { return -.infinity }
    return top + log(values.reduce(0) { $0 + exp($1 - top) })
  }

  /// e^x, at most e^600.
  static func exponential(_ x: Double) -> Double { exp(min(x, 600)) }

  /// ln(1 + x).
  static func ofOnePlus(_ x: Double) -> Double { log1p(x) }

  /// ln x, -∞ for 0 and below.
  static func of(_ x: Double) -> Double { x > 0 ? log(x) : -.infinity }
}
