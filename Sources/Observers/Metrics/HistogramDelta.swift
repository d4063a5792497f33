internal import Glibc

/// Observations of one interval by bucket. `cumulative[i]` counts those at most `edges[i]`; the last edge is +Inf.
struct HistogramDelta: Hashable, Sendable {
  private(set) var edges: [Double]
  private(set) var cumulative: [Double]

  /// Nil unless there is a +Inf bucket. Counts that fall with growing edges, as a scrape in the middle of an
  /// observation can show them, are raised to the one before.
  init?(buckets: [(edge: Double, count: Double)]) {
    var edges: [Double] = []
    var cumulative: [Double] = []
    for bucket in buckets.sorted(by: { $0.edge < $1.edge }) {
      if edges.last == bucket.edge {
        cumulative[cumulative.count - 1] += bucket.count
      } else {
        edges.append(bucket.edge)
        cumulative.append(bucket.count)
      }
    }
    guard edges.last == .infinity else { return nil }
    for index in cumulative.indices.dropFirst() { cumulative[index] = max(cumulative[index], cumulative[index - 1]) }
    self.edges = edges
    self.cumulative = cumulative
  }

  var total: Double { cumulative.last ?? 0 }

  /// Observations above `edge`; nil where that is no edge of this histogram.
  func count(above edge: Double) -> Double? {
    edges.firstIndex(of: edge).map { total - cumulative[$0] }
  }

  /// False, and nothing changes, when the edges differ.
  mutating func add(_ other: HistogramDelta) -> Bool {
    guard edges == other.edges else { return false }
    for index in cumulative.indices { cumulative[index] += other.cumulative[index] }
    return true
  }

  mutating func scale(by factor: Double) {
    for index in cumulative.indices { cumulative[index] *= factor }
  }

  /// The smallest finite edge that at least the share `q` is at or below; the largest finite one where none is.
  func edge(atQuantile q: Double) -> Double? {
    let finite = edges.indices.dropLast()
    return (finite.first { cumulative[$0] >= q * total } ?? finite.last).map { edges[$0] }
  }

  /// Interpolated within the bucket as PromQL's histogram_quantile does; the largest finite edge beyond it.
  func quantile(_ q: Double) -> Double? {
    let rank = q * total
    guard total > 0, let index = cumulative.firstIndex(where: { $0 >= rank }) else { return nil }
    guard edges[index].isFinite else { return edges.dropLast().last }
    let lower = index == 0 ? min(0, edges[0]) : edges[index - 1]
    let below = index == 0 ? 0 : cumulative[index - 1]
    guard cumulative[index] > below else { return edges[index] }
    return lower + (edges[index] - lower) * (rank - below) / (cumulative[index] - below)
  }
}

/// The siblings' recent observations, older ones counting half after each five minutes. It is asked before a tick's
/// own data are added, so a threshold never depends on what it is compared with.
struct ReferenceHistogram: Hashable, Sendable {
  private var content: HistogramDelta?

  private static let halfLife = 300.0

  /// Nil until there are observations enough for that quantile: two expected beyond it, and at least 20.
  func threshold(quantile: Double) -> Double? {
    guard let content, content.total >= max(20, 2 / max(1 - quantile, 1e-6)) else { return nil }
    return content.edge(atQuantile: quantile)
  }

  mutating func add(_ observed: HistogramDelta, seconds: Double) {
    guard var known = content else {
      content = observed
      return
    }
    known.scale(by: exp2(-seconds / Self.halfLife))
    // Other buckets are another instrument: begin again.
    content = known.add(observed) ? known : observed
  }
}
