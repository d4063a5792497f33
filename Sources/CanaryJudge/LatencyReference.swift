/// The siblings' recent latency: a histogram that forgets (0.87 a minute: half-life 5 minutes), and what follows from
/// it for the ticks to come: score levels and quantile thresholds. Renewed every 60 s from past ticks only, hence
/// predictable.
struct LatencyReference: Hashable, Sendable {
  private(set) var counts: [Double]
  private var fresh: [Double]
  /// Score of each bucket in [0, 1], never decreasing.
  private(set) var scores: [Double] = []
  /// The same as levels.
  private(set) var places: [ScorePlace] = []
  /// Per quantile, the bucket above whose upper edge an observation exceeds; nil where the buckets cannot tell.
  private(set) var thresholds: [Int?] = []
  /// Mean score of the siblings before this tick.
  private(set) var meanScore = 0.5
  /// Standard deviation of log latency, from the quartiles.
  private(set) var spread = 0.5
  private(set) var isReady = false

  /// Observations needed before anything is compared.
  static let minimum = 200.0

  init(buckets: Int) {
    counts = Array(repeating: 0, count: buckets)
    fresh = counts
  }

  mutating func add(_ look: LatencyLook, _ members: [Int]) {
    for index in members { for cell in look.cells[look.range(index)] { fresh[cell.place] += cell.count } }
  }

  /// Follows the mean score: by 2 % of the difference a second.
  mutating func follow(mean: Double, seconds: Double) {
    let kept = LogSpace.exponential(-0.02 * min(seconds, 60))
    meanScore = kept * meanScore + (1 - kept) * mean
  }

  mutating func renew(layout: HistogramLayout, quantiles: [Double]) {
    for index in counts.indices {
      counts[index] = 0.87 * counts[index] + fresh[index]
      fresh[index] = 0
    }
    let total = counts.reduce(0, +)
    guard total >= Self.minimum else { return }
    scores = ScoreShape.scores(counts: counts, total: total, layout: layout)
    places = scores.map(ScorePlace.init)
    thresholds = quantiles.map { Self.threshold($0, counts: counts, total: total) }
    var mean = 0.0
    for index in counts.indices { mean += counts[index] * scores[index] }
    meanScore = mean / total
    spread = (HistogramQuantile.log(0.75, counts, layout) - HistogramQuantile.log(0.25, counts, layout)) / 1.349
    isReady = true
  }

  mutating func coarsen(_ map: [Int32], buckets: Int) {
    counts = Self.coarsened(counts, map, buckets)
    fresh = Self.coarsened(fresh, map, buckets)
    isReady = false
  }

  static func coarsened(_ values: [Double], _ map: [Int32], _ buckets: Int) -> [Double] {
    var result = Array(repeating: 0.0, count: buckets)
    for index in values.indices { result[Int(map[index])] += values[index] }
    return result
  }

  /// The edge whose exceedance is nearest to 1 − q by ratio.
  private static func threshold(_ quantile: Double, counts: [Double], total: Double) -> Int? {
    let target = LogSpace.of(max(1 - quantile, 1e-9))
    var (above, best, distance) = (total, Int?.none, Double.infinity)
    for index in 0..<(counts.count - 1) {
      above -= counts[index]
      guard above > 1e-9 * total, above < total * (1 - 1e-9) else { continue }
      let off = abs(LogSpace.of(above / total) - target)
      if off < distance { (best, distance) = (index, off) }
    }
    return best
  }
}

/// A score as counted: the lower of two levels and the part of the upper one.
struct ScorePlace: Hashable, Sendable {
  let level: Int
  let part: Double
  /// 1 − `part`.
  let rest: Double
  init(_ score: Double) {
    (level, part) = BoundedScore.place(score)
    rest = 1 - part
  }
}

/// Quantiles of bucketed values, on the log scale, log-linear within a bucket.
enum HistogramQuantile {
  static func log(_ part: Double, _ counts: [Double], _ layout: HistogramLayout) -> Double {
    let target = part * counts.reduce(0, +)
    var sum = 0.0
    for index in counts.indices where counts[index] > 0 {
      if sum + counts[index] >= target {
        return layout.lower[index] + layout.width(index) * max(0, target - sum) / counts[index]
      }
      sum += counts[index]
    }
    return layout.upper[layout.count - 1]
  }
}
