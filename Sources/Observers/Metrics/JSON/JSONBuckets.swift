/// A histogram in a JSON document, as Prometheus has it: upper edge → how many observations at most that large, with
/// `+Inf`. An object (`{"0.1": 5, "+Inf": 9}`), or an array of pairs (`[[0.1, 5], ["+Inf", 9]]`).
struct JSONBuckets: Hashable, Sendable {
  /// Ascending; the last is infinite.
  let edges: [Double]
  /// At most each edge.
  let cumulative: [Double]

  init(_ place: JSONPlace, in document: JSONValue) throws(ReadingProblem) {
    var buckets: [(edge: Double, count: Double)] = []
    switch document.value(at: place.tokens) {
    case nil: throw ReadingProblem(.noData, detail: "nothing at \(place.text)")
    case .null: throw ReadingProblem(.noData, detail: "null at \(place.text)")
    case .object(let members):
      for (name, count) in members { buckets.append(try Self.bucket(.string(name), count, place)) }
    case .array(let pairs):
      for pair in pairs {
        guard case .array(let pair) = pair, pair.count == 2 else { throw Self.shape(place) }
        buckets.append(try Self.bucket(pair[0], pair[1], place))
      }
    case .some: throw Self.shape(place)
    }
    buckets.sort { $0.edge < $1.edge }
    guard buckets.last?.edge == .infinity else {
      throw ReadingProblem(.error, detail: "no bucket +Inf at \(place.text)")
    }
    guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.edge < $1.edge && $0.count <= $1.count }) else {
      throw ReadingProblem(.error, detail: "buckets at \(place.text) whose counts fall, or with an edge twice")
    }
    edges = buckets.map(\.edge)
    cumulative = buckets.map(\.count)
  }

  private static func bucket(
    _ edge: JSONValue, _ count: JSONValue, _ place: JSONPlace
  ) throws(ReadingProblem) -> (edge: Double, count: Double) {
    guard case .number(let count) = count, count.isFinite, count >= 0 else { throw shape(place) }
    switch edge {
    case .number(let edge): return (edge, count)
    case .string(let text):
      guard let edge = Double(text), !edge.isNaN, edge > -.infinity else { throw shape(place) }
      return (edge, count)
    default: throw shape(place)
    }
  }

  private static func shape(_ place: JSONPlace) -> ReadingProblem {
    ReadingProblem(
      .error, detail: "no histogram at \(place.text): expected counts by upper edge, as {\"0.1\": 5, \"+Inf\": 9}")
  }
}
