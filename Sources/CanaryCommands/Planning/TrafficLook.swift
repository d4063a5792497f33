internal import CanaryJudge
internal import ImmuneSystem
internal import Observers
internal import RolloutCore

/// What was seen of one check on all instances together, and so what one of them does on average.
struct TrafficTally: Hashable {
  private(set) var events = 0.0
  private(set) var exposure = 0.0
  /// Of all instances together.
  private(set) var seconds = 0.0
  private(set) var histogram: Histogram?
  private(set) var levels: [Double] = []
  /// Why somebody gave nothing.
  private(set) var problem: String?

  mutating func add(events: Double, exposure: Double, seconds: Double) {
    self.events += events
    self.exposure += exposure
    self.seconds += seconds
  }

  mutating func add(_ observed: Histogram, seconds: Double) {
    self.seconds += seconds
    // An instance with other buckets than the first one's tells the traffic no better than the others do.
    histogram = histogram.map { $0.adding(observed) ?? $0 } ?? observed
  }

  mutating func add(level: Double) { levels.append(level) }

  mutating func note(_ problem: String) { self.problem = self.problem ?? problem }

  enum Finding: Hashable {
    case traffic(Foresight.Traffic, CheckPower.Traffic)
    case level(Double)
    case idle
    case none(detail: String)
  }

  func finding(_ check: CheckPolicy) -> Finding {
    if !levels.isEmpty { return .level(levels.reduce(0, +) / Double(levels.count)) }
    guard seconds > 0 else { return .none(detail: problem ?? "nothing to count") }
    switch check.measure {
    case .ratio: return ratio
    case .histogram:
      guard let histogram, case let total = histogram.buckets.reduce(0, { $0 + $1.count }), total > 0 else {
        return .idle
      }
      return .traffic(
        .observations(histogram, seconds: seconds), CheckPower.Traffic(perSecond: total / seconds, share: nil))
    case .rate, .share:
      guard events > 0 else { return .idle }
      return .traffic(.events(perSecond: events / seconds), CheckPower.Traffic(perSecond: events / seconds, share: nil))
    case .gauge: return .idle
    }
  }

  private var ratio: Finding {
    guard exposure > 0 else { return .idle }
    // With no event among n requests, fewer than 3 in n is what can be said (95 %; J. Hanley and A. Lippman-Hand, "If
    // nothing goes wrong, is everything all right?", JAMA 249, 1983).
    let share = events > 0 ? events / exposure : min(1, 3 / exposure)
    return .traffic(
      .requests(perSecond: exposure / seconds, share: share),
      CheckPower.Traffic(perSecond: exposure / seconds, share: share, isShareBound: events == 0))
  }
}

/// The traffic of the instances now. Asks the sources and nobody else.
struct TrafficLook {
  let survey: Composition.Survey
  let policy: Policy
  let directory: String?

  /// Between the two looks: long enough for some tens of requests of a busy service, short enough to wait for.
  static let distance = TimeSpan.seconds(2)

  /// Per check of the policy.
  func tallies(on instances: [Instance]) async -> Result<[TrafficTally], CommandFailure> {
    switch await survey(policy.checks, instances, .two(apart: Self.distance), directory) {
    case .failure(let failure): .failure(failure)
    case .success(let rows): .success(rows.map { Self.tally($0, instances) })
    }
  }

  private static func tally(_ row: CheckSurvey.Row, _ instances: [Instance]) -> TrafficTally {
    var tally = TrafficTally()
    if let refusal = row.refusal { tally.note(refusal) }
    for (instance, answer) in zip(instances, row.answers) {
      switch answer {
      case .counted(let events, let exposure, let span):
        tally.add(events: events, exposure: exposure, seconds: Double(span.milliseconds) / 1000)
      case .observed(let histogram, let span): tally.add(histogram, seconds: Double(span.milliseconds) / 1000)
      case .level(let value): tally.add(level: value)
      case .seen: tally.note("\(instance.id): nothing new within \(distance)")
      case .none(_, let detail): tally.note("\(instance.id): \(detail)")
      }
    }
    return tally
  }
}
