public import CanaryJudge
public import RolloutCore

/// One entry of what a rollout's checks were seen to do. Verdicts rest on these and on the plan, on nothing else, so
/// that they can be recomputed from the record.
public enum Sample: Hashable, Sendable {
  /// From here on the looks are about this analysis and these arms.
  case segment(Segment)
  case look(Look)
}

/// Whom the looks that follow are about.
public struct Segment: Hashable, Sendable {
  /// Number of the analysis. Another one than before begins with no evidence.
  public var number: Int64
  public var stage: Analysis.Stage
  /// The hosts that are measured, by index in the plan. The same in all segments of a number.
  public var hosts: [Int]
  /// Per entry of `hosts`.
  public var arms: [JudgeTick.Arm]
  /// Checks that can never be measured, and why.
  public var refusals: [Refusal]

  public struct Refusal: Hashable, Sendable {
    public var check: Int
    public var detail: String
    public init(check: Int, detail: String) {
      self.check = check
      self.detail = detail
    }
  }

  public init(
    number: Int64, stage: Analysis.Stage, hosts: [Int], arms: [JudgeTick.Arm], refusals: [Refusal] = []
  ) {
    self.number = number
    self.stage = stage
    self.hosts = hosts
    self.arms = arms
    self.refusals = refusals
  }

  /// The arms of `hosts` in an analysis. Before the push every instance runs the old version.
  public init(_ analysis: Analysis, hosts: [Int], refusals: [Refusal]) {
    let (updated, siblings) = (Set(analysis.updated), Set(analysis.siblings))
    let arms = hosts.map { host -> JudgeTick.Arm in
      if updated.contains(host) { return analysis.stage == .baseline ? .sibling : .updated }
      return siblings.contains(host) ? .sibling : .out
    }
    self.init(number: analysis.number, stage: analysis.stage, hosts: hosts, arms: arms, refusals: refusals)
  }
}

/// What some checks showed at one moment: those that are read from one place at one interval.
public struct Look: Hashable, Sendable {
  /// End of the stretch that the counts cover, and its length.
  public var at: Timestamp
  public var duration: TimeSpan
  public var checks: [CheckLook]
  public init(at: Timestamp, duration: TimeSpan, checks: [CheckLook]) {
    self.at = at
    self.duration = duration
    self.checks = checks
  }
}

/// What the measured hosts showed of one check.
public struct CheckLook: Hashable, Sendable {
  public var check: Int
  /// Per entry of the segment's `hosts`.
  public var readings: [Measurement]
  /// Why readings are missing, by position, ascending.
  public var gaps: [Gap]
  public init(check: Int, readings: [Measurement], gaps: [Gap] = []) {
    self.check = check
    self.readings = readings
    self.gaps = gaps
  }
}

/// Why there is no reading. None of these is ever taken for zero.
public struct Gap: Hashable, Sendable {
  public var position: Int
  public var kind: Kind
  public var detail: String

  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Counters were seen with nothing to compare them with yet, or changed arm since: not a silence.
    case first
    case noData = "no_data"
    case stale
    case partial
    case error
  }

  public init(position: Int, kind: Kind, detail: String = "") {
    self.position = position
    self.kind = kind
    self.detail = detail
  }
}

/// A record that cannot be one of this rollout's.
public struct SampleMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}
