/// What counters of one instance grew by between two scrapes. A counter below its last value began again at zero with
/// its process, so all it shows is new; a series that was not there before began at zero as well.
struct CounterReader {
  private var last: [[MetricLabel]: Double]?

  struct Growth: Hashable {
    var labels: [MetricLabel]
    var delta: Double
  }

  /// Nil for the first scrape: what was counted before is nobody's. Values that are no counts, such as NaN, are left
  /// out by the caller.
  mutating func growth(to samples: [MetricSample]) -> [Growth]? {
    var known = last ?? [:]
    var result: [Growth] = []
    for sample in samples {
      let before = known[sample.labels] ?? 0
      let delta = sample.value >= before ? sample.value - before : sample.value
      result.append(Growth(labels: sample.labels, delta: delta))
      known[sample.labels] = sample.value
    }
    defer { last = known }
    return last == nil ? nil : result
  }
}
