public import CanaryJudge
public import RolloutCore

/// What a check can see at a traffic that is known, before anything is updated. It plays the traffic to the judge
/// itself, with all that the policy says, so that nothing here knows how the judge decides. Counts are what is
/// expected, moved against the question by `doubt` standard deviations: four of five rollouts see at least as much.
public struct Foresight: Sendable {
  private let checks: [CheckPolicy]
  private let rules: JudgeRules
  private let crowd: Crowd
  private let baseline: Double
  /// Seconds in which it must be seen.
  private let length: Double

  /// What one instance on the old version does on average.
  public enum Traffic: Hashable, Sendable {
    /// Requests a second, and the part of them that are events.
    case requests(perSecond: Double, share: Double)
    /// Events a second.
    case events(perSecond: Double)
    /// Observations of so many seconds of one instance.
    case observations(Histogram, seconds: Double)
  }

  /// Ratios of the updated instances' value to the siblings', and seconds after the update.
  public struct Sight: Hashable, Sendable {
    /// The smallest worsening that fails the check within the burn-in; nil when a hundredfold one does not.
    public var byHorizon: Double?
    /// How soon a grave worsening fails it; nil when it does not within the burn-in.
    public var soon: (ratio: Double, seconds: Double)? { grave.map { ($0.ratio, $0.seconds) } }
    /// When a release that is no worse has earned its pass; nil for not within two days, or where none is earned.
    public var passAfter: Double?
    /// Whether the check has a pass to earn: rates, shares and levels can only fail.
    public var earnsPass: Bool
    var grave: Grave?

    struct Grave: Hashable {
      var ratio: Double
      var seconds: Double
    }
  }

  /// Instances as they are played: of a crowd some stand for all.
  private struct Crowd {
    var updated: Int
    var siblings: Int
    /// How many each stands for.
    var updatedWeight: Double
    var siblingsWeight: Double

    init(updated: Int, siblings: Int) {
      self.updated = min(max(updated, 1), 4)
      self.siblings = min(max(siblings, 0), 12)
      updatedWeight = Double(max(updated, 1)) / Double(self.updated)
      siblingsWeight = self.siblings == 0 ? 1 : Double(siblings) / Double(self.siblings)
    }
  }

  /// The 80 % quantile of the normal distribution.
  private static let doubt = 0.84
  private static let longest = 172_800.0

  /// - Parameters:
  ///   - horizon: longest time that updated instances are judged.
  ///   - burnIn: the part of it by whose end the canary must have passed or failed; nil for all of it.
  ///   - untilRequests: requests the updated instances must have served before a pass counts.
  ///   - baseline: time that all instances are measured before.
  ///   - warmUp: time after an update in which latency tolerance is widened.
  public init(
    checks: [CheckPolicy], falseAlarm: Double, horizon: TimeSpan, burnIn: TimeSpan? = nil, untilRequests: Int? = nil,
    baseline: TimeSpan, warmUp: TimeSpan = .seconds(60), updated: Int, siblings: Int
  ) {
    self.checks = checks
    crowd = Crowd(updated: updated, siblings: siblings)
    self.baseline = ImmuneSystem.seconds(baseline)
    length = max(1, ImmuneSystem.seconds(min(burnIn ?? horizon, horizon)))
    rules = JudgeRules(
      checks: checks.map { CheckRule($0) }, instances: crowd.updated + crowd.siblings, falseAlarm: falseAlarm,
      horizon: max(1, ImmuneSystem.seconds(horizon)), warmUp: ImmuneSystem.seconds(warmUp),
      untilRequests: untilRequests.map(Double.init))
  }

  /// - Parameter check: index among the policy's checks.
  public func sight(of check: Int, at traffic: Traffic) -> Sight {
    let play = Play(check: check, traffic: traffic, foresight: self)
    var sight = Sight(byHorizon: smallest(play), earnsPass: false)
    let isLatency = if case .observations = traffic { true } else { false }
    for grave in isLatency ? [2.0, 4] : [3.0, 10] where sight.grave == nil {
      let ratio = play.ratio(grave)
      if let seconds = play.halts(by: grave, step: 5, until: length) {
        sight.grave = Sight.Grave(ratio: ratio, seconds: seconds)
      }
    }
    (sight.earnsPass, sight.passAfter) = play.passes(until: Self.longest)
    return sight
  }

  /// Bisection on the logarithm, to 2 %.
  private func smallest(_ play: Play) -> Double? {
    let step = length / 60
    guard play.halts(by: 100, step: step, until: length) != nil else { return nil }
    var (low, high) = (1.0, 100.0)
    while high / low > 1.02 {
      let middle = (low * high).squareRoot()
      if play.halts(by: middle, step: step, until: length) == nil { low = middle } else { high = middle }
    }
    return play.ratio(high)
  }

  // MARK: Playing

  /// One check under one traffic.
  private struct Play {
    let check: Int
    let traffic: Traffic
    let foresight: Foresight

    private var crowd: Crowd { foresight.crowd }
    private var isUp: Bool {
      if case .share = foresight.checks[check].measure { return false }
      return foresight.checks[check].worseWhen == .up
    }

    /// Canary to siblings when it is `factor` times worse.
    func ratio(_ factor: Double) -> Double { isUp ? factor : 1 / factor }

    /// Second at which it fails when the updated instances are `factor` times worse; nil when it does not.
    func halts(by factor: Double, step: Double, until end: Double) -> Double? {
      var judge = begun()
      var second = 0.0
      while second < end {
        judge.record(tick(from: second, to: second + step, factor: factor, doubt: isUp ? -doubt : doubt))
        second += step
        if case .halt = judge.ruling { return second }
      }
      return nil
    }

    /// Whether there is a pass to earn, and the second at which a release that is no worse has.
    func passes(until end: Double) -> (Bool, Double?) {
      var judge = begun()
      var (second, step) = (0.0, max(5, foresight.length / 120))
      while second < end {
        judge.record(tick(from: second, to: second + step, factor: 1, doubt: isUp ? doubt : -doubt))
        second += step
        let finding = judge.finding(check)
        guard finding.passThreshold > 0 else { return (false, nil) }
        if finding.hasEarnedPass { return (true, second) }
        if second > foresight.length { step *= 1.03 }
      }
      return (true, nil)
    }

    private var doubt: Double { Foresight.doubt }

    /// A judge that has seen the time before the update.
    private func begun() -> Judge {
      var judge = Judge(rules: foresight.rules)
      let ticks = foresight.baseline > 0 ? min(12, max(1, Int(foresight.baseline / 5))) : 0
      let step = foresight.baseline / Double(max(1, ticks))
      for index in 0..<ticks {
        var before = tick(from: 0, to: step, factor: 1, doubt: 0)
        before.second = Double(index + 1 - ticks) * step
        before.arms = before.arms.map { _ in .sibling }
        judge.record(before)
      }
      return judge
    }

    private func tick(from start: Double, to end: Double, factor: Double, doubt: Double) -> JudgeTick {
      let seconds = end - start
      let updated = reading(start, end, weight: crowd.updatedWeight, factor: factor, doubt: doubt)
      let sibling = reading(0, seconds, weight: crowd.siblingsWeight, factor: 1, doubt: 0)
      var readings = [[Measurement]](repeating: [], count: foresight.checks.count)
      readings[check] =
        Array(repeating: updated, count: crowd.updated) + Array(repeating: sibling, count: crowd.siblings)
      return JudgeTick(
        second: end, duration: seconds,
        arms: Array(repeating: .updated, count: crowd.updated) + Array(repeating: .sibling, count: crowd.siblings),
        readings: readings)
    }

    private func reading(
      _ start: Double, _ end: Double, weight: Double, factor: Double, doubt: Double
    ) -> Measurement {
      let seconds = (end - start) * weight
      switch traffic {
      case .requests(let perSecond, let share):
        let requests = perSecond * seconds
        let rate = min(1, share * ratio(factor)) * perSecond * weight
        return .counts(events: min(requests, events(rate, start, end, doubt)), exposure: requests)
      case .events(let perSecond):
        return .counts(events: events(perSecond * ratio(factor) * weight, start, end, doubt), exposure: seconds)
      case .observations(let histogram, let observed):
        return .histogram(histogram.scaled(by: ratio(factor)).times(seconds / max(observed, 1e-9)))
      }
    }

    /// Events from `start` to `end` of a stream that all updated instances share the luck of: by second t, μt ± z√(μt).
    private func events(_ rate: Double, _ start: Double, _ end: Double, _ doubt: Double) -> Double {
      let arms = Double(crowd.updated)
      let total = { (second: Double) -> Double in
        let mean = max(0, rate * second * arms)
        return max(0, mean + doubt * mean.squareRoot())
      }
      return max(0, total(end) - total(start)) / arms
    }
  }
}

extension Histogram {
  func times(_ factor: Double) -> Histogram {
    Histogram(upperBounds: upperBounds, buckets: buckets.map { Bucket(index: $0.index, count: $0.count * factor) })
  }
}
