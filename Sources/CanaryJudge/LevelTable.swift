/// Counts of scores by level for every instance, in one piece of storage.
struct LevelTable: Hashable, Sendable {
  private var counts: [Double]
  private(set) var totals: [Double]

  init(instances: Int) {
    counts = Array(repeating: 0, count: instances * BoundedScore.levels)
    totals = Array(repeating: 0, count: instances)
  }

  mutating func add(_ instance: Int, _ place: ScorePlace, count: Double) {
    let base = instance * BoundedScore.levels + place.level
    counts[base] += count * (1 - place.part)
    counts[base + 1] += count * place.part
    totals[instance] += count
  }

  mutating func add(_ instance: Int, of other: LevelTable) {
    let base = instance * BoundedScore.levels
    for index in base..<(base + BoundedScore.levels) { counts[index] += other.counts[index] }
    totals[instance] += other.totals[instance]
  }

  mutating func clear(_ instance: Int) {
    let base = instance * BoundedScore.levels
    for index in base..<(base + BoundedScore.levels) { counts[index] = 0 }
    totals[instance] = 0
  }

  mutating func clear() {
    for index in totals.indices { clear(index) }
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
