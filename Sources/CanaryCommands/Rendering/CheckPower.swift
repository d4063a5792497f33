import RolloutCore

/// What a policy's checks can see of a release by the end of the burn-in, at the service's traffic.
struct PlanPower: Hashable, Sendable {
  var updated: Int
  var siblings: Int
  /// The longest burn-in.
  var horizon: TimeSpan
  /// The shortest burn-in: no pass counts before it.
  var earliest: TimeSpan
  var onInconclusive: InconclusiveAction
  var onNoData: NoDataAction
  var origin: Origin
  var checks: [CheckPower]

  enum Origin: Hashable, Sendable {
    /// Two looks at the sources, so far apart.
    case now(TimeSpan)
    /// What an earlier rollout recorded; `problem` is why the sources gave nothing now.
    case stored(rollout: RolloutID, at: Timestamp, problem: String)
    case nothing(problem: String)
  }
}

/// One check at the service's traffic.
struct CheckPower: Hashable, Sendable {
  var check: CheckPolicy
  var finding: Finding

  enum Finding: Hashable, Sendable {
    case sight(Traffic, Sight)
    /// A level, now: it has no traffic; what it can see depends on how it moves.
    case level(Double)
    /// There is nothing to compare with, no siblings and no time before the push: only an absolute limit can fail it.
    case alone(Traffic)
    /// Answered, and nothing happened that could be counted.
    case idle
    case noData(detail: String)
  }

  /// Of one instance on the old version, on average.
  struct Traffic: Hashable, Sendable {
    /// Requests, observations or events a second.
    var perSecond: Double
    /// Events among requests; nil where only events or observations are counted.
    var share: Double?
    /// Nothing was seen to happen: `share` is a bound and not a measurement.
    var isShareBound = false
  }

  /// Ratios of the canary's value to the siblings', and times after the update.
  struct Sight: Hashable, Sendable {
    /// The smallest worsening that fails it by the horizon as a rule; nil when none does.
    var byHorizon: Double?
    /// How soon a grave worsening fails it.
    var soon: Soon?
    /// Rates, shares and levels have no pass to earn: they can only fail.
    var earnsPass: Bool
    /// When a release that is no worse earns its pass, be it after the horizon; nil for not within days.
    var passAfter: TimeSpan?
  }

  struct Soon: Hashable, Sendable {
    var ratio: Double
    var within: TimeSpan
  }

  /// Nothing of this check keeps a release that is no worse from its pass within `horizon`.
  func canPass(within horizon: TimeSpan) -> Bool {
    switch finding {
    case .sight(_, let sight): !sight.earnsPass || (sight.passAfter.map { $0 <= horizon } ?? false)
    case .idle:
      switch check.measure {
      case .ratio, .histogram: false
      case .gauge, .rate, .share: true
      }
    case .alone, .level, .noData: true
    }
  }
}
