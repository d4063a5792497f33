/// The running evidence of one check, of whichever kind, with its clock and its limit.
struct CheckState: Hashable, Sendable {
  let rule: CheckRule
  // One of them; kept side by side so that a tick changes it in place.
  private(set) var rates: RateCheck?
  private(set) var latency: LatencyCheck?
  private(set) var gauge: GaugeCheck?
  private(set) var bounded: BoundedRateCheck?
  private(set) var limit: LimitGuard?
  private var updatedLatency: LatencyWindow
  private var siblingsLatency: LatencyWindow
  private var clock = CheckClock()
  /// ln E, and the pass side, nil where a pass asks nothing of the check; as of the last tick taken.
  private(set) var logEvidence = 0.0
  private(set) var pass: PassState?
  private let warmUp: Double
  private var isChangeExpected = false
  private var judgedBefore: [Int] = []

  /// Quantiles of a latency check whose rule names none.
  static let quantiles = [0.9, 0.99]

  init(rule: CheckRule, rules: JudgeRules) {
    self.rule = rule
    warmUp = max(rules.warmUp, 0)
    limit = LimitGuard(rule: rule)
    var top = 0.99
    if case .latency(let quantiles) = rule.kind { top = quantiles.max() ?? top }
    updatedLatency = LatencyWindow(quantile: top)
    siblingsLatency = updatedLatency
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
    weigh()
  }

  /// ln of the pass evidence and what it must reach.
  struct PassState: Hashable, Sendable {
    var value: Double
    var threshold: Double
    var isEarned: Bool
  }

  /// The arms changed: the next tick that this check takes says so.
  mutating func expectChange() { isChangeExpected = true }

  /// The moment as this check sees it: each instance is judged from its own initial delay on.
  private mutating func own(_ moment: Moment) -> Moment {
    var moment = moment
    if rule.initialDelay > 0 {
      moment.updated = moment.serving.filter { (moment.age[$0] ?? 0) >= rule.initialDelay - 1e-9 }
    }
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
    weigh()
    guard judged != nil else { return }
    recordLimit(readings, moment: moment)
  }

  private mutating func recordLimit(_ readings: [Measurement], moment: Moment) {
    guard limit != nil else { return }
    switch rule.kind {
    case .ratio, .rate, .share, .boundedRate:
      let counts = ArmCounts(readings, instances: moment.age.count)
      limit?.record(counts.tick(updated: moment.updated, siblings: moment.siblings))
    case .gauge:
      // The worst instance's own value, of this tick: one that is beyond must not hide behind the others.
      limit?.record(
        updated: GaugeCheck.worst(moment.updated, readings, direction: rule.kind.direction),
        siblings: GaugeCheck.mean(moment.siblings, readings))
    case .latency:
      limit?.record(
        updated: updatedLatency.record(readings, moment.updated),
        siblings: siblingsLatency.record(readings, moment.siblings))
    }
  }

  private mutating func weigh() {
    logEvidence =
      rates?.logValue ?? latency?.logValue ?? gauge?.evidence.wealth.logValue ?? bounded?.wealth.logValue ?? 0
    pass = rates?.passState ?? latency?.passState
  }

  /// Ranks have a share of α of their own.
  var standsAlone: Bool { gauge != nil }

  var silentTicks: Int {
    rates?.silentTicks ?? latency?.silentTicks ?? gauge?.silentTicks ?? bounded?.silentTicks ?? 0
  }

  var isOnRecording: Bool { rates?.isOnRecording ?? latency?.isOnRecording ?? false }
  var recordingIsUsedUp: Bool { isOnRecording && (rates?.recordingIsUsedUp ?? latency?.recordingIsUsedUp ?? false) }
}
