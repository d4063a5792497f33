/// One tick of the instances on the old version, scored: levels and exceedances of each.
struct SiblingScores: Hashable, Sendable {
  private(set) var table: LevelTable
  /// Per quantile, per instance: observations beyond it.
  private(set) var exceeding: [[Double]]

  init(instances: Int, quantiles: Int) {
    table = LevelTable(instances: instances)
    exceeding = Array(repeating: Array(repeating: 0, count: instances), count: quantiles)
  }

  /// Takes an instance's histogram, which had none.
  mutating func score(_ instance: Int, _ look: LatencyLook, reference: LatencyReference) {
    let range = look.range(instance)
    table.add(instance, look.cells[range], places: reference.places)
    for quantile in exceeding.indices {
      guard let threshold = reference.thresholds[quantile] else { continue }
      var sum = 0.0
      for cell in look.cells[range] where cell.place > threshold { sum += cell.count }
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
