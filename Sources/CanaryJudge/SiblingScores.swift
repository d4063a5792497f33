/// One tick of the instances on the old version, scored: levels and exceedances of each.
struct SiblingScores: Hashable, Sendable {
  private(set) var table: LevelTable
  /// Per quantile, per instance: observations beyond it.
  private(set) var exceeding: [[Double]]

  init(instances: Int, quantiles: Int) {
    table = LevelTable(instances: instances)
    exceeding = Array(repeating: Array(repeating: 0, count: instances), count: quantiles)
  }

  /// Takes an instance's histogram in place of what it had.
  mutating func score(_ instance: Int, _ histogram: Histogram, map: [Int32], reference: LatencyReference) {
    for bucket in histogram.buckets {
      table.add(instance, reference.places[Int(map[Int(bucket.index)])], count: bucket.count)
    }
    for quantile in exceeding.indices {
      guard let threshold = reference.thresholds[quantile] else { continue }
      var sum = 0.0
      for bucket in histogram.buckets where Int(map[Int(bucket.index)]) > threshold { sum += bucket.count }
      exceeding[quantile][instance] = sum
    }
  }

  mutating func clear() {
    table.clear()
    for quantile in exceeding.indices {
      for instance in exceeding[quantile].indices { exceeding[quantile][instance] = 0 }
    }
  }

  /// Several instances together.
  func sum(_ members: [Int]) -> LatencyArm {
    var result = LatencyArm(quantiles: exceeding.count)
    result.levels = table.sum(members)
    for quantile in exceeding.indices {
      for instance in members { result.exceeding[quantile] += exceeding[quantile][instance] }
    }
    return result
  }
}
