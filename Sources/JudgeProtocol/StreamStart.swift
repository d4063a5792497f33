public import CanaryJudge

/// The first message of a stream: how many instances, how latency is bucketed, and what to hold of which metric.
public struct StreamStart: Hashable, Sendable {
  public var instances = 0
  public var canary = 0
  public var tickSeconds = 1.0
  public var gamma = 1.005
  public var firstEdge = 0.1
  public var falseAlarm = 0.01
  public var beta = 0.05
  public var burnIn = 1800.0
  public var warmUp = 60.0
  public var metrics: [Metric] = []

  /// Buckets of a latency histogram.
  public static let buckets = 2800

  /// One entry of `policy.metrics`.
  public struct Metric: Hashable, Sendable {
    public var name = ""
    public var kind = ""
    public var direction = "up"
    public var numbers: [String: Double] = [:]
    func number(_ key: String, _ other: Double) -> Double { numbers[key] ?? other }
  }

  /// Upper edges of the buckets: bucket i holds x₀γ^i ≤ latency < x₀γ^(i+1); the last is open.
  public var upperBounds: [Double] {
    var edge = firstEdge
    return (0..<Self.buckets).map { index in
      edge *= gamma
      return index == Self.buckets - 1 ? .infinity : edge
    }
  }

  public init(_ line: [UInt8]) throws(WireError) {
    var cursor = WireCursor(line)
    try read(&cursor)
    try cursor.end()
  }

  init() {}

  mutating func read(_ cursor: inout WireCursor) throws(WireError) {
    try cursor.object { key, cursor throws(WireError) in try take(key, &cursor) }
    guard instances > 0, instances <= 10_000 else { throw WireError.missing("'instances' from 1 to 10000") }
    guard gamma > 1, firstEdge > 0 else { throw WireError.missing("'hist' with gamma above 1 and x0_ms above 0") }
    guard !metrics.isEmpty else { throw WireError.missing("'policy.metrics'") }
  }

  mutating func take(_ key: String, _ cursor: inout WireCursor) throws(WireError) {
    switch key {
    case "instances": instances = Int(min(max(try cursor.number(), 0), 1e6))
    case "canary": canary = Int(min(max(try cursor.number(), 0), 1e6))
    case "tick_s": tickSeconds = try cursor.number()
    case "hist":
      try cursor.object { key, cursor throws(WireError) in
        switch key {
        case "gamma": gamma = try cursor.number()
        case "x0_ms": firstEdge = try cursor.number()
        default: try cursor.skip()
        }
      }
    case "policy": try cursor.object { key, cursor throws(WireError) in try takePolicy(key, &cursor) }
    default: try cursor.skip()
    }
  }

  private mutating func takePolicy(_ key: String, _ cursor: inout WireCursor) throws(WireError) {
    switch key {
    case "alpha": falseAlarm = try cursor.number()
    case "beta": beta = try cursor.number()
    case "burn_in_s": burnIn = try cursor.number()
    case "warmup_s": warmUp = try cursor.number()
    case "metrics":
      try cursor.array { cursor throws(WireError) in
        var metric = Metric()
        try cursor.object { key, cursor throws(WireError) in
          switch key {
          case "name": metric.name = try cursor.string()
          case "kind": metric.kind = try cursor.string()
          case "direction": metric.direction = try cursor.string()
          default: metric.numbers[key] = try cursor.number()
          }
        }
        metrics.append(metric)
      }
    default: try cursor.skip()
    }
  }
}

extension StreamStart {
  /// What the stream's policy is to the judge. Weights are the judge's own unless a metric names one.
  public func rules() throws(WireError) -> JudgeRules {
    var checks: [CheckRule] = []
    for metric in metrics { checks.append(try Self.rule(metric)) }
    return JudgeRules(
      checks: checks, instances: instances, falseAlarm: falseAlarm, beta: beta, horizon: burnIn, warmUp: warmUp)
  }

  private static func rule(_ metric: Metric) throws(WireError) -> CheckRule {
    let isUp = metric.direction != "down"
    let weight = { (other: Double) in metric.number("weight", other) }
    switch metric.kind {
    case "ratio":
      let tolerated = metric.number("tolerance_ratio", isUp ? 1.1 : 0.95)
      let margin = metric.number("pass_ratio", isUp ? 1.5 : 0.85)
      return CheckRule(
        name: metric.name, kind: .ratio(isUp ? .higher : .lower), tolerance: abs(tolerated - 1),
        passMargin: abs(margin - 1), weight: weight(isUp ? 0.53 : 0.06), passAllowance: metric.numbers["pass_abs"])
    case "histogram":
      let tail = metric.number("p99_tolerance", 0.075)
      return CheckRule(
        name: metric.name, kind: .latency(quantiles: [0.9, 0.99]), tolerance: tail,
        passMargin: metric.number("pass_p99", 0.15), weight: weight(0.29),
        latencyParts: CheckRule.LatencyParts(
          body: metric.number("body_tolerance", 0.025), bodyPassMargin: metric.number("pass_body", 0.05),
          quantiles: [metric.number("p90_tolerance", 0.05), tail]))
    case "share":
      return CheckRule(
        name: metric.name, kind: .share(low: metric.number("low", 0.5), high: metric.number("high", 2)), tolerance: 0,
        passMargin: 0, weight: weight(0.06))
    case "rate":
      return CheckRule(
        name: metric.name, kind: .boundedRate(perSecond: metric.number("per_second", 1.0 / 86400)), tolerance: 0,
        passMargin: 0, weight: weight(0.02))
    case "gauge":
      return CheckRule(
        name: metric.name, kind: .gauge(isUp ? .higher : .lower), tolerance: 0, passMargin: 0, weight: weight(0.04),
        allowance: metric.number("tolerance_per_min", 1))
    default: throw WireError.unknown("kind of metric", metric.kind)
    }
  }
}
