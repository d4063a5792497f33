internal import CanaryJudge
internal import RolloutCore

/// One check of one instance, from document to document.
struct JSONSeries {
  let check: JSONCheck
  private let places: [JSONPlace]
  private var growth = CountGrowth()
  private(set) var edges: [Double] = []
  /// When the counts that growth is taken from were so.
  private(set) var last: Timestamp?

  init(_ check: JSONCheck, _ instance: Instance) {
    self.check = check
    places = check.pointers.map { JSONPlace($0, instance) }
  }

  /// `time` is what the document speaks of: later than that of the document before.
  mutating func observe(_ document: JSONValue, at time: Timestamp) -> Observation {
    do throws(ReadingProblem) {
      switch check.measure {
      case .gauge: return .measured(.gauge(try places[0].number(in: document)))
      case .ratio:
        let counts = [try places[0].count(in: document), try places[1].count(in: document)]
        guard let new = try growth(to: counts, at: time) else { return .first }
        return .measured(.counts(events: new.counts[0], exposure: new.counts[1]))
      case .rate:
        guard let new = try growth(to: [try places[0].count(in: document)], at: time), let seconds = new.seconds
        else { return .first }
        return .measured(.counts(events: new.counts[0], exposure: seconds))
      case .histogram: return try histogram(document, at: time)
      }
    } catch { return .none(error) }
  }

  private mutating func histogram(_ document: JSONValue, at time: Timestamp) throws(ReadingProblem) -> Observation {
    let buckets = try JSONBuckets(places[0], in: document)
    if buckets.edges != edges {
      growth.forget()
      edges = buckets.edges
    }
    guard let new = try growth(to: buckets.cumulative, at: time) else { return .first }
    var histogram = Histogram(cumulative: zip(edges, new.counts).map { (edge: $0, count: $1) })
    // The array that the instances share.
    histogram.upperBounds = edges
    return .measured(.histogram(histogram))
  }

  /// Nil at the first sight of numbers that count up. `seconds` since the last counts; nil where there were none.
  private mutating func growth(
    to counts: [Double], at time: Timestamp
  ) throws(ReadingProblem) -> (counts: [Double], seconds: Double?)? {
    let seconds = last.map { Double((time - $0).milliseconds) / 1000 }.flatMap { $0 > 0 ? $0 : nil }
    last = time
    guard check.isCumulative else { return (counts, seconds) }
    return try growth.growth(to: counts).map { ($0, seconds) }
  }

  /// Instances share one array of edges where theirs are equal.
  mutating func share(_ others: [Double]) { if others == edges { edges = others } }
}
