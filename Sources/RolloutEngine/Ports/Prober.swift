public import RolloutCore

/// Watches one instance's probes until the calling task is cancelled.
public protocol Prober: Sendable {
  /// Runs every probe at its interval. Calls `report` once when the probes first agree and again on each change of the
  /// instance's health (all probes healthy, or at least one unhealthy), and never between. `expecting` is the version
  /// that probes with a version assertion must be answered with; nil skips the assertion.
  func watch(
    _ instance: Instance, probes: [ProbePolicy], expecting: Version?,
    report: @escaping @Sendable (Health) async -> Void
  ) async
}

/// Measures the checks of a burn-in until the calling task is cancelled.
public protocol Analyst: Sendable {
  /// Calls `report` when the verdict's outcome changes, and at most every `AnalysisRequest.reportInterval` with new
  /// evidence in between.
  func observe(_ request: AnalysisRequest, report: @escaping @Sendable (Verdict) async -> Void) async
}

public struct AnalysisRequest: Hashable, Sendable {
  public var updated: [Instance]
  public var siblings: [Instance]
  public var checks: [CheckPolicy]
  public var falseAlarm: Double
  /// Longest this observation can last; the horizon of the evidence.
  public var horizon: TimeSpan
  public var untilRequests: Int?
  public var reportInterval: TimeSpan
  public init(
    updated: [Instance], siblings: [Instance], checks: [CheckPolicy], falseAlarm: Double, horizon: TimeSpan,
    untilRequests: Int?, reportInterval: TimeSpan
  ) {
    self.updated = updated
    self.siblings = siblings
    self.checks = checks
    self.falseAlarm = falseAlarm
    self.horizon = horizon
    self.untilRequests = untilRequests
    self.reportInterval = reportInterval
  }
}

/// The wall clock, and waiting on it.
public protocol WallClock: Sendable {
  func now() -> Timestamp
  /// Time since some fixed moment that no clock adjustment changes; it goes on while the machine is suspended.
  func uptime() -> TimeSpan
  /// Returns at or after `deadline`, or throws `CancellationError`.
  func sleep(until deadline: Timestamp) async throws
}
