/// What one instance showed of one check in one tick.
public enum Measurement: Hashable, Sendable {
  /// Events and exposure (requests; seconds for rates and shares) of this tick alone.
  case counts(events: Double, exposure: Double)
  case histogram(Histogram)
  case gauge(Double)
  /// Nothing was learned: never the same as zero.
  case missing
}

/// Observations of one tick by bucket.
public struct Histogram: Hashable, Sendable {
  /// Upper edges, ascending; bucket i holds values in (upperBounds[i-1], upperBounds[i]]. The last may be infinite.
  /// Instances of one service share one array, so that comparing layouts is comparing references.
  public var upperBounds: [Double]
  /// The buckets that are not empty, ascending by index.
  public var buckets: [Bucket]

  public struct Bucket: Hashable, Sendable {
    public var index: Int32
    public var count: Double
    public init(index: Int32, count: Double) {
      self.index = index
      self.count = count
    }
  }

  public init(upperBounds: [Double], buckets: [Bucket]) {
    self.upperBounds = upperBounds
    self.buckets = buckets
  }
}

/// One look at all instances: both arms of the same stretch of time.
public struct JudgeTick: Hashable, Sendable {
  /// Seconds since the deploy at the end of the tick; negative while every instance runs the old version. Grows.
  public var second: Double
  /// Seconds that the counts cover.
  public var duration: Double
  /// Per instance.
  public var arms: [Arm]
  /// Per check, per instance; an empty list where the check was not due in this tick.
  public var readings: [[Measurement]]

  public enum Arm: String, Hashable, Sendable {
    /// On the new version and serving.
    case updated
    /// On the old version and serving.
    case sibling
    /// Down, being changed, or left out.
    case out
  }

  public init(second: Double, duration: Double, arms: [Arm], readings: [[Measurement]]) {
    self.second = second
    self.duration = duration
    self.arms = arms
    self.readings = readings
  }
}
