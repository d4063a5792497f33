/// Histograms of a service that is slower, from those of one that is not.
extension Histogram {
  /// As it were if every value beyond `floor` were `factor` ≥ 1 times as large. Within a bucket values are even on the
  /// log scale, as the judge reads them; what lies beyond the last edge stays there.
  public func scaled(by factor: Double, above floor: Double = 0) -> Histogram {
    guard factor > 1, factor.isFinite else { return self }
    let total = buckets.reduce(0) { $0 + $1.count }
    var moved: [Bucket] = []
    var below = 0.0
    for (index, edge) in upperBounds.enumerated() {
      let upTo = edge.isFinite ? count(upTo: edge <= floor ? edge : max(floor, edge / factor)) : total
      if upTo > below { moved.append(Bucket(index: Int32(clamping: index), count: upTo - below)) }
      below = max(below, upTo)
    }
    return Histogram(upperBounds: upperBounds, buckets: moved)
  }

  /// The value that a part `quantile` in (0, 1) of the observations does not exceed; nil without observations or edges.
  public func value(at quantile: Double) -> Double? {
    guard let layout = HistogramLayout(bounds: upperBounds) else { return nil }
    let map = layout.mapping(from: upperBounds)
    var counts = [Double](repeating: 0, count: layout.count)
    for bucket in buckets where bucket.index >= 0 && Int(bucket.index) < map.count {
      counts[Int(map[Int(bucket.index)])] += max(0, bucket.count)
    }
    guard counts.contains(where: { $0 > 0 }) else { return nil }
    return LogSpace.exponential(HistogramQuantile.log(quantile, counts, layout))
  }

  private func count(upTo value: Double) -> Double {
    var sum = 0.0
    for bucket in buckets where upperBounds.indices.contains(Int(bucket.index)) {
      let index = Int(bucket.index)
      let upper = upperBounds[index]
      if upper <= value {
        sum += bucket.count
      } else {
        sum += bucket.count * part(of: index, upTo: value)
      }
    }
    return sum
  }

  /// The part of bucket `index` that lies at or below a value within it.
  private func part(of index: Int, upTo value: Double) -> Double {
    let upper = upperBounds[index]
    guard upper.isFinite, upper > 0, value > 0 else { return 0 }
    var lower = index > 0 ? upperBounds[index - 1] : 0
    if lower <= 0 {
      // No lower edge: as wide as the next bucket.
      let next = index + 1 < upperBounds.count ? upperBounds[index + 1] : .infinity
      lower = next.isFinite ? upper * (upper / next) : upper / 2
    }
    guard value > lower else { return 0 }
    return min(1, (LogSpace.of(value) - LogSpace.of(lower)) / (LogSpace.of(upper) - LogSpace.of(lower)))
  }
}
