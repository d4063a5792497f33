/// What both arms did in one tick: exposures (requests, seconds) and the events among them. Both arms are of the same
/// tick, so a level that moves for everybody cancels.
public struct RateTick: Hashable, Sendable {
  public var canaryExposure: Double
  public var canaryEvents: Double
  public var baselineExposure: Double
  public var baselineEvents: Double

  public init(canaryExposure: Double, canaryEvents: Double, baselineExposure: Double, baselineEvents: Double) {
    self.canaryExposure = canaryExposure
    self.canaryEvents = canaryEvents
    self.baselineExposure = baselineExposure
    self.baselineEvents = baselineEvents
  }

  /// A comparison needs two arms; without one of them the tick says nothing either way.
  public var isComparable: Bool {
    canaryExposure > 0 && baselineExposure > 0 && canaryEvents >= 0 && baselineEvents >= 0
      && canaryExposure.isFinite && baselineExposure.isFinite && canaryEvents.isFinite && baselineEvents.isFinite
  }
}
