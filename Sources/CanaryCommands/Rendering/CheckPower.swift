import RolloutCore

/// What a policy's checks can see of a release by the end of the burn-in, at the service's traffic.
struct PlanPower: Hashable, Sendable {
  var updated: Int
  var siblings: Int
  /// The longest burn-in.
  var horizon: TimeSpan
  /// No pass counts before it; nil when `until: {requests}` is never reached.
  var earliest: TimeSpan?
  /// As the policy's `until` asks for.
  var untilRequests: Int? = nil
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

/// Whether a release that is no worse can earn its pass within the burn-in: as `ImmuneSystem` decides it.
extension PlanPower {
  var canPass: Bool { hasRequests && !isWithoutPass && weak.isEmpty }

  var acting: [CheckPower] { checks.filter { !$0.check.muted } }

  /// Acting checks that keep a release from its pass.
  var weak: [CheckPower] { acting.filter { !canPass($0) } }

  /// The requests that the policy asks for come in time.
  var hasRequests: Bool { earliest.map { untilRequests == nil || $0 <= horizon } ?? false }

  /// All that acts can only fail, and no absolute limit holds for it.
  var isWithoutPass: Bool {
    !acting.isEmpty && !acting.contains { $0.check.limit != nil || (siblings > 0 && $0.earnsPass) }
  }

  /// Nothing of this check keeps a release that is no worse from its pass. With nobody to compare with it is the
  /// limits that pass, each of them.
  func canPass(_ check: CheckPower) -> Bool {
    siblings > 0 ? check.canPass(within: horizon) : check.check.limit != nil && check.finding != .idle
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

  /// It has a pass to earn: rates, shares and levels can only fail.
  var earnsPass: Bool {
    if case .sight(_, let sight) = finding { return sight.earnsPass }
    return switch check.measure {
    case .ratio, .histogram: true
    case .gauge, .rate, .share: false
    }
  }

  /// Requests or observations of one instance, as the policy's `until` counts them; nil when not known.
  var requestsPerSecond: Double? {
    switch (check.measure, finding) {
    case (.ratio, .sight(let traffic, _)), (.ratio, .alone(let traffic)), (.histogram, .sight(let traffic, _)),
      (.histogram, .alone(let traffic)):
      traffic.perSecond
    case (.ratio, .noData), (.histogram, .noData): nil
    default: 0
    }
  }

  /// Nothing of this check keeps a release that is no worse from its pass within `horizon`.
  func canPass(within horizon: TimeSpan) -> Bool {
    switch finding {
    case .sight(_, let sight): !sight.earnsPass || (sight.passAfter.map { $0 <= horizon } ?? false)
    case .idle: !earnsPass
    case .alone, .level, .noData: true
    }
  }
}
