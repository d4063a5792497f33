internal import CanaryJudge
internal import Glibc

/// The buckets that timers are counted in: edges a fixed ratio apart, the same for all metrics and instances, so that any
/// two can be compared. The unit is whatever the client sends: milliseconds for `ms`.
enum TimerBounds {
  /// Neighbouring edges; the relative error of a quantile read from the buckets.
  static let ratio = 1.05
  /// From 10 ns to 11 days as milliseconds; distributions in seconds or bytes fit as well.
  static let lowest = 1e-5
  static let highest = 1e9
  /// Ascending; the last is infinite.
  static let edges: [Double] = (0...count).map { lowest * pow(ratio, Double($0)) } + [.infinity]

  private static let count = Int(ceil(log(highest / lowest) / log(ratio)))

  /// The bucket of a value that is not below zero: the first whose edge is not below it.
  static func bucket(of value: Double) -> Int32 {
    guard value > lowest else { return 0 }
    guard value <= edges[count] else { return Int32(count + 1) }
    var index = min(max(0, Int(ceil(log(value / lowest) / log(ratio)))), count)
    // The logarithm may be off by one at an edge.
    while index > 0, edges[index - 1] >= value { index -= 1 }
    while edges[index] < value { index += 1 }
    return Int32(index)
  }

  static func histogram(_ counts: [Int32: Double]) -> Histogram {
    let buckets = counts.sorted { $0.key < $1.key }.map { Histogram.Bucket(index: $0.key, count: $0.value) }
    return Histogram(upperBounds: edges, buckets: buckets)
  }
}
