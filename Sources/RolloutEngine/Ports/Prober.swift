public import RolloutCore
internal import Synchronization

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

/// Measures the checks of a rollout until the calling task is cancelled.
public protocol Analyst: Sendable {
  /// Takes up the samples that `samples` already holds under the current analysis number, goes on measuring at each
  /// check's interval, and stores every sample before anything is concluded from it. Reads `current` before each
  /// sample. Calls `report` when the verdict's outcome changes, and at most every `AnalysisRequest.reportInterval` with
  /// new evidence in between, with the number of the analysis that it belongs to.
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async
}

/// What does not change during a rollout.
public struct AnalysisRequest: Hashable, Sendable {
  /// All of the plan, by host index.
  public var instances: [Instance]
  /// Hosts that are measured, by index: all of them, or a choice that does not change during the rollout.
  public var measured: [Int]
  public var checks: [CheckPolicy]
  public var falseAlarm: Double
  /// Longest time that updated instances are judged, as far as it can be foreseen; the horizon of the evidence.
  public var horizon: TimeSpan
  /// How much time before now is wanted of sources that keep history.
  public var baseline: TimeSpan
  public var untilRequests: Int?
  /// Time after an update in which latency tolerance is widened.
  public var warmUp: TimeSpan
  public var reportInterval: TimeSpan
  /// Where relative paths of command sources start.
  public var directory: String?
  public init(
    instances: [Instance], checks: [CheckPolicy], falseAlarm: Double, horizon: TimeSpan, baseline: TimeSpan,
    untilRequests: Int?, warmUp: TimeSpan = .seconds(60), reportInterval: TimeSpan, directory: String? = nil,
    measured: [Int]? = nil
  ) {
    self.instances = instances
    self.measured = measured ?? Array(instances.indices)
    self.checks = checks
    self.falseAlarm = falseAlarm
    self.horizon = horizon
    self.baseline = baseline
    self.untilRequests = untilRequests
    self.warmUp = warmUp
    self.reportInterval = reportInterval
    self.directory = directory
  }
}

/// The analysis that the rollout wants now, changed by its runner and read by the analyst. A cell and not a stream:
/// only the latest counts.
public final class CurrentAnalysis: Sendable {
  private let cell: Mutex<Analysis>
  private let baselineTaken: @Sendable (Int64) async -> Void

  /// - Parameter baselineTaken: told the number of an analysis whose baseline need not be waited for.
  public init(_ analysis: Analysis, baselineTaken: @escaping @Sendable (Int64) async -> Void = { _ in }) {
    cell = Mutex(analysis)
    self.baselineTaken = baselineTaken
  }

  /// To be said while the stage is `.baseline`, when every check has `AnalysisRequest.baseline` of every instance from
  /// the history of its source: the push need not wait any longer. Said again or later, it changes nothing.
  public func baselineIsTaken(of number: Int64) async { await baselineTaken(number) }

  public var value: Analysis {
    get { cell.withLock { $0 } }
    set { cell.withLock { $0 = newValue } }
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
