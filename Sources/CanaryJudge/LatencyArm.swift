/// One arm's observations of one tick, scored.
struct LatencyArm: Hashable, Sendable {
  var levels = Levels()
  /// Per quantile, observations beyond it.
  var exceeding: [Double]

  init(quantiles: Int) { exceeding = Array(repeating: 0, count: quantiles) }

  mutating func add(bucket: Int, count: Double, shift: ScaleShift) {
    levels.add(score: shift.scores[bucket], count: count)
    for index in exceeding.indices where !shift.exceeding[index].isEmpty {
      exceeding[index] += count * shift.exceeding[index][bucket]
    }
  }

  mutating func add(bucket: Int, count: Double, reference: LatencyReference) {
    let place = reference.places[bucket]
    levels.add(level: place.level, part: place.part, count: count)
    for index in exceeding.indices {
      if let threshold = reference.thresholds[index], bucket > threshold { exceeding[index] += count }
    }
  }

  mutating func add(_ other: LatencyArm) {
    levels.add(other.levels)
    for index in exceeding.indices { exceeding[index] += other.exceeding[index] }
  }
}
