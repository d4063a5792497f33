internal import CanaryJudge

/// One arm against a check's absolute limit: collects readings until they are a measurement, then judges that.
struct LimitWatch {
  private(set) var limit: AbsoluteLimit
  private var ratio: RatioWindow
  private var histogram: HistogramDelta?
  private let quantile: Double

  init(bound: Double, source: CheckSource) {
    limit = AbsoluteLimit(bound: bound)
    // About one event at the bound: less would make a single one look like a breach.
    ratio = RatioWindow(minimum: max(20, min(1000, bound > 0 ? 1 / bound : 1000)))
    if case .histogram(_, let quantile) = source { self.quantile = quantile } else { quantile = 0 }
  }

  /// Takes what the instances of one arm showed in one interval.
  mutating func record(_ readings: [Reading]) {
    var (events, exposure) = (0.0, 0.0)
    var top: Double?
    for reading in readings {
      switch reading {
      case .rate(let bad, let total): (events, exposure) = (events + bad, exposure + total)
      case .gauge(let value): top = max(top ?? value, value)
      case .histogram(let delta): collect(delta)
      case .first, .none: break
      }
    }
    if exposure > 0, let value = ratio.record(events: events, exposure: exposure) { limit.record(value) }
    if let top { limit.record(top) }
    if let known = histogram, known.total >= max(20, 2 / (1 - quantile)), let value = known.quantile(quantile) {
      limit.record(value)
      histogram = nil
    }
  }

  private mutating func collect(_ delta: HistogramDelta) {
    guard var known = histogram, known.add(delta) else {
      histogram = delta
      return
    }
    histogram = known
  }
}
