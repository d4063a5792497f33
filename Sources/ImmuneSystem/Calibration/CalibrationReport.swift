public import RolloutCore

/// What a policy's checks would have done to recorded data in which nothing was wrong, and to the same data with
/// something wrong put in.
public struct CalibrationReport: Hashable, Sendable {
  public var recordings: Int
  public var instances: Int
  /// Of all recordings together.
  public var length: TimeSpan
  public var windows: Int
  /// Windows shorter than the policy's baseline and burn-in, and the longest window's two parts.
  public var shortWindows: Int
  public var baseline: TimeSpan
  public var burnIn: TimeSpan
  /// Stretches left out: too short to judge anything in, or with fewer than three instances throughout.
  public var tooShort: Int
  public var tooFew: Int
  /// Burn-ins that could be played, of which some were.
  public var possible: Int
  public var falseAlarm: Double
  /// Calm burn-ins that would have been halted.
  public var halted: Share
  /// Calm burn-ins that would have earned their pass, and the median time until then.
  public var passed: Share
  public var passAfter: TimeSpan?
  /// Calm burn-ins that would be halted with the tolerances that are too tight replaced; nil where none is.
  public var adjusted: Share?
  public var checks: [CheckCalibration]

  /// A part of a number of trials, with the interval that chance leaves at 95 % (E. Wilson, "Probable inference, the
  /// law of succession, and statistical inference", JASA 22, 1927).
  public struct Share: Hashable, Sendable {
    public var hits: Int
    public var of: Int
    public init(hits: Int, of: Int) {
      self.hits = hits
      self.of = of
    }

    public var part: Double { of > 0 ? Double(hits) / Double(of) : 0 }
    public var low: Double { hits == 0 ? 0 : max(0, centre - reach) }
    public var high: Double { of == 0 || hits == of ? 1 : min(1, centre + reach) }

    private static let z = 1.959964
    private var z2n: Double { Self.z * Self.z / Double(max(1, of)) }
    private var centre: Double { (part + z2n / 2) / (1 + z2n) }
    private var reach: Double {
      Self.z / (1 + z2n) * ((part * (1 - part) + z2n / 4) / Double(max(1, of))).squareRoot()
    }
  }
}

/// One check's part.
public struct CheckCalibration: Hashable, Sendable {
  /// Index among the policy's checks.
  public var check: Int
  public var tolerance: Double
  /// Calm burn-ins that the check alone would have halted; of 0 where nothing was recorded of it.
  public var halted: CalibrationReport.Share
  /// Calm burn-ins in which its absolute limit was breached.
  public var limitBreaches: Int
  /// Instances that it would have halted, most often first.
  public var culprits: [Culprit]
  public var catches: [Catch]
  public var advice: Advice

  public struct Culprit: Hashable, Sendable {
    public var instance: String
    public var count: Int
  }

  /// How a regression put into calm burn-ins fared.
  public struct Catch: Hashable, Sendable {
    public var regression: Regression
    public var caught: CalibrationReport.Share
    /// Median time from the deploy to the halt, where caught.
    public var after: TimeSpan?
  }

  public enum Advice: Hashable, Sendable {
    case keep
    /// Cries wolf more often than promised; the smallest tolerance tried that does not, with what it leaves. Nil: none
    /// does.
    case tooTight(Suggestion?)
    /// A smaller one keeps the promise too and catches more.
    case tooLoose(Suggestion)
    /// Nothing was recorded of it.
    case noData
  }

  public struct Suggestion: Hashable, Sendable {
    public var tolerance: Double
    public var halted: CalibrationReport.Share
    public var catches: [Catch]
  }
}
