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

  mutating func add(_ counts: ArmCounts, among old: [Int]) {
    for index in old {
      events[index] += counts.events[index]
      exposure[index] += counts.exposure[index]
    }
  }

  mutating func add(_ index: Int, events x: Double, exposure n: Double) {
    events[index] += x
    exposure[index] += n
  }

  mutating func closes(at second: Double) -> Bool { clock.closes(at: second) || length == 0 }

  mutating func clear() {
    for index in events.indices { (events[index], exposure[index]) = (0, 0) }
  }
}
