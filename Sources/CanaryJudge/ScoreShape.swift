/// The score of a latency: a number in [0, 1] that never falls as latency grows, so that a canary that is
/// stochastically no slower has no larger mean. Any such score is valid; the more a small slow-down moves its mean
/// per standard deviation, the sooner it tells. The best is the likelihood score −f′/f made monotone (isotonic
/// regression under f); plain ranks lose about 10 % against it for a bimodal service, because the slow mode adds
/// scatter and no information.
///
/// Learnt on groups of equal mass, few when data are few: for a slow-down, what flows into a group less what flows
/// out of it per mass, f being the density of log latency at its edges.
enum ScoreShape {
  /// Half-width, in log latency, over which a density is taken.
  static let halfWidth = 0.08

  static func scores(counts: [Double], total: Double, layout: HistogramLayout) -> [Double] {
    let ranks = midRanks(counts, total)
    let groups = min(32, Int((total.squareRoot() / 10).rounded(.down)))
    guard groups >= 4 else { return ranks }
    let curve = Cumulative(counts: counts, total: total, layout: layout)
    var flow = Array(repeating: 0.0, count: groups + 1)
    for edge in 1..<groups {
      let place = curve.position(Double(edge) / Double(groups))
      flow[edge] = (curve.value(place + halfWidth) - curve.value(place - halfWidth)) / (2 * halfWidth)
    }
    let levels = isotonic((0..<groups).map { flow[$0] - flow[$0 + 1] })
    guard let low = levels.first, let high = levels.last, high - low > 1e-9 else { return ranks }
    return ranks.map { rank in
      let place = min(max(rank * Double(groups) - 0.5, 0), Double(groups - 1))
      let below = min(Int(place), groups - 2)
      let part = place - Double(below)
      return ((levels[below] * (1 - part) + levels[below + 1] * part) - low) / (high - low)
    }
  }

  static func midRanks(_ counts: [Double], _ total: Double) -> [Double] {
    var sum = 0.0
    return counts.map { count in
      defer { sum += count }
      return min(1, (sum + count / 2) / total)
    }
  }

  /// Nearest never-decreasing sequence in least squares, equal weights (pool adjacent violators).
  static func isotonic(_ values: [Double]) -> [Double] {
    var blocks: [(mean: Double, count: Int)] = []
    for value in values {
      blocks.append((value, 1))
      while blocks.count > 1, blocks[blocks.count - 2].mean > blocks[blocks.count - 1].mean {
        let last = blocks.removeLast()
        let kept = blocks[blocks.count - 1]
        let count = kept.count + last.count
        let mean = (kept.mean * Double(kept.count) + last.mean * Double(last.count)) / Double(count)
        blocks[blocks.count - 1] = (mean, count)
      }
    }
    return blocks.flatMap { Array(repeating: $0.mean, count: $0.count) }
  }
}

/// Distribution function of log latency, linear within a bucket.
struct Cumulative {
  private let edges: [Double]
  private let values: [Double]

  init(counts: [Double], total: Double, layout: HistogramLayout) {
    edges = [layout.lower[0]] + layout.upper
    var sum = 0.0
    values =
      [0]
      + counts.map { count in
        sum += count
        return sum / total
      }
  }

  func value(_ place: Double) -> Double {
    let above = firstIndex(edges) { $0 >= place }
    if above == 0 { return 0 }
    guard above < edges.count else { return 1 }
    let part = (place - edges[above - 1]) / (edges[above] - edges[above - 1])
    return values[above - 1] + part * (values[above] - values[above - 1])
  }

  func position(_ value: Double) -> Double {
    let above = firstIndex(values) { $0 >= value }
    if above == 0 { return edges[0] }
    guard above < values.count else { return edges[edges.count - 1] }
    let step = values[above] - values[above - 1]
    return edges[above - 1] + (step > 0 ? (value - values[above - 1]) / step : 0) * (edges[above] - edges[above - 1])
  }

  /// First index that satisfies an ascending condition.
  private func firstIndex(_ list: [Double], where holds: (Double) -> Bool) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if holds(list[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
