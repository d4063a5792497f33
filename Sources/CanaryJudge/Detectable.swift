/// What a check can be expected to tell at a given traffic, before anything is measured.
extension Judge {
  /// A rate of both arms and how it is judged.
  public struct Outlook: Hashable, Sendable {
    /// Events per unit of exposure on the siblings: an error rate, 1 − q for exceedances of quantile q.
    public var baseRate: Double
    /// Exposure per second of all updated instances and of all siblings together.
    public var updatedExposure: Double
    public var siblingsExposure: Double
    public var worseWhen: WorseWhen
    /// Tolerated relative worsening and absolute allowance.
    public var tolerance: Double
    public var allowance: Double
    public init(
      baseRate: Double, updatedExposure: Double, siblingsExposure: Double, worseWhen: WorseWhen = .higher,
      tolerance: Double, allowance: Double = 0
    ) {
      self.baseRate = baseRate
      self.updatedExposure = updatedExposure
      self.siblingsExposure = siblingsExposure
      self.worseWhen = worseWhen
      self.tolerance = tolerance
      self.allowance = allowance
    }

    /// The edge of what is tolerated as a ratio, the allowance included.
    var edge: Double {
      worseWhen == .higher ? 1 + max(tolerance, 0) + max(allowance, 0) / baseRate : 1 - min(max(tolerance, 0), 0.999)
    }

    var isSound: Bool {
      baseRate > 0 && baseRate.isFinite && updatedExposure > 0 && siblingsExposure > 0 && updatedExposure.isFinite
        && siblingsExposure.isFinite && tolerance.isFinite && allowance.isFinite
    }

    /// Expected nats a second of the best bet against null ratio `null` when the true ratio is `ratio`: with
    /// a = r·n_a/(r·n_a + n_b) for each, E[x_a]·ln(a/a₀) + E[x_b]·ln((1 − a)/(1 − a₀)).
    func growth(ratio: Double, null: Double) -> Double {
      let balanced = null * updatedExposure + siblingsExposure
      let tilted = ratio * updatedExposure + siblingsExposure
      let canary = ratio > 0 ? ratio * updatedExposure * LogSpace.of(ratio / null * balanced / tilted) : 0
      return baseRate * (canary + siblingsExposure * LogSpace.of(balanced / tilted))
    }
  }

  /// Smallest ratio (largest, where lower is worse) of the updated arm's rate to the siblings' that the check can be
  /// expected to have found `seconds` after the deploy: the best bet's expected gain reaches ln 1/(α·share) and what
  /// its part of the stake costs. `share` is the check's part of all weights. Nil when not even a total change would
  /// show.
  public static func detectableRatio(
    _ outlook: Outlook, seconds: Double, falseAlarm: Double, share: Double = 1
  ) -> Double? {
    guard outlook.isSound, seconds > 0, seconds.isFinite else { return nil }
    let needed = EvidenceSum.logThreshold(falseAlarm: falseAlarm, weight: share) + stakeCost
    let null = outlook.edge
    let found = { (ratio: Double) in seconds * outlook.growth(ratio: ratio, null: null) >= needed }
    if outlook.worseWhen == .lower {
      guard found(0) else { return nil }
      return border(good: 0, bad: null, found)
    }
    let most = max(null, 1 / outlook.baseRate)
    guard found(most) else { return nil }
    return border(good: most, bad: null, found)
  }

  /// Exposure of the updated arm that a pass can be expected to take when it is no different from its siblings; nil
  /// when it would never come. `passMargin` and `passAllowance` are those of the rule.
  public static func exposureNeeded(
    _ outlook: Outlook, passMargin: Double, passAllowance: Double = 0, beta: Double
  ) -> Double? {
    guard outlook.isSound, passMargin >= 0, passAllowance >= 0 else { return nil }
    let null =
      outlook.worseWhen == .higher
      ? 1 + passMargin + passAllowance / outlook.baseRate : 1 - min(passMargin, 0.999)
    let growth = outlook.growth(ratio: 1, null: null)
    guard growth > 0 else { return nil }
    let needed = EvidenceSum.logThreshold(falseAlarm: beta) + passCost
    return needed / growth * outlook.updatedExposure
  }

  /// Nats that a bet's part of the stake costs: ln 1/0.62 for the opening and ln 1/0.2 for one bet of the grid.
  private static let stakeCost = 2.09
  private static let passCost = 1.3

  /// Where a statement that holds at `good` and fails at `bad` turns, to 1e-6 relative.
  private static func border(good: Double, bad: Double, _ holds: (Double) -> Bool) -> Double {
    var (yes, no) = (good, bad)
    for _ in 0..<80 {
      let middle = yes > 0 && no > 0 ? (yes * no).squareRoot() : (yes + no) / 2
      if holds(middle) { yes = middle } else { no = middle }
    }
    return yes
  }
}
