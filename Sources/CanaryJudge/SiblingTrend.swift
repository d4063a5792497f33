/// Whether the siblings themselves got worse than before the deploy: their level over about the last minute against
/// the recorded one. For telling people that it is not the updated instances alone; no decision hangs on it.
struct SiblingTrend: Hashable, Sendable {
  private var before = RateTick.none
  private var recentEvents = 0.0
  private var recentExposure = 0.0

  mutating func record(events: Double, exposure: Double, seconds: Double, isBeforeDeploy: Bool) {
    guard exposure > 0 else { return }
    if isBeforeDeploy {
      before.baselineEvents += events
      before.baselineExposure += exposure
      return
    }
    let kept = LogSpace.exponential(-max(0, seconds) / 60)
    recentEvents = recentEvents * kept + events
    recentExposure = recentExposure * kept + exposure
  }

  /// Worse by more than `tolerance` and by more than three standard errors of the counts.
  func isWorse(direction: Double, tolerance: Double) -> Bool {
    guard before.baselineExposure > 0, recentExposure > 0 else { return false }
    let level = (before.baselineEvents + 0.5) / before.baselineExposure
    let bound = direction > 0 ? 1 + tolerance : max(0, 1 - tolerance)
    let expected = level * recentExposure * bound
    let excess = direction * (recentEvents - expected)
    return excess > 3 * max(expected, 1).squareRoot()
  }
}
