internal import CanaryJudge
internal import RolloutCore

/// Everything known of one check in one burn-in.
struct CheckAnalysis {
  let policy: CheckPolicy
  let source: CheckSource
  /// Nil where there is nothing to compare with: no siblings, or a gauge.
  private(set) var comparison: RateComparison?
  private(set) var canaryLimit: LimitWatch?
  private(set) var siblingLimit: LimitWatch?
  private(set) var canary = ArmTotals()
  private(set) var siblings = ArmTotals()
  /// Intervals in a row in which no updated instance gave data.
  private(set) var silentIntervals = 0
  private(set) var lastProblem: ReadingProblem?
  /// Siblings that gave no data in the last interval.
  private(set) var silentSiblings = 0
  /// The upper edge beyond which a request counts as slow.
  private(set) var threshold: Double?
  private var reference = ReferenceHistogram()

  /// Events and exposure of one arm since judging began.
  struct ArmTotals: Hashable {
    var events = 0.0
    var exposure = 0.0
    /// Requests seen, compared or not.
    var requests = 0.0
    /// The last gauge value.
    var gauge: Double?
    var value: Double? { gauge ?? (exposure > 0 ? events / exposure : nil) }
  }

  static let silenceLimit = 3

  init(_ policy: CheckPolicy, source: CheckSource, request: AnalysisScope) {
    self.policy = policy
    self.source = source
    let horizon = Int(clamping: request.horizon.milliseconds / max(1, policy.interval.milliseconds))
    if request.hasSiblings {
      switch source {
      case .ratio: comparison = .errors(tolerance: policy.tolerance, requests: request.requests, horizon: horizon)
      case .histogram: comparison = .exceedances(tolerance: policy.tolerance, horizon: horizon)
      case .gauge: break
      }
    }
    if let bound = policy.limit {
      canaryLimit = LimitWatch(bound: bound, source: source)
      siblingLimit = LimitWatch(bound: bound, source: source)
    }
  }

  /// Takes one interval. While `isJudged` is false (the initial delay) only the reference learns.
  mutating func record(updated: [Reading], siblings others: [Reading], isJudged: Bool) {
    noteSilence(updated, others)
    let tick = tick(updated, others)
    if isJudged {
      canary.add(tick.canaryEvents, tick.canaryExposure, updated)
      siblings.add(tick.baselineEvents, tick.baselineExposure, others)
      comparison?.record(tick)
      canaryLimit?.record(updated)
      siblingLimit?.record(others)
    }
    learn(from: others)
  }

  /// After the comparison, so that the next threshold rests on what is past by then.
  private mutating func learn(from others: [Reading]) {
    var merged: HistogramDelta?
    for case .histogram(let delta) in others {
      // A sibling with other buckets than the first one's cannot be added up with it.
      if merged == nil { merged = delta } else { _ = merged?.add(delta) }
    }
    if let merged { reference.add(merged, seconds: Double(policy.interval.milliseconds) / 1000) }
  }

  private mutating func noteSilence(_ updated: [Reading], _ others: [Reading]) {
    silentSiblings = others.count { if case .none = $0 { true } else { false } }
    if updated.contains(where: { $0.isData || $0 == .first }) {
      silentIntervals = 0
    } else {
      silentIntervals = min(silentIntervals + 1, Self.silenceLimit)
    }
    // One that stopped is named even while another goes on.
    lastProblem = nil
    for case .none(let problem) in updated where lastProblem == nil { lastProblem = problem }
  }

  /// Both arms' counts of the interval. An instance without data is left out with its exposure.
  private mutating func tick(_ updated: [Reading], _ others: [Reading]) -> RateTick {
    if case .histogram(_, let quantile) = source { threshold = reference.threshold(quantile: quantile) }
    let (a, b) = (counts(updated), counts(others))
    return RateTick(
      canaryExposure: a.exposure, canaryEvents: a.events, baselineExposure: b.exposure, baselineEvents: b.events)
  }

  private mutating func counts(_ readings: [Reading]) -> (events: Double, exposure: Double) {
    var result = (events: 0.0, exposure: 0.0)
    for reading in readings {
      switch reading {
      case .rate(let events, let exposure): result = (result.events + events, result.exposure + exposure)
      case .histogram(let delta):
        guard let threshold else { continue }
        guard let slow = delta.count(above: threshold) else {
          lastProblem = ReadingProblem(isError: true, detail: "no bucket le=\(threshold) as the siblings have")
          continue
        }
        result = (result.events + slow, result.exposure + delta.total)
      case .gauge, .first, .none: break
      }
    }
    return result
  }
}

extension CheckAnalysis.ArmTotals {
  fileprivate mutating func add(_ events: Double, _ exposure: Double, _ readings: [Reading]) {
    self.events += events
    self.exposure += exposure
    for reading in readings {
      switch reading {
      case .rate(_, let total): requests += total
      case .histogram(let delta): requests += delta.total
      case .gauge, .first, .none: break
      }
    }
    let gauges = readings.compactMap { if case .gauge(let value) = $0 { value } else { nil } }
    guard let top = gauges.max() else { return }
    gauge = top
    self.exposure += 1
  }
}

/// What of a request every check needs to know.
struct AnalysisScope: Hashable, Sendable {
  var hasSiblings: Bool
  var requests: Int?
  var horizon: TimeSpan
}

extension CheckAnalysis {
  var isSilent: Bool { silentIntervals >= Self.silenceLimit }
  var isLimitBreached: Bool { canaryLimit?.limit.isBreached ?? false }

  /// Whether this check has shown that the canary is not worse. A limit alone is enough where nothing can be compared.
  var hasEarnedPass: Bool {
    guard !isSilent else { return false }
    let holdsLimit = canaryLimit?.limit.isHeld
    guard let comparison else { return holdsLimit ?? false }
    return comparison.hasEarnedPass && holdsLimit ?? true
  }

  var logEvidence: Double? { comparison?.regression.logValue }
}
