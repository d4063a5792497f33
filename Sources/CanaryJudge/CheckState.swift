/// The running evidence of one check, of whichever kind, with its clock and its limit.
struct CheckState: Hashable, Sendable {
  let rule: CheckRule
  // One of them; kept side by side so that a tick changes it in place.
  private(set) var rates: RateCheck?
  private(set) var latency: LatencyCheck?
  private(set) var gauge: GaugeCheck?
  private(set) var bounded: BoundedRateCheck?
  private(set) var limit: LimitGuard?
  private var clock = CheckClock()
  private let warmUp: Double
  private var isChangeExpected = false
  private var judgedBefore: [Int] = []

  /// Quantiles of a latency check whose rule names none.
  static let quantiles = [0.9, 0.99]

  init(rule: CheckRule, rules: JudgeRules) {
    self.rule = rule
    warmUp = max(rules.warmUp, 0)
    limit = LimitGuard(rule: rule)
    switch rule.kind {
    case .ratio, .rate, .share: rates = RateCheck(rule: rule, rules: rules)
    case .latency(let quantiles):
      latency = LatencyCheck(rule: rule, rules: rules, quantiles: quantiles.isEmpty ? Self.quantiles : quantiles)
    case .gauge:
      gauge = GaugeCheck(
        rule: rule, direction: rule.kind.direction, instances: rules.instances, horizon: rules.horizon)
    case .boundedRate(let bound):
      bounded = BoundedRateCheck(bound: bound, instances: rules.instances, horizon: rules.horizon)
    }
  }

  /// The arms changed: the next tick that this check takes says so.
  mutating func expectChange() { isChangeExpected = true }

  /// The moment as this check sees it: each instance is judged from its own initial delay on.
  private mutating func own(_ moment: Moment) -> Moment {
    var moment = moment
    moment.updated = moment.serving.filter { (moment.age[$0] ?? 0) >= rule.initialDelay - 1e-9 }
    moment.armsChanged = isChangeExpected || moment.updated != judgedBefore
    (isChangeExpected, judgedBefore) = (false, moment.updated)
    return moment
  }

  mutating func record(_ readings: [Measurement], moment everybody: Moment) {
    let moment = own(everybody)
    let judged = clock.begin(moment)
    let isWarm = moment.updated.allSatisfy { (moment.age[$0] ?? 0) >= warmUp }
    rates?.record(readings, moment: moment, judged: judged, isWarm: isWarm)
    latency?.record(readings, moment: moment, judged: judged)
    gauge?.record(readings, moment: moment, judged: judged)
    bounded?.record(readings, moment: moment, judged: judged)
    guard judged != nil else { return }
    recordLimit(readings, moment: moment)
  }

  private mutating func recordLimit(_ readings: [Measurement], moment: Moment) {
    guard limit != nil else { return }
    switch rule.kind {
    case .share: return
    case .ratio, .rate, .boundedRate:
      let counts = ArmCounts(readings, instances: moment.age.count)
      limit?.record(counts.tick(updated: moment.updated, siblings: moment.siblings))
    case .gauge:
      limit?.record(updated: gauge?.updatedLevel, siblings: gauge?.siblingsLevel)
    case .latency(let quantiles):
      let quantile = quantiles.max() ?? 0.99
      limit?.record(
        updated: LatencyLevel.value(quantile, readings, moment.updated),
        siblings: LatencyLevel.value(quantile, readings, moment.siblings))
    }
  }

  /// ln E.
  var logEvidence: Double {
    if let rates { return rates.logValue }
    if let latency { return latency.logValue }
    if let gauge { return gauge.evidence.wealth.logValue }
    return bounded?.wealth.logValue ?? 0
  }

  /// Ranks have a share of α of their own.
  var standsAlone: Bool { gauge != nil }

  /// ln of the pass evidence and what it must reach; nil where a pass asks nothing of the check.
  var pass: (value: Double, threshold: Double, isEarned: Bool)? {
    if let process = rates?.pass?.process { return (process.logValue, process.logThreshold, process.isEarned) }
    return latency?.passState
  }

  var silentTicks: Int {
    rates?.silentTicks ?? latency?.silentTicks ?? gauge?.silentTicks ?? bounded?.silentTicks ?? 0
  }

  var isOnRecording: Bool { rates?.isOnRecording ?? latency?.isOnRecording ?? false }
}

/// A quantile of one tick's histograms of one arm, in the unit of the buckets.
enum LatencyLevel {
  /// Fewest observations that make one.
  static let minimum = 100.0

  static func value(_ quantile: Double, _ readings: [Measurement], _ members: [Int]) -> Double? {
    var counts: [Double] = []
    var layout: HistogramLayout?
    for index in members where index < readings.count {
      guard case .histogram(let histogram) = readings[index] else { continue }
      if layout == nil {
        layout = HistogramLayout(bounds: histogram.upperBounds)
        counts = Array(repeating: 0, count: layout?.count ?? 0)
      }
      guard let map = layout?.mapping(from: histogram.upperBounds) else { return nil }
      for bucket in histogram.buckets where bucket.count > 0 && bucket.index >= 0 && Int(bucket.index) < map.count {
        counts[Int(map[Int(bucket.index)])] += bucket.count
      }
    }
    guard let layout, counts.reduce(0, +) >= minimum else { return nil }
    return LogSpace.exponential(HistogramQuantile.log(quantile, counts, layout))
  }
}
