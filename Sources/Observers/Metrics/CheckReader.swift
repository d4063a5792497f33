internal import CanaryJudge
internal import RolloutCore

/// What a check reads from an exposition, with its selectors understood.
enum CheckSource: Hashable, Sendable {
  case ratio(events: SeriesSelector, total: SeriesSelector)
  case histogram(buckets: SeriesSelector)
  case gauge(SeriesSelector)
  /// A counter by the second: rates and shares.
  case rate(SeriesSelector)

  init(_ measure: CheckPolicy.Measure) throws(SeriesSelector.Mistake) {
    switch measure {
    case .ratio(let events, let total):
      self = .ratio(events: try SeriesSelector(events), total: try SeriesSelector(total))
    case .rate(let text), .share(let text): self = .rate(try SeriesSelector(text))
    case .gauge(let text): self = .gauge(try SeriesSelector(text))
    case .histogram(let name, let quantiles):
      for quantile in quantiles where !(quantile > 0 && quantile < 1) {
        throw SeriesSelector.Mistake(column: 1, detail: "quantile \(quantile) is not between 0 and 1")
      }
      self = .histogram(buckets: try SeriesSelector(name).appending("_bucket"))
    }
  }

  var metricNames: [String] {
    switch self {
    case .ratio(let events, let total): [events.name, total.name]
    case .histogram(let buckets): [buckets.name]
    case .gauge(let selector), .rate(let selector): [selector.name]
    }
  }
}

/// Why an instance gave no number. None of these is ever taken for zero.
struct ReadingProblem: Error, Hashable, Sendable {
  var kind: Kind
  var detail: String

  enum Kind: Hashable, Sendable {
    /// No answer, or none about this instance.
    case noData
    /// An answer that is older than the time it should speak of.
    case stale
    /// An answer that says of itself that it is not whole.
    case partial
    /// An answer that cannot be used.
    case error
  }

  init(_ kind: Kind, detail: String) {
    self.kind = kind
    self.detail = detail
  }
}

/// Turns one instance's scrapes into observations of one check.
struct CheckReader {
  let source: CheckSource
  /// Of a gauge's series.
  private let worst: InstanceTally.Worst
  private var primary = CounterReader()
  private var secondary = CounterReader()
  /// When counters were last seen: what they grew by since covers a gap as well.
  private var lastSeen: Timestamp?

  init(_ source: CheckSource, worst: InstanceTally.Worst = .highest) {
    self.source = source
    self.worst = worst
  }

  /// Samples older than `staleBefore` (milliseconds since 1970), where they say so, are no data.
  mutating func read(_ samples: [MetricSample], at now: Timestamp, staleBefore: Int64) -> Observation {
    do throws(ReadingProblem) {
      switch source {
      case .gauge(let selector):
        let found = try Self.select(selector, samples, staleBefore)
        return .measured(.gauge(try worst.level(of: found.map { (name: $0.name, value: $0.value) })))
      case .ratio(let events, let total):
        let totals = try Self.counters(total, samples, staleBefore)
        // A series of errors is often not there before the first error: absent means none.
        return ratio(events: try Self.checked(samples.filter(events.matches), events), totals: totals)
      case .rate(let selector):
        return rate(try Self.counters(selector, samples, staleBefore), at: now)
      case .histogram(let buckets):
        return try histogram(try Self.counters(buckets, samples, staleBefore), buckets)
      }
    } catch {
      return .none(error)
    }
  }

  private mutating func ratio(events: [MetricSample], totals: [MetricSample]) -> Observation {
    let (some, all) = (primary.growth(to: events), secondary.growth(to: totals))
    guard let some, let all else { return .first }
    return .measured(
      .counts(events: some.reduce(0) { $0 + $1.delta }, exposure: all.reduce(0) { $0 + $1.delta }))
  }

  private mutating func rate(_ samples: [MetricSample], at now: Timestamp) -> Observation {
    let growth = primary.growth(to: samples)
    defer { lastSeen = now }
    guard let growth, let lastSeen, now > lastSeen else { return .first }
    return .measured(
      .counts(
        events: growth.reduce(0) { $0 + $1.delta }, exposure: Double((now - lastSeen).milliseconds) / 1000))
  }

  private mutating func histogram(
    _ samples: [MetricSample], _ selector: SeriesSelector
  ) throws(ReadingProblem) -> Observation {
    var edges: [Double] = []
    for sample in samples {
      guard let edge = Double(sample.label("le")), !edge.isNaN else {
        throw ReadingProblem(.error, detail: "\(selector.name) has a series without le")
      }
      edges.append(edge)
    }
    guard edges.contains(.infinity) else {
      throw ReadingProblem(.error, detail: "\(selector.name) has no bucket le=\"+Inf\"")
    }
    guard let growth = primary.growth(to: samples) else { return .first }
    return .measured(.histogram(Histogram(cumulative: zip(edges, growth).map { (edge: $0, count: $1.delta) })))
  }

  private static func select(
    _ selector: SeriesSelector, _ samples: [MetricSample], _ staleBefore: Int64
  ) throws(ReadingProblem) -> [MetricSample] {
    let found = samples.filter(selector.matches)
    guard !found.isEmpty else {
      throw ReadingProblem(.noData, detail: "no series \(selector.name) that the selector picks")
    }
    guard found.allSatisfy({ $0.timestamp ?? .max >= staleBefore }) else {
      throw ReadingProblem(.stale, detail: "\(selector.name) has not been updated for long")
    }
    return found
  }

  private static func counters(
    _ selector: SeriesSelector, _ samples: [MetricSample], _ staleBefore: Int64
  ) throws(ReadingProblem) -> [MetricSample] {
    try checked(try select(selector, samples, staleBefore), selector)
  }

  /// A NaN or a negative number taken for a count would pass for a reset.
  private static func checked(
    _ samples: [MetricSample], _ selector: SeriesSelector
  ) throws(ReadingProblem) -> [MetricSample] {
    guard samples.allSatisfy({ $0.value.isFinite && $0.value >= 0 }) else {
      throw ReadingProblem(.error, detail: "\(selector.name) is no counter: negative, NaN or infinite")
    }
    return samples
  }
}

extension Histogram {
  /// From cumulative buckets as Prometheus has them, in any order; those of one edge are added up. Counts that fall
  /// with growing edges, as a scrape in the middle of an observation can show them, are raised to the one before.
  init(cumulative: [(edge: Double, count: Double)]) {
    var bounds: [Double] = []
    var counts: [Double] = []
    for bucket in cumulative.sorted(by: { $0.edge < $1.edge }) {
      if bounds.last == bucket.edge {
        counts[counts.count - 1] += bucket.count
      } else {
        bounds.append(bucket.edge)
        counts.append(bucket.count)
      }
    }
    var buckets: [Bucket] = []
    var below = 0.0
    for (index, count) in counts.enumerated() where count > below {
      buckets.append(Bucket(index: Int32(clamping: index), count: count - below))
      below = count
    }
    self.init(upperBounds: bounds, buckets: buckets)
  }
}
