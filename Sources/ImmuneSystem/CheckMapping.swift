public import CanaryJudge
public import RolloutCore

/// From what a policy wants of a check to what the judge is to hold of it.
extension CheckRule {
  public init(_ policy: CheckPolicy) {
    let weight = policy.muted ? 0 : (policy.weight ?? Self.weight(of: policy)) * (policy.isCritical ? 4 : 1)
    self.init(
      name: policy.name, kind: Self.kind(of: policy), tolerance: Self.tolerance(of: policy),
      passMargin: policy.passMargin ?? Self.passMargin(of: policy), weight: weight, limit: policy.limit,
      initialDelay: Double(policy.initialDelay.milliseconds) / 1000)
  }

  /// A policy says what a gauge may gain on the siblings in ten minutes; the judge asks for one. A tenth a minute would
  /// let a leak pass that doubles the level within ten.
  private static func tolerance(of policy: CheckPolicy) -> Double {
    if case .gauge = policy.measure { policy.tolerance / 10 } else { policy.tolerance }
  }

  private static func kind(_ policy: CheckPolicy, _ make: (WorseWhen) -> Kind) -> Kind {
    make(policy.worseWhen == .up ? .higher : .lower)
  }

  private static func kind(of policy: CheckPolicy) -> Kind {
    switch policy.measure {
    case .ratio: kind(policy, Kind.ratio)
    case .histogram(_, let quantiles): .latency(quantiles: quantiles)
    case .gauge: kind(policy, Kind.gauge)
    case .rate: kind(policy, Kind.rate)
    case .share: .share(low: 1 / (1 + max(0, policy.tolerance)), high: 1 + max(0, policy.tolerance))
    }
  }

  /// Where a false alarm is spent, relative to the other checks: most on what hurts users at once.
  private static func weight(of policy: CheckPolicy) -> Double {
    switch policy.measure {
    case .ratio: policy.worseWhen == .up ? 0.40 : 0.10
    case .histogram: 0.34
    case .share: 0.08
    case .rate, .gauge: 0.04
    }
  }

  /// Wider than the tolerance by enough that a healthy release earns its pass in minutes and not in days.
  private static func passMargin(of policy: CheckPolicy) -> Double {
    let tolerance = max(0, policy.tolerance)
    switch (policy.measure, policy.worseWhen) {
    case (.histogram, _): return max(0.15, 2 * tolerance)
    case (.ratio, .down), (.rate, .down), (.gauge, .down):
      // What remains of the siblings' value cannot fall below nothing.
      return min(max(0.15, 3 * tolerance), max(0.95, (1 + tolerance) / 2))
    case (.ratio, .up), (.rate, .up), (.gauge, .up): return max(0.5, 1.25 * (1 + tolerance) - 1)
    case (.share, _): return 2 * tolerance
    }
  }
}
