/// S = Σ w_m E_m over the checks, Σ w_m = 1. An average of e-values is an e-value whatever their dependence (Vovk &
/// Wang, arXiv 1912.06116), so halting at S ≥ 1/α keeps the false alarms of all checks together at α.
public struct EvidenceSum: Hashable, Sendable {
  public struct Term: Hashable, Sendable {
    /// Not negative; the weights are scaled to sum to 1.
    public var weight: Double
    /// ln E of the check.
    public var logValue: Double
    public init(weight: Double, logValue: Double) {
      self.weight = weight
      self.logValue = logValue
    }
  }

  /// ln S; -∞ without terms of positive weight.
  public let logValue: Double
  /// ln(1/α).
  public let logThreshold: Double
  /// Index of the largest w_m E_m: the check to blame.
  public let largest: Int?

  /// `falseAlarm` is α in (0, 1).
  public init(_ terms: [Term], falseAlarm: Double) {
    logThreshold = Self.logThreshold(falseAlarm: falseAlarm)
    let total = terms.reduce(0) { $0 + max(0, $1.weight) }
    let weighted = terms.map { LogSpace.of(max(0, $0.weight) / total) + $0.logValue }
    logValue = LogSpace.sum(weighted.filter { !$0.isNaN })
    var best: Int?
    for (index, value) in weighted.enumerated() where value > -.infinity {
      if let known = best, weighted[known] >= value { continue }
      best = index
    }
    largest = best
  }

  public var crosses: Bool { logValue >= logThreshold }

  /// ln(1/α), and for one check of `weight` the value that crosses without the others' help.
  public static func logThreshold(falseAlarm: Double, weight: Double = 1) -> Double {
    -LogSpace.of(max(falseAlarm * weight, .leastNormalMagnitude))
  }
}
