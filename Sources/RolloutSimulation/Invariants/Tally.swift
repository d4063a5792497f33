/// What happened in a run, to see that faults were really there and that fates are spread.
public struct Tally: Sendable, Hashable {
  public var fates: [String: Int] = [:]
  public var faults: [String: Int] = [:]
  public var records = 0
  public var answers = 0
  public var commands = 0
  public var steps = 0
  public var leases = 0
  /// Turns in which the store could not be written.
  public var troubles = 0
  /// Forward steps that were on the wire when the rollout was stopped, and acted afterwards.
  public var lateEffects = 0
  public var worstDown = 0
  public var jobs = 0

  public init() {}

  public mutating func add(_ other: Tally) {
    for (fate, count) in other.fates { fates[fate, default: 0] += count }
    for (fault, count) in other.faults { faults[fault, default: 0] += count }
    records += other.records
    answers += other.answers
    commands += other.commands
    steps += other.steps
    leases += other.leases
    troubles += other.troubles
    lateEffects += other.lateEffects
    worstDown = max(worstDown, other.worstDown)
    jobs += other.jobs
  }
}
