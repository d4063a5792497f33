/// Counts of scores by level for every instance, in one piece of storage.
struct LevelTable: Hashable, Sendable {
  private var counts: [Double]
  private(set) var totals: [Double]

  init(instances: Int) {
    counts = Array(repeating: 0, count: instances * BoundedScore.levels)
    totals = Array(repeating: 0, count: instances)
  }

  /// Adds an instance's cells, `places` being where the score of each bucket lies.
  mutating func add(_ instance: Int, _ cells: ArraySlice<LatencyLook.Cell>, places: [ScorePlace]) {
    let base = instance * BoundedScore.levels
    var total = totals[instance]
    for cell in cells {
      let place = places[cell.place]
      counts[base + place.level] += cell.count * place.rest
      counts[base + place.level + 1] += cell.count * place.part
      total += cell.count
    }
    totals[instance] = total
  }

  mutating func add(_ members: [Int], of other: LevelTable) {
    for instance in members {
      let base = instance * BoundedScore.levels
      for index in base..<(base + BoundedScore.levels) { counts[index] += other.counts[index] }
      totals[instance] += other.totals[instance]
    }
  }

  mutating func clear(_ instance: Int) {
    let base = instance * BoundedScore.levels
    for index in base..<(base + BoundedScore.levels) { counts[index] = 0 }
    totals[instance] = 0
  }

  mutating func clear() {
    for index in counts.indices { counts[index] = 0 }
    for index in totals.indices { totals[index] = 0 }
  }

  /// Mean score of an instance; ½ when it has none.
  func mean(_ instance: Int) -> Double {
    guard totals[instance] > 0 else { return 0.5 }
    let base = instance * BoundedScore.levels
    var sum = 0.0
    for level in 0..<BoundedScore.levels { sum += counts[base + level] * BoundedScore.level(level) }
    return sum / totals[instance]
  }

  func levels(_ instance: Int) -> Levels { sum([instance]) }

  /// The levels of several instances together.
  func sum(_ members: [Int]) -> Levels {
    var result = Levels()
    for instance in members {
      let base = instance * BoundedScore.levels
      result.add(counts[base..<(base + BoundedScore.levels)], total: totals[instance])
    }
    return result
  }
}
