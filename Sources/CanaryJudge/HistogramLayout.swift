/// Buckets of a latency histogram on the log scale. Values are compared by scale ("10 % slower"), a shift here.
struct HistogramLayout: Hashable, Sendable {
  /// Upper edges as given, ascending, the last infinite.
  let bounds: [Double]
  /// ln of each bucket's edges. The first bucket has no lower edge and the last no upper one: both are given the
  /// width of their neighbour.
  let lower: [Double]
  let upper: [Double]

  /// Nil without at least one finite positive edge, or where edges do not ascend.
  init?(bounds given: [Double]) {
    var edges: [Double] = []
    for edge in given {
      guard !edge.isNaN, edges.last.map({ edge > $0 }) ?? true else { return nil }
      // Nothing takes less than no time: such a bucket is one with the next.
      if edge > 0 { edges.append(edge) }
    }
    if edges.last != .infinity { edges.append(.infinity) }
    guard edges.count >= 2 else { return nil }
    bounds = edges
    let logs = edges.dropLast().map { LogSpace.of($0) }
    let first = logs.count > 1 ? logs[1] - logs[0] : 0.7
    let last = logs.count > 1 ? logs[logs.count - 1] - logs[logs.count - 2] : 0.7
    lower = [logs[0] - first] + logs
    upper = logs + [logs[logs.count - 1] + last]
  }

  var count: Int { bounds.count }
  func width(_ bucket: Int) -> Double { upper[bucket] - lower[bucket] }

  /// The edges that both have, so that buckets of either are whole within it.
  func common(with other: HistogramLayout) -> HistogramLayout? {
    var shared: [Double] = []
    var index = 0
    for edge in bounds {
      while index < other.bounds.count, other.bounds[index] < edge { index += 1 }
      if index < other.bounds.count, other.bounds[index] == edge { shared.append(edge) }
    }
    return HistogramLayout(bounds: shared)
  }

  /// Per bucket of `given`, the bucket of this layout it lies in.
  func mapping(from given: [Double]) -> [Int32] {
    var index = 0
    return given.map { edge in
      while index < bounds.count - 1, bounds[index] < edge { index += 1 }
      return Int32(index)
    }
  }
}

/// The layout all instances' histograms are brought to: the edges that all of them have. Layouts that differ are made
/// coarser, never guessed finer.
struct LayoutAtlas: Hashable, Sendable {
  private(set) var layout: HistogramLayout
  /// The layouts known, each with the map of its buckets. Arrays that share storage compare at once.
  private(set) var sources: [Source] = []

  struct Source: Hashable, Sendable {
    fileprivate(set) var bounds: [Double]
    fileprivate(set) var map: [Int32]
  }

  /// Layouts one check may mix; more are not measured.
  static let capacity = 8

  init?(bounds: [Double]) {
    guard let layout = HistogramLayout(bounds: bounds) else { return nil }
    self.layout = layout
    sources = [Source(bounds: bounds, map: layout.mapping(from: bounds))]
  }

  /// The map of a known layout's buckets.
  func map(_ bounds: [Double]) -> [Int32]? { sources.first { $0.bounds == bounds }?.map }

  /// Takes a layout not seen before. The map from the old common layout to the new one where that became coarser, nil
  /// where it did not; false where the two share no edge or there are too many.
  mutating func admit(_ bounds: [Double]) -> (isKnown: Bool, coarsening: [Int32]?) {
    guard sources.count < Self.capacity, let other = HistogramLayout(bounds: bounds),
      let shared = layout.common(with: other)
    else { return (false, nil) }
    sources.append(Source(bounds: bounds, map: []))
    let coarsening = shared.bounds == layout.bounds ? nil : shared.mapping(from: layout.bounds)
    layout = shared
    for index in sources.indices { sources[index].map = shared.mapping(from: sources[index].bounds) }
    return (true, coarsening)
  }
}
