/// When the stake of an e-process is placed. A part at the first tick, the rest in equal parts over the horizon, so
/// that a regression that sets in late need not first make good what was lost on the healthy time before it.
public struct StartStakes: Hashable, Sendable {
  /// Share placed at the first tick, in (0, 1].
  public let opening: Double
  /// Ticks over which the rest is spread. Ticks after it place nothing.
  public let horizon: Int

  public init(opening: Double, horizon: Int) {
    self.opening = min(max(opening, 0), 1)
    self.horizon = max(horizon, 1)
  }

  /// Everything at once: for a question asked of the whole time, such as non-inferiority.
  public static let atOnce = StartStakes(opening: 1, horizon: 1)
  /// Costs ln(1/0.6) = 0.5 nats for a regression that is there from the start.
  public static func spread(over horizon: Int) -> StartStakes { StartStakes(opening: 0.6, horizon: horizon) }

  /// The share placed at `tick`, counted from 0.
  public func stake(at tick: Int) -> Double {
    if tick == 0 { return opening }
    return tick < horizon ? (1 - opening) / Double(horizon) : 0
  }
}
