/// What the judge says after a tick. A halt stays one: the promise holds for the first crossing.
public enum Ruling: Hashable, Sendable {
  case wait
  /// Every check that counts has earned its pass.
  case pass
  /// `check` is the index of the one to blame.
  case halt(check: Int, ground: Ground)

  public enum Ground: Hashable, Sendable {
    /// The evidence of all checks together reached 1/α.
    case evidence
    /// An absolute limit was breached.
    case limit
    /// In a soak: worse than the recorded baseline.
    case baseline
  }
}

/// One check's numbers at one moment, for people and for the journal.
public struct CheckFinding: Hashable, Sendable {
  /// Values of both arms in the check's own unit: a ratio, a quantile, a level, events per second, a share. Nil when
  /// not measured.
  public var updated: Double?
  public var siblings: Double?
  /// Requests, observations or seconds behind the two values.
  public var updatedExposure = 0.0
  public var siblingsExposure = 0.0
  /// updated/siblings with an interval that holds at every moment at level 1 − α; nil where it makes no sense.
  public var ratio: Double?
  public var ratioLow: Double?
  public var ratioHigh: Double?
  /// ln E against what it must reach to decide without the other checks.
  public var logEvidence = 0.0
  public var logThreshold = 0.0
  /// Which evidence of a check with several is the strongest: `body`, `p90`, `p99`, `low`, `high`.
  public var part: String?
  /// Evidence that it is not worse than the pass margin, against 1/β.
  public var passEvidence = 0.0
  public var passThreshold = 0.0
  public var hasEarnedPass = false
  /// About how much more exposure of the updated arm earns the pass if things stay as they are, and the whole then.
  /// Nil when earned, or when it cannot be earned at this rate.
  public var exposureMissing: Double?
  /// The siblings are beyond the limit or have got worse than before the deploy by more than tolerated: not the
  /// updated instances alone.
  public var siblingsDegraded = false
  public var isLimitBreached = false
  /// The value that the limit was last held against, and whether enough of them in a row were within it.
  public var limitValue: Double?
  public var isLimitHeld = false
  /// No sibling is left and the two values are of the updated instances against what was recorded before the deploy.
  public var isOnRecording = false
  /// All that was recorded was compared: from here on only limits are watched.
  public var recordingIsUsedUp = false
  /// Judged ticks in a row without data from the updated arm, and siblings without data in the last tick.
  public var silentTicks = 0
  public var silentSiblings = 0
  /// Lowest tempering exponent in force, 1 when the siblings gave no reason to doubt independence.
  public var temper = 1.0

  public init() {}
}
