/// What of some series has been counted already, so that every sample counts once.
struct CountLedger {
  /// What a value of the series says.
  enum Style: Hashable, Sendable {
    /// Everything since the process began: `CounterReader` finds what is new, whatever lies between two samples.
    case growing
    /// What happened in one bucket of time. A bucket that comes late still counts, and none counts twice.
    case perBucket
  }

  struct Gain: Hashable {
    var labels: [MetricLabel]
    var at: Int64
    var delta: Double
  }

  private let style: Style
  private var counters = CounterReader()
  private var taken: [[MetricLabel]: Set<Int64>] = [:]
  /// Up to here everything is counted, or nobody's.
  private(set) var floor: Int64?

  init(_ style: Style) { self.style = style }

  /// What is counted up to `instant` is nobody's.
  mutating func begin(at instant: Int64, _ series: [PointSeries]) {
    floor = instant
    guard style == .growing else { return }
    _ = counters.growth(
      to: series.compactMap { one in
        one.points.last { $0.at <= instant }.map { one.sample.with($0) }
      })
  }

  /// What is new in `series` up to `limit`. Nothing before `begin`.
  mutating func gains(of series: [PointSeries], upTo limit: Int64) -> [Gain] {
    guard let floor else { return [] }
    switch style {
    case .growing: return growth(of: series, after: floor, upTo: limit)
    case .perBucket: return buckets(of: series, after: floor, upTo: limit)
    }
  }

  private mutating func growth(of series: [PointSeries], after floor: Int64, upTo limit: Int64) -> [Gain] {
    var scrapes: [Int64: [MetricSample]] = [:]
    for one in series {
      for point in one.points where point.at > floor && point.at <= limit {
        scrapes[point.at, default: []].append(one.sample.with(point))
      }
    }
    var result: [Gain] = []
    for (at, samples) in scrapes.sorted(by: { $0.key < $1.key }) {
      for growth in counters.growth(to: samples) ?? [] {
        result.append(Gain(labels: growth.labels, at: at, delta: growth.delta))
      }
    }
    self.floor = max(floor, limit)
    return result
  }

  /// Buckets remembered per series; older ones are then taken for counted.
  private static let memory = 20_000

  private mutating func buckets(of series: [PointSeries], after floor: Int64, upTo limit: Int64) -> [Gain] {
    var result: [Gain] = []
    for one in series {
      var known = taken[one.sample.labels] ?? []
      for point in one.points where point.at > floor && point.at <= limit && known.insert(point.at).inserted {
        result.append(Gain(labels: one.sample.labels, at: point.at, delta: point.value))
      }
      if known.count > Self.memory {
        let kept = known.sorted().suffix(Self.memory / 2)
        self.floor = max(self.floor ?? floor, (kept.first ?? floor) - 1)
        known = Set(kept)
      }
      taken[one.sample.labels] = known
    }
    return result
  }
}

extension MetricSample {
  func with(_ point: PointSeries.Point) -> MetricSample {
    var sample = self
    sample.value = point.value
    sample.timestamp = point.at
    return sample
  }
}
