internal import RolloutCore

/// What a check reads from an exposition, with its selectors understood.
enum CheckSource: Hashable, Sendable {
  case ratio(bad: SeriesSelector, total: SeriesSelector)
  case histogram(buckets: SeriesSelector, quantile: Double)
  case gauge(SeriesSelector)

  init(_ measure: CheckPolicy.Measure) throws(SeriesSelector.Mistake) {
    switch measure {
    case .ratio(let bad, let total): self = .ratio(bad: try SeriesSelector(bad), total: try SeriesSelector(total))
    case .rate(let text), .share(let text): throw SeriesSelector.Mistake(column: 1, detail: "\(text) is neither a ratio, a histogram nor a gauge")
    case .gauge(let text): self = .gauge(try SeriesSelector(text))
    case .histogram(let name, let quantiles):
      let quantile = quantiles.max() ?? 0.99
      guard quantile > 0, quantile < 1 else {
        throw SeriesSelector.Mistake(column: 1, detail: "quantile \(quantile) is not between 0 and 1")
      }
      self = .histogram(buckets: try SeriesSelector(name).appending("_bucket"), quantile: quantile)
    }
  }

  var metricNames: [String] {
    switch self {
    case .ratio(let bad, let total): [bad.name, total.name]
    case .histogram(let buckets, _): [buckets.name]
    case .gauge(let selector): [selector.name]
    }
  }
}

/// What one instance showed in one interval.
enum Reading: Hashable, Sendable {
  /// The first scrape of counters: there is nothing to compare it with yet.
  case first
  case rate(events: Double, exposure: Double)
  case histogram(HistogramDelta)
  case gauge(Double)
  case none(ReadingProblem)

  var isData: Bool {
    switch self {
    case .rate, .histogram, .gauge: true
    case .first, .none: false
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

  var isError: Bool { kind == .error }

  init(_ kind: Kind, detail: String) {
    self.kind = kind
    self.detail = detail
  }

  init(isError: Bool, detail: String) { self.init(isError ? .error : .noData, detail: detail) }
}

/// Turns one instance's scrapes into readings of one check.
struct CheckReader {
  let source: CheckSource
  private var primary = CounterReader()
  private var secondary = CounterReader()

  init(_ source: CheckSource) { self.source = source }

  /// Samples older than `staleBefore` (milliseconds since 1970), where they say so, are no data.
  mutating func read(_ samples: [MetricSample], staleBefore: Int64) -> Reading {
    switch source {
    case .gauge(let selector):
      return Self.select(selector, samples, staleBefore).map(Self.gauge).reading
    case .ratio(let bad, let total):
      return Self.counters(total, samples, staleBefore).flatMap { totals in
        // A series of errors is often not there before the first error: absent means none.
        let errors = samples.filter(bad.matches)
        return Self.checked(errors, bad).map { ratio(errors: $0, totals: totals) }
      }.reading
    case .histogram(let buckets, _):
      return Self.counters(buckets, samples, staleBefore).flatMap { histogram($0, buckets) }.reading
    }
  }

  private mutating func ratio(errors: [MetricSample], totals: [MetricSample]) -> Reading {
    let (bad, all) = (primary.growth(to: errors), secondary.growth(to: totals))
    guard let bad, let all else { return .first }
    return .rate(events: bad.reduce(0) { $0 + $1.delta }, exposure: all.reduce(0) { $0 + $1.delta })
  }

  private mutating func histogram(
    _ samples: [MetricSample], _ selector: SeriesSelector
  ) -> Result<Reading, ReadingProblem> {
    guard let growth = primary.growth(to: samples) else { return .success(.first) }
    var buckets: [(edge: Double, count: Double)] = []
    for series in growth {
      guard let text = series.labels.first(where: { $0.name == "le" })?.value, let edge = Double(text), !edge.isNaN
      else { return .failure(ReadingProblem(isError: true, detail: "\(selector.name) has a series without le")) }
      buckets.append((edge, series.delta))
    }
    guard let delta = HistogramDelta(buckets: buckets) else {
      return .failure(ReadingProblem(isError: true, detail: "\(selector.name) has no bucket le=\"+Inf\""))
    }
    return .success(.histogram(delta))
  }

  /// The largest of the selected series: a limit holds for each of them.
  private static func gauge(_ samples: [MetricSample]) -> Reading {
    let values = samples.map(\.value).filter { !$0.isNaN }
    guard let top = values.max() else {
      return .none(ReadingProblem(isError: false, detail: "\(samples.first?.name ?? "gauge") is NaN"))
    }
    return .gauge(top)
  }

  private static func select(
    _ selector: SeriesSelector, _ samples: [MetricSample], _ staleBefore: Int64
  ) -> Result<[MetricSample], ReadingProblem> {
    let found = samples.filter(selector.matches)
    guard !found.isEmpty else {
      return .failure(ReadingProblem(isError: false, detail: "no series \(selector.name) that the selector picks"))
    }
    guard found.allSatisfy({ $0.timestamp ?? .max >= staleBefore }) else {
      return .failure(ReadingProblem(isError: false, detail: "\(selector.name) has not been updated for long"))
    }
    return .success(found)
  }

  private static func counters(
    _ selector: SeriesSelector, _ samples: [MetricSample], _ staleBefore: Int64
  ) -> Result<[MetricSample], ReadingProblem> {
    select(selector, samples, staleBefore).flatMap { checked($0, selector) }
  }

  /// A NaN or a negative number taken for a count would pass for a reset.
  private static func checked(
    _ samples: [MetricSample], _ selector: SeriesSelector
  ) -> Result<[MetricSample], ReadingProblem> {
    guard samples.allSatisfy({ $0.value.isFinite && $0.value >= 0 }) else {
      return .failure(
        ReadingProblem(isError: true, detail: "\(selector.name) is no counter: negative, NaN or infinite"))
    }
    return .success(samples)
  }
}

extension Result where Success == Reading, Failure == ReadingProblem {
  fileprivate var reading: Reading {
    switch self {
    case .success(let reading): reading
    case .failure(let problem): .none(problem)
    }
  }
}
