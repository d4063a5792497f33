internal import CanaryJudge
internal import Glibc

/// The buckets that timers are counted in: edges a fixed ratio apart, the same for all metrics and instances, so that
/// any two can be compared. The unit is whatever the client sends: milliseconds for `ms`.
enum TimerBounds {
  /// Neighbours are 10^(1/48) = 1.049 apart, the relative error of a quantile read from the buckets; three digits each,
  /// since they are written down with the samples.
  static let edgesPerDecade = 48
  /// 10⁻³ to 10⁷: 1 µs to 2.7 hours as milliseconds. What is in seconds or bytes fits as well.
  static let decades = -3..<7
  /// Ascending; the last is infinite.
  static let edges: [Double] = decades.flatMap(decade) + [1e7, .infinity]

  private static func decade(_ power: Int) -> [Double] {
    // A quotient of whole numbers is the double nearest to the decimal fraction.
    (0..<edgesPerDecade).map { step in
      let digits = (100 * pow(10, Double(step) / Double(edgesPerDecade))).rounded()
      return power < 2 ? digits / pow(10, Double(2 - power)) : digits * pow(10, Double(power - 2))
    }
  }

  /// The bucket of a value that is not below zero: the first whose edge is not below it.
  static func bucket(of value: Double) -> Int32 {
    var (low, high) = (0, edges.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] < value { low = middle + 1 } else { high = middle }
    }
    return Int32(low)
  }

  static func histogram(_ counts: [Int32: Double]) -> Histogram {
    let buckets = counts.sorted { $0.key < $1.key }.map { Histogram.Bucket(index: $0.key, count: $0.value) }
    return Histogram(upperBounds: edges, buckets: buckets)
  }
}
