import RolloutCore
import RolloutEngine

enum PlanRenderer {
  static func text(plan: Plan, review: PlanReview, palette: Palette) -> String { plan.release.version.text }
  static func json(plan: Plan, review: PlanReview) -> String { "{}" }
}

enum StatusRenderer {
  /// One rollout, every host.
  static func text(
    rollout: Rollout, recent: [RecordedEvent] = [], driver: Driver = .unknown, now: Timestamp, palette: Palette
  ) -> String { rollout.stateName }
  static func json(rollout: Rollout, driver: Driver = .unknown, now: Timestamp) -> String { "{}" }
  /// Several.
  static func table(_ summaries: [RolloutSummary], now: Timestamp, palette: Palette) -> String { "" }
  static func json(_ summaries: [RolloutSummary]) -> String { "[]" }
}

enum HistoryRenderer {
  /// Newest first, as the store gives them.
  static func text(_ summaries: [RolloutSummary], now: Timestamp, palette: Palette) -> String { "" }
  static func json(_ summaries: [RolloutSummary], now: Timestamp) -> String { "[]" }
}

enum LogRenderer {
  static func text(_ rollouts: [(rollout: Rollout, events: [RecordedEvent])], palette: Palette) -> String { "" }
  static func json(_ rollouts: [(rollout: Rollout, events: [RecordedEvent])]) -> String { "[]" }
}

/// What one host runs, and what it should.
struct HostRow: Hashable, Sendable {
  var host: HostID
  var zone: String?
  var found: Found
  /// Nil: nothing is known that should run there.
  var shouldRun: Version?
  /// When it was asked.
  var asOf: Timestamp
  /// `staging 2.4.1 in r1`, say.
  var note: String?

  enum Found: Hashable, Sendable {
    /// Nil: `current` names nothing.
    case runs(Version?)
    case unreachable(detail: String)
  }
}

enum HostsRenderer {
  static func text(service: String, rows: [HostRow], now: Timestamp, palette: Palette) -> String { "" }
  static func json(service: String, rows: [HostRow]) -> String { "[]" }
}

/// The block at the end of `start` and `watch`.
enum FinalSummary {
  static func lines(rollout: Rollout, now: Timestamp, palette: Palette) -> [String] { [] }
}
