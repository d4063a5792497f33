/// A check about a level: the growth of an updated instance from minute to minute, less what is tolerated, ranked
/// among the siblings' growth. Where several instances are updated they take turns, one a minute.
struct GaugeCheck: Hashable, Sendable {
  private(set) var evidence = RankEvidence()
  private(set) var updatedLevel: Double?
  private(set) var siblingsLevel: Double?
  private(set) var levelBefore: Double?
  private(set) var silentTicks = 0
  private(set) var silentSiblings = 0
  private(set) var windowsJudged = 0
  private let direction: Double
  private let tolerance: Double
  private let allowance: Double?
  private let instances: Int
  private var stakes: StakeSchedule
  private var clock = TimeWindow(length: window)
  /// Sums and numbers of the readings in the last 10 s of the running window, and the means of the one before.
  private var sums: [Double]
  private var numbers: [Double]
  private var previous: [Double?]
  private var wasUpdated: [Bool]

  /// Seconds of a window.
  static let window = 60.0

  init(rule: CheckRule, direction: Double, instances: Int, horizon: Double) {
    self.direction = direction
    self.instances = instances
    tolerance = max(rule.tolerance, 0)
    allowance = rule.allowance
    stakes = .spread(over: horizon)
    sums = Array(repeating: 0, count: instances)
    numbers = sums
    previous = Array(repeating: nil, count: instances)
    wasUpdated = Array(repeating: false, count: instances)
  }

  mutating func record(_ readings: [Measurement], moment: Moment, judged: Double?) {
    let values = (0..<instances).map { Self.value(readings, $0) }
    // A restart moves levels: whoever changed sides begins anew.
    for index in 0..<instances where (moment.age[index] != nil) != wasUpdated[index] {
      wasUpdated[index].toggle()
      previous[index] = nil
      (sums[index], numbers[index]) = (0, 0)
    }
    if !moment.isBeforeDeploy {
      silentTicks = moment.serving.contains { values[$0] != nil } ? 0 : silentTicks + 1
      silentSiblings = moment.siblings.count { values[$0] == nil }
      updatedLevel = Self.mean(moment.updated, values) ?? updatedLevel
    }
    siblingsLevel = Self.mean(moment.siblings, values) ?? siblingsLevel
    if moment.isBeforeDeploy { levelBefore = siblingsLevel }
    if let judged { evidence.place(stakes.due(at: judged)) }
    let part = moment.second - (moment.second / Self.window - 1e-9).rounded(.down) * Self.window
    if part > Self.window - max(10, moment.duration) - 1e-6 {
      for index in 0..<instances {
        guard let value = values[index] else { continue }
        sums[index] += value
        numbers[index] += 1
      }
    }
    if clock.closes(at: moment.second) { finish(moment, isJudged: judged != nil) }
  }

  private static func value(_ readings: [Measurement], _ index: Int) -> Double? {
    guard index < readings.count, case .gauge(let value) = readings[index], abs(value) < 1e300 else { return nil }
    return value
  }

  private static func mean(_ members: [Int], _ values: [Double?]) -> Double? {
    var (sum, count) = (0.0, 0.0)
    for index in members {
      guard let value = values[index] else { continue }
      sum += value
      count += 1
    }
    return count > 0 ? sum / count : nil
  }

  private mutating func finish(_ moment: Moment, isJudged: Bool) {
    var growth: [Double?] = Array(repeating: nil, count: instances)
    for index in 0..<instances {
      let mean = numbers[index] > 0 ? sums[index] / numbers[index] : nil
      if let mean, let before = previous[index] { growth[index] = (mean - before) * direction }
      previous[index] = mean
      (sums[index], numbers[index]) = (0, 0)
    }
    // An instance must have been on the new version for the whole of two windows.
    let ready = moment.updated.filter {
      growth[$0] != nil && (moment.age[$0] ?? 0) >= 2 * Self.window - moment.duration - 1
    }
    guard isJudged, !ready.isEmpty, !moment.siblings.isEmpty else { return }
    let turn = Int((min(max(moment.second, 0), 1e9) / Self.window).rounded(.down)) % ready.count
    guard let own = growth[ready[turn]] else { return }
    let excess = own - (allowance ?? tolerance * abs(siblingsLevel ?? 0))
    var (rank, count) = (1, 1)
    for index in moment.siblings {
      guard let other = growth[index] else { continue }
      count += 1
      if excess > other { rank += 1 }
    }
    evidence.record(rank: rank, count: count)
    windowsJudged += 1
  }
}
