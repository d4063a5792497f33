/// One series of a metrics server over a stretch of time.
struct PointSeries: Hashable, Sendable {
  /// Name and labels.
  var sample: MetricSample
  /// Ascending by time, one per instant.
  var points: [Point]

  struct Point: Hashable, Sendable {
    /// Milliseconds since 1970. Of a bucket, its begin.
    var at: Int64
    var value: Double
  }

  init(_ sample: MetricSample, points: [Point]) {
    self.sample = sample
    // Servers send them in order; nothing here may rest on it.
    let isAscending = zip(points, points.dropFirst()).allSatisfy { $0.at < $1.at }
    guard !isAscending else {
      self.points = points
      return
    }
    var ordered: [Point] = []
    for point in points.sorted(by: { $0.at < $1.at }) where ordered.last?.at != point.at { ordered.append(point) }
    self.points = ordered
  }

  /// Seconds since 1970 as servers write them; nil for what is no time.
  static func milliseconds(seconds: Double) -> Int64? {
    guard seconds.isFinite, abs(seconds) < 1e11 else { return nil }
    return Int64((seconds * 1000).rounded())
  }

  /// The points in `(start, end]`.
  func within(_ start: Int64, _ end: Int64) -> PointSeries {
    var part = self
    part.points = points.filter { $0.at > start && $0.at <= end }
    return part
  }
}

extension [PointSeries] {
  var newest: Int64? { compactMap(\.points.last?.at).max() }

  /// Every instant at which one of them has a point, ascending.
  var instants: [Int64] { Set(flatMap { $0.points.map(\.at) }).sorted() }
}
