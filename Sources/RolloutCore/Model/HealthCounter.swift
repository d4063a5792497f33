/// Turns a run of probe answers into health: `rise` good answers in a row make it healthy, `fall` bad ones in a row
/// make it unhealthy. Between the two it keeps what it was, so n answers change it at most n / min(rise, fall) times.
public struct HealthCounter: Hashable, Sendable {
  public let rise: Int
  public let fall: Int
  /// Nil until the first `rise` or `fall` answers agreed.
  public private(set) var isHealthy: Bool?
  private var run = 0
  private var lastWasGood: Bool?

  public init(rise: Int, fall: Int) {
    self.rise = max(1, rise)
    self.fall = max(1, fall)
  }

  /// Takes one answer. True when `isHealthy` changed.
  public mutating func record(good: Bool) -> Bool {
    run = lastWasGood == good ? min(run + 1, max(rise, fall)) : 1
    lastWasGood = good
    guard isHealthy != good, run >= (good ? rise : fall) else { return false }
    isHealthy = good
    return true
  }
}
