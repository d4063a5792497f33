/// Collects one arm's histograms, look by look, until there are enough observations to call a quantile a measurement.
struct LatencyWindow: Hashable, Sendable {
  private let quantile: Double
  private var atlas: LayoutAtlas?
  private var counts: [Double] = []

  /// Fewest observations that make a quantile.
  static let minimum = 100.0

  init(quantile: Double) { self.quantile = quantile }

  /// Adds a look. The quantile, in the unit of the buckets, when there are enough observations, and then a new window
  /// begins.
  mutating func record(_ readings: [Measurement], _ members: [Int]) -> Double? {
    for index in members where index < readings.count {
      guard case .histogram(let histogram) = readings[index] else { continue }
      admit(histogram.upperBounds)
      guard let map = atlas?.map(histogram.upperBounds) else { continue }
      for bucket in histogram.buckets
      where bucket.count > 0 && bucket.count < 1e15 && bucket.index >= 0 && Int(bucket.index) < map.count {
        counts[Int(map[Int(bucket.index)])] += bucket.count
      }
    }
    guard let layout = atlas?.layout, counts.reduce(0, +) >= Self.minimum else { return nil }
    defer { counts = Array(repeating: 0, count: layout.count) }
    return LogSpace.exponential(HistogramQuantile.log(quantile, counts, layout))
  }

  private mutating func admit(_ bounds: [Double]) {
    guard atlas != nil else {
      atlas = LayoutAtlas(bounds: bounds)
      counts = Array(repeating: 0, count: atlas?.layout.count ?? 0)
      return
    }
    guard atlas?.map(bounds) == nil, let map = atlas?.admit(bounds).coarsening else { return }
    counts = LatencyReference.coarsened(counts, map, atlas?.layout.count ?? 0)
  }
}
