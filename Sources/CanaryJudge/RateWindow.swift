/// Siblings' counts of one window, for dispersion and placebo.
struct RateWindow: Hashable, Sendable {
  /// 0 is every tick.
  let length: Double
  private var clock: TimeWindow
  private(set) var events: [Double]
  private(set) var exposure: [Double]

  init(length: Double, instances: Int) {
    self.length = length
    clock = TimeWindow(length: max(length, 1e-3))
    events = Array(repeating: 0, count: instances)
    exposure = events
  }

  mutating func add(events x: [Double], exposure n: [Double], among old: [Int]) {
    for index in old {
      events[index] += x[index]
      exposure[index] += n[index]
    }
  }

  /// Takes counts that are 0 for whoever is no sibling.
  mutating func add(events x: [Double], exposure n: [Double]) {
    for (index, x) in zip(events.indices, x) { events[index] += x }
    for (index, n) in zip(exposure.indices, n) { exposure[index] += n }
  }

  mutating func closes(at second: Double) -> Bool { clock.closes(at: second) || length == 0 }

  mutating func clear() {
    for index in events.indices { (events[index], exposure[index]) = (0, 0) }
  }
}
