/// What each instance's latency differs by on the old version, learnt before the deploy and subtracted after it
/// (difference in differences).
///
/// d_i, the mean difference of the nine deciles of log latency between the instance and the siblings over the same
/// time, has standard error 1.05·σ·√(φ/n_i + φ/n_s). It is drawn towards zero as far as the fleet suggests: instances
/// are N(0, s²) with s learnt from the siblings' own d_j, or, with probability ε = 1/(m + 2) for m siblings, one of a
/// kind, N(0, s² + 0.1²). In a fleet of equals the measured d_i is noise and goes to nothing; an instance that
/// clearly differs keeps what was measured.
struct LatencyOffsets: Hashable, Sendable {
  /// Per instance, counts by bucket before the deploy.
  private var histograms: [[Double]]
  private var totals: [Double]

  struct Belief: Hashable, Sendable {
    var mean: Double
    var deviation: Double
  }

  /// Spreads of log latency over a fleet that are considered, with their prior weights.
  static let spreads = [0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16]
  static let prior = [0.6, 0.08, 0.08, 0.08, 0.07, 0.05, 0.04]
  /// Spread of instances that are one of a kind.
  static let outlying = 0.1
  /// Observations of one instance needed to say anything.
  static let minimum = 200.0
  /// Largest offset believed.
  static let limit = 0.7

  init(instances: Int, buckets: Int) {
    histograms = Array(repeating: Array(repeating: 0, count: buckets), count: instances)
    totals = Array(repeating: 0, count: instances)
  }

  mutating func add(_ look: LatencyLook, _ members: [Int]) {
    for instance in members {
      for cell in look.cells[look.range(instance)] { add(instance, cell.place, cell.count) }
    }
  }

  mutating func add(_ instance: Int, _ bucket: Int, _ count: Double) {
    histograms[instance][bucket] += count
    totals[instance] += count
  }

  mutating func coarsen(_ map: [Int32], buckets: Int) {
    histograms = histograms.map { LatencyReference.coarsened($0, map, buckets) }
  }

  /// Beliefs about every updated instance against the siblings of now.
  func beliefs(
    updated: [Int], siblings: [Int], layout: HistogramLayout, dispersion: Double
  ) -> [Belief] {
    let known = siblings.filter { totals[$0] >= Self.minimum }
    var pool = Array(repeating: 0.0, count: layout.count)
    for index in known { for bucket in pool.indices { pool[bucket] += histograms[index][bucket] } }
    let center = Self.center(pool, layout)
    let deviation = max(
      0.02, (HistogramQuantile.log(0.75, pool, layout) - HistogramQuantile.log(0.25, pool, layout)) / 1.349)
    let poolTotal = pool.reduce(0, +)
    let differences = known.map { index -> (value: Double, error: Double) in
      let rest = poolTotal - totals[index]
      guard rest >= Self.minimum else { return (0, .infinity) }
      // Against the whole pool, of which it is a part: the difference to the others is larger by total/rest.
      let value = (Self.center(histograms[index], layout) - center) * poolTotal / rest
      return (value, 1.05 * deviation * (dispersion * (1 / totals[index] + 1 / rest)).squareRoot())
    }
    let weights = Self.weights(differences.filter { $0.error.isFinite })
    return updated.map { index in
      guard totals[index] >= Self.minimum, poolTotal >= Self.minimum else {
        return Self.believe(value: 0, error: .infinity, weights: weights, siblings: known.count)
      }
      let error = 1.05 * deviation * (dispersion * (1 / totals[index] + 1 / poolTotal)).squareRoot()
      return Self.believe(
        value: Self.center(histograms[index], layout) - center, error: error, weights: weights, siblings: known.count)
    }
  }

  /// Mean of the nine deciles.
  private static func center(_ counts: [Double], _ layout: HistogramLayout) -> Double {
    guard counts.contains(where: { $0 > 0 }) else { return 0 }
    var sum = 0.0
    for step in 1...9 { sum += HistogramQuantile.log(Double(step) / 10, counts, layout) }
    return sum / 9
  }

  /// Weights of the spreads after the siblings' differences.
  private static func weights(_ differences: [(value: Double, error: Double)]) -> [Double] {
    let logs = zip(spreads, prior).map { spread, prior in
      differences.reduce(LogSpace.of(prior)) { sum, difference in
        sum + logDensity(difference.value, variance: spread * spread + difference.error * difference.error)
      }
    }
    let total = LogSpace.sum(logs)
    return logs.map { LogSpace.exponential($0 - total) }
  }

  /// Posterior of one offset under the mixture; with an infinite error, the prior.
  private static func believe(value: Double, error: Double, weights: [Double], siblings: Int) -> Belief {
    let oneOfAKind = 1 / Double(siblings + 2)
    var parts: [(log: Double, mean: Double, variance: Double)] = []
    for (spread, weight) in zip(spreads, weights) where weight > 0 {
      for (share, extra) in [(1 - oneOfAKind, 0.0), (oneOfAKind, outlying * outlying)] {
        let variance = spread * spread + extra
        let noise = error * error
        guard noise.isFinite else {
          parts.append((LogSpace.of(weight * share), 0, variance))
          continue
        }
        let kept = variance / (variance + noise)
        parts.append(
          (LogSpace.of(weight * share) + logDensity(value, variance: variance + noise), value * kept, noise * kept))
      }
    }
    let total = LogSpace.sum(parts.map(\.log))
    var (mean, square) = (0.0, 0.0)
    for part in parts {
      let weight = LogSpace.exponential(part.log - total)
      mean += weight * part.mean
      square += weight * (part.variance + part.mean * part.mean)
    }
    return Belief(
      mean: min(max(mean, -limit), limit), deviation: max(0, square - mean * mean).squareRoot())
  }

  /// ln of the normal density around 0, without the constant.
  private static func logDensity(_ value: Double, variance: Double) -> Double {
    guard variance > 0 else { return value == 0 ? 0 : -.infinity }
    return -0.5 * (LogSpace.of(variance) + value * value / variance)
  }
}
