/// A plain threshold whatever the siblings do: an objective of its own, because both arms can degrade together.
/// Breached after `patience` intervals in a row beyond it; held after as many within it.
public struct AbsoluteLimit: Hashable, Sendable {
  public let bound: Double
  public let patience: Int
  private var run = 0
  private var lastWasBeyond: Bool?
  /// Value of the last interval judged.
  public private(set) var lastValue: Double?

  public init(bound: Double, patience: Int = 3) {
    self.bound = bound
    self.patience = max(1, patience)
  }

  /// Takes the value of one interval. One that is not a number says nothing and breaks no run.
  public mutating func record(_ value: Double) {
    guard !value.isNaN else { return }
    let isBeyond = value > bound
    run = lastWasBeyond == isBeyond ? min(run + 1, patience) : 1
    lastWasBeyond = isBeyond
    lastValue = value
  }

  public var isBreached: Bool { lastWasBeyond == true && run >= patience }
  public var isHeld: Bool { lastWasBeyond == false && run >= patience }
  /// Intervals still needed for `isHeld` if all of them are within the bound.
  public var intervalsMissing: Int { lastWasBeyond == false ? patience - run : patience }
}

/// Collects events and exposure until there is enough to call their ratio a measurement.
public struct RatioWindow: Hashable, Sendable {
  public let minimum: Double
  private var events = 0.0
  private var exposure = 0.0

  /// `minimum` exposure of one window, at least 1.
  public init(minimum: Double) { self.minimum = max(1, minimum) }

  /// Adds a tick's counts. The window's ratio when it is full, and then a new one begins.
  public mutating func record(events: Double, exposure: Double) -> Double? {
    self.events += events
    self.exposure += exposure
    guard self.exposure >= minimum else { return nil }
    defer { (self.events, self.exposure) = (0, 0) }
    return self.events / self.exposure
  }
}
