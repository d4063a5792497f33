internal import CanaryJudge
internal import RolloutCore

/// Adds up what a metrics server shows of one check on one instance until it is handed over.
struct InstanceTally {
  enum Kind: Hashable, Sendable {
    case ratio
    case histogram
    /// Of several series the worst one stands for the instance.
    case gauge(worst: Worst)
    /// Events per second; also a share of the traffic.
    case rate
  }
  enum Worst: Hashable, Sendable {
    case highest, lowest
    init(_ worseWhen: CheckPolicy.Direction) { self = worseWhen == .up ? .highest : .lowest }

    /// The value that stands for an instance: a limit holds for each of its series. One that is infinitely bad is
    /// no number to compare, and is said rather than hidden by the others.
    func level(of samples: [(name: String, value: Double)]) throws(ReadingProblem) -> Double {
      let infinity: Double = self == .highest ? .infinity : -.infinity
      if let bad = samples.first(where: { $0.value == infinity }) {
        throw ReadingProblem(.error, detail: "\(bad.name) is infinite")
      }
      let values = samples.map(\.value).filter(\.isFinite)
      guard let value = self == .highest ? values.max() : values.min() else {
        throw ReadingProblem(.noData, detail: "\(samples.first?.name ?? "gauge") is no finite number")
      }
      return value
    }
  }

  private let kind: Kind
  private let style: CountLedger.Style
  private var main: CountLedger
  private var bad: CountLedger
  private var events = 0.0
  private var exposure = 0.0
  /// Cumulative, by upper edge.
  private var buckets: [Double: Double] = [:]
  private var level: Double?
  private var pace = Pace()
  private var counted: Set<Int64> = []
  /// Milliseconds of a bucket.
  private var step: Int64?
  private(set) var hasNews = false
  /// Where the stretch begins that is handed over next.
  private(set) var begin: Int64?
  /// Instant of the newest sample seen.
  private(set) var newest: Int64?

  init(_ kind: Kind, _ style: CountLedger.Style) {
    self.kind = kind
    self.style = style
    main = CountLedger(style)
    bad = CountLedger(style)
  }

  var hasBegun: Bool { main.floor != nil }
  /// Time between two samples, in milliseconds; nil until two have been seen.
  var spacing: Int64? { pace.spacing.map { max($0, step ?? 0) } ?? step }

  /// Takes what is new. Samples up to `origin` only say where counting begins. What is no count is left out, and said.
  mutating func take(_ found: PacedCheck.Found, origin: Int64) -> ReadingProblem? {
    let series = found.series
    guard let latest = series.newest else { return nil }
    pace.note(series.instants)
    step = found.step ?? step
    newest = max(newest ?? latest, latest)
    if case .gauge(let worst) = kind { return takeLevel(series, worst) }
    if kind == .histogram, let problem = Self.layoutProblem(series) { return problem }
    var problem: ReadingProblem?
    let (main, bad) = (Self.counts(in: series, &problem), Self.counts(in: found.bad, &problem))
    if !hasBegun { begin(main, bad, origin) }
    takeCounts(main, bad, latest)
    return problem
  }

  private mutating func begin(_ main: [PointSeries], _ bad: [PointSeries], _ origin: Int64) {
    var start = origin
    if style == .growing {
      let instants = main.instants
      guard let base = instants.last(where: { $0 <= origin }) ?? instants.first else { return }
      start = base
    }
    self.main.begin(at: start, main)
    self.bad.begin(at: start, bad)
  }

  private mutating func takeCounts(_ main: [PointSeries], _ bad: [PointSeries], _ latest: Int64) {
    guard let before = self.main.floor else { return }
    let gains = self.main.gains(of: main, upTo: latest)
    if kind == .ratio {
      // No further than the requests: a later scrape's errors belong to its requests.
      let bad = self.bad.gains(of: bad, upTo: latest)
      events += bad.reduce(0) { $0 + $1.delta }
      cover(bad, after: before)
    }
    guard let end = gains.map(\.at).max() else { return }
    hasNews = true
    cover(gains, after: before)
    switch kind {
    case .ratio: exposure += gains.reduce(0) { $0 + $1.delta }
    case .rate:
      events += gains.reduce(0) { $0 + $1.delta }
      exposure += seconds(gains, from: before, to: end)
    case .histogram: add(gains)
    case .gauge: break
    }
  }

  /// A bucket begins at its instant; what counters grew by did after the sample before.
  private mutating func cover(_ gains: [CountLedger.Gain], after before: Int64) {
    guard let first = gains.map(\.at).min() else { return }
    let start = style == .perBucket ? first : before
    begin = min(begin ?? start, start)
  }

  /// Seconds that the gains speak of.
  private mutating func seconds(_ gains: [CountLedger.Gain], from start: Int64, to end: Int64) -> Double {
    guard style == .perBucket else { return Double(end - start) / 1000 }
    let fresh = Set(gains.map(\.at)).subtracting(counted)
    counted.formUnion(fresh)
    if counted.count > 50_000 { counted = Set(counted.sorted().suffix(25_000)) }
    return Double(fresh.count) * Double(step ?? 0) / 1000
  }

  private mutating func add(_ gains: [CountLedger.Gain]) {
    for gain in gains {
      if let edge = Self.edge(gain.labels) { buckets[edge, default: 0] += gain.delta }
    }
  }

  private static func edge(_ labels: [MetricLabel]) -> Double? {
    labels.first { $0.name == "le" }.flatMap { Double($0.value) }.flatMap { $0.isNaN ? nil : $0 }
  }

  private static func layoutProblem(_ series: [PointSeries]) -> ReadingProblem? {
    let name = series.first?.sample.name ?? ""
    let edges = series.compactMap { edge($0.sample.labels) }
    guard edges.count == series.count else {
      return ReadingProblem(.error, detail: "\(name) has a series without le")
    }
    return edges.contains(.infinity) ? nil : ReadingProblem(.error, detail: "\(name) has no bucket le=\"+Inf\"")
  }

  private mutating func takeLevel(_ series: [PointSeries], _ worst: Worst) -> ReadingProblem? {
    let before = main.floor ?? .min
    let seen = series.compactMap { one in one.points.last.map { (name: one.sample.name, at: $0.at, value: $0.value) } }
    let last = seen.filter { $0.at > before }
    guard let latest = last.map(\.at).max() else { return nil }
    main.begin(at: latest, [])
    // An older level that was not handed over yet must not stand for what this one could not say.
    (level, hasNews) = (nil, false)
    do { level = try worst.level(of: last.map { (name: $0.name, value: $0.value) }) } catch { return error }
    begin = last.map(\.at).min()
    hasNews = true
    return nil
  }

  /// A NaN or a negative number taken for a count would pass for a reset.
  private static func counts(in series: [PointSeries], _ problem: inout ReadingProblem?) -> [PointSeries] {
    series.map { one in
      guard one.points.contains(where: { !$0.value.isFinite || $0.value < 0 }) else { return one }
      let name = one.sample.name.isEmpty ? "the target" : one.sample.name
      problem = ReadingProblem(.error, detail: "\(name) is no counter: negative, NaN or infinite")
      return PointSeries(one.sample, points: one.points.filter { $0.value.isFinite && $0.value >= 0 })
    }
  }

  /// What came since the last call; `.missing` when that is nothing. `edges`: the bucket edges last handed over, shared
  /// where they are the same.
  mutating func handOver(sharing edges: inout [Double]) -> Measurement {
    guard hasNews else { return .missing }
    defer {
      (events, exposure, level, begin) = (0, 0, nil, nil)
      buckets.removeAll(keepingCapacity: true)
      hasNews = false
    }
    switch kind {
    case .ratio, .rate: return .counts(events: events, exposure: exposure)
    case .gauge: return level.map(Measurement.gauge) ?? .missing
    case .histogram:
      var histogram = Histogram(cumulative: buckets.map { (edge: $0.key, count: $0.value) })
      if edges != histogram.upperBounds { edges = histogram.upperBounds }
      histogram.upperBounds = edges
      return .histogram(histogram)
    }
  }
}

/// How often a server has a new sample: the middle one of the last gaps, so that an outage or a missed scrape does not
/// count.
struct Pace {
  private var gaps: [Int64] = []
  private var last: Int64?

  mutating func note(_ instants: [Int64]) {
    for instant in instants where instant > last ?? .min {
      if let last { gaps.append(instant - last) }
      last = instant
    }
    gaps.removeFirst(max(0, gaps.count - 9))
  }

  var spacing: Int64? { gaps.isEmpty ? nil : gaps.sorted()[gaps.count / 2] }
}
