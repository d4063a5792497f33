/// Which way a value gets worse.
public enum WorseWhen: String, Hashable, Sendable, CaseIterable { case higher, lower }

/// What the judge is to hold of one metric, for a whole rollout.
public struct CheckRule: Hashable, Sendable {
  public var name: String
  public var kind: Kind
  /// Relative worsening that is tolerated: 0.1 is 10 %. For `gauge`, the part of the siblings' level that may be
  /// gained per minute beyond theirs.
  public var tolerance: Double
  /// Relative worsening that an earned pass excludes; larger than `tolerance`, and between the two either verdict is
  /// acceptable. One number for both would make a healthy release wait for ever.
  public var passMargin: Double
  /// Share of the false-alarm probability, relative to the other checks'. 0: measured and shown, never acted on.
  public var weight: Double
  /// Absolute bound whatever the siblings do; nil for none.
  public var limit: Double?
  /// Seconds after the deploy in which the check is not judged.
  public var initialDelay: Double
  /// Absolute worsening tolerated besides the relative one: events per exposure, or for `gauge` units per minute in
  /// place of the relative tolerance. Nil: 1e-5 for a ratio that is worse when higher, else none.
  public var allowance: Double?
  /// Absolute worsening that a pass of a ratio need not exclude; it is what makes exposure without events
  /// informative, about ln(1/β) divided by it decide (the rule of three). Nil: 2e-4 for a ratio that is worse when
  /// higher, more where `untilRequests` is few, else none.
  public var passAllowance: Double?
  /// Tolerances of a latency check's parts where they differ from the check's own.
  public var latencyParts: LatencyParts?

  /// Relative worsening tolerated, part by part.
  public struct LatencyParts: Hashable, Sendable {
    /// Of the distribution's bulk.
    public var body: Double
    public var bodyPassMargin: Double
    /// Of each quantile, in the order of the rule's; the check's own tolerance where there are fewer.
    public var quantiles: [Double]
    public init(body: Double, bodyPassMargin: Double, quantiles: [Double]) {
      self.body = body
      self.bodyPassMargin = bodyPassMargin
      self.quantiles = quantiles
    }
  }

  public enum Kind: Hashable, Sendable {
    /// Events among exposure (errors among requests, orders among requests).
    case ratio(WorseWhen)
    /// A histogram; the body and the exceedances of the siblings' quantiles.
    case latency(quantiles: [Double])
    /// A level without counts; compared by rank.
    case gauge(WorseWhen)
    /// Events per second of each instance, compared with the siblings'.
    case rate(WorseWhen)
    /// Events per second, compared with a known bound instead of siblings (process restarts).
    case boundedRate(perSecond: Double)
    /// The instance's share of the traffic against the siblings': worse when below `low` or above `high` times theirs.
    case share(low: Double, high: Double)
  }

  public init(
    name: String, kind: Kind, tolerance: Double, passMargin: Double, weight: Double, limit: Double? = nil,
    initialDelay: Double = 0, allowance: Double? = nil, passAllowance: Double? = nil, latencyParts: LatencyParts? = nil
  ) {
    self.name = name
    self.kind = kind
    self.tolerance = tolerance
    self.passMargin = passMargin
    self.weight = weight
    self.limit = limit
    self.initialDelay = initialDelay
    self.allowance = allowance
    self.passAllowance = passAllowance
    self.latencyParts = latencyParts
  }
}

/// All that a judge is told before the first tick.
public struct JudgeRules: Hashable, Sendable {
  public var checks: [CheckRule]
  /// Instances that will ever appear; a tick has one arm and one reading per instance, in this order.
  public var instances: Int
  /// α: probability, over everything and however often one looks, of halting a release that is no worse.
  public var falseAlarm: Double
  /// β: 1 − confidence of an earned pass, per check.
  public var beta: Double
  /// Seconds over which late stakes are spread.
  public var horizon: Double
  /// Seconds after an update in which latency tolerance is widened. A pass counts after twice that time.
  public var warmUp: Double
  /// Requests the canary must have served before a pass counts; nil for none.
  public var untilRequests: Double?
  public init(
    checks: [CheckRule], instances: Int, falseAlarm: Double = 0.01, beta: Double = 0.05, horizon: Double = 1800,
    warmUp: Double = 60, untilRequests: Double? = nil
  ) {
    self.checks = checks
    self.instances = instances
    self.falseAlarm = falseAlarm
    self.beta = beta
    self.horizon = horizon
    self.warmUp = warmUp
    self.untilRequests = untilRequests
  }
}
