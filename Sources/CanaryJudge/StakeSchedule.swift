/// When the stake of an e-process is placed, by time so that ticks may have any length. One part at the start, for
/// latency a second when the warm-up ends, the rest evenly over the horizon, so that a regression that sets in late
/// need not first make good what was lost on the healthy time before it. A part is held back for the soak.
///
/// The cost for a regression that is there from the start is ln(1/opening); for a late one ln(horizon/spread) at worst.
struct StakeSchedule: Hashable, Sendable {
  /// Share placed before the first tick.
  let opening: Double
  /// Share placed at `secondAt` seconds.
  let second: Double
  let secondAt: Double
  /// Share kept for the soak, spread over what was recorded.
  let heldBack: Double
  /// Seconds over which the rest is spread.
  let horizon: Double
  private var placed = 0.0

  init(opening: Double, second: Double = 0, secondAt: Double = 0, heldBack: Double = 0.02, horizon: Double) {
    self.opening = opening
    self.second = second
    self.secondAt = secondAt
    self.heldBack = heldBack
    self.horizon = max(horizon, 1)
  }

  static func spread(over horizon: Double) -> StakeSchedule { StakeSchedule(opening: 0.62, horizon: horizon) }

  /// Little during the warm-up, when only disasters can be told from a cold start; most when it ends.
  static func latency(warmUp: Double, horizon: Double) -> StakeSchedule {
    guard warmUp > 0 else { return spread(over: horizon) }
    return StakeSchedule(opening: 0.06, second: 0.6, secondAt: warmUp, horizon: horizon)
  }

  /// Share to be placed before a tick that begins `start` seconds after judging began.
  mutating func due(at start: Double) -> Double {
    guard start >= 0 else { return 0 }
    let rest = max(0, 1 - opening - second - heldBack)
    let total = opening + (start >= secondAt ? second : 0) + rest * min(start, horizon) / horizon
    defer { placed = max(placed, total) }
    return max(0, total - placed)
  }
}
