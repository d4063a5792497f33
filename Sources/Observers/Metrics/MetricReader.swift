internal import CanaryJudge
internal import RolloutCore

/// Reads some checks of all instances from one place: an exposition on each instance, a metrics server, a listener, a
/// program.
protocol MetricReader: Sendable {
  /// Indices of the checks read here, in the order of the answers.
  var checks: [Int] { get }
  var interval: TimeSpan { get }
  /// What is new since the last call, per check of `checks` and per instance. Answers within the interval, or 10 s
  /// where that is longer; ends early when the calling task is cancelled.
  func read(at now: Timestamp) async -> [[Observation]]
  /// Looks of the past from `start` up to `end`, oldest first; empty where the source keeps none. Asked before the
  /// first `read`.
  func history(from start: Timestamp, to end: Timestamp) async -> [PastLook]
  /// Ends listeners and child processes.
  func close() async
}

extension MetricReader {
  func history(from start: Timestamp, to end: Timestamp) async -> [PastLook] { [] }
  func close() async {}
}

/// What one instance showed of one check since the look before.
enum Observation: Hashable, Sendable {
  case measured(Measurement)
  /// Of a stretch that began at `since`, by our clock: sources with a pace of their own speak of some time ago.
  case covering(Measurement, since: Timestamp)
  /// The first sight of counters: there is nothing to compare it with yet.
  case first
  /// A source with a pace of its own has nothing new that all instances have; what there is comes with a later look.
  case pending
  case none(ReadingProblem)
}

extension Observation {
  /// With the begin of the stretch that was measured, where that is known.
  func since(_ begin: Timestamp?) -> Observation {
    guard case .measured(let measurement) = self, let begin else { return self }
    return .covering(measurement, since: begin)
  }
}

struct PastLook: Hashable, Sendable {
  /// End of the stretch that the counts cover, and its length.
  var at: Timestamp
  var duration: TimeSpan
  var observations: [[Observation]]
}
