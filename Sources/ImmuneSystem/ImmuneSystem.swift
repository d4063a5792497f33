internal import CanaryJudge
public import RolloutCore

/// All checks of a rollout and what they say together. A function of the policy and of the samples recorded so far:
/// the same samples give the same verdict to the last bit, live, after a takeover and years later.
///
/// Second 0 of the judge is where the first look with an updated instance begins. Looks before it are kept until then,
/// since only the deploy gives them their negative seconds.
public struct ImmuneSystem: Sendable {
  let checks: [CheckPolicy]
  let falseAlarm: Double
  let horizon: TimeSpan
  let untilRequests: Int?
  let warmUp: TimeSpan

  /// Whom the present looks are about; nil before the first record.
  public private(set) var segment: Segment?
  private(set) var states: [CheckState] = []
  private(set) var judge: Judge
  private(set) var lastSequence: Int?
  /// Seconds since the deploy; nil before it.
  private(set) var second: Double?
  private(set) var lastLook: Timestamp?
  private(set) var firstLook: Timestamp?
  private var deploy: Timestamp?
  private var baseline: [(look: Look, arms: [JudgeTick.Arm])] = []

  /// Looks kept from before the deploy: what is older says little of today.
  private static let longestBaseline = 2000

  /// - Parameters:
  ///   - falseAlarm: α in (0, 1), over all checks and the whole rollout.
  ///   - horizon: longest time that updated instances are judged.
  ///   - untilRequests: requests the updated instances must have served before a pass counts.
  ///   - warmUp: time after an update in which latency tolerance is widened.
  public init(
    checks: [CheckPolicy], falseAlarm: Double, horizon: TimeSpan, untilRequests: Int?,
    warmUp: TimeSpan = .seconds(60)
  ) {
    self.checks = checks
    self.falseAlarm = falseAlarm
    self.horizon = horizon
    self.untilRequests = untilRequests
    self.warmUp = warmUp
    judge = Judge(rules: JudgeRules(checks: [], instances: 0))
  }

  /// Number of the analysis that the evidence is of.
  public var number: Int64? { segment?.number }

  /// Looks were recorded under the present number.
  public var hasLooks: Bool { lastLook != nil }

  /// Takes the record of `sequence`, which follows all that were taken before.
  public mutating func record(_ sample: Sample, sequence: Int) throws(SampleMismatch) {
    switch sample {
    case .segment(let next): try begin(next)
    case .look(let look): try take(look)
    }
    lastSequence = sequence
  }

  private mutating func begin(_ next: Segment) throws(SampleMismatch) {
    guard next.arms.count == next.hosts.count, next.refusals.allSatisfy({ checks.indices.contains($0.check) }) else {
      throw SampleMismatch("a segment that does not fit the plan's checks and hosts")
    }
    if next.number != segment?.number {
      judge = Judge(rules: rules(instances: next.hosts.count))
      states = checks.map { CheckState($0) }
      baseline = []
      (deploy, second, firstLook, lastLook) = (nil, nil, nil, nil)
    } else if next.hosts != segment?.hosts {
      throw SampleMismatch("other hosts are measured than before under number \(next.number)")
    }
    for refusal in next.refusals { states[refusal.check].refusal = refusal.detail }
    segment = next
  }

  private mutating func take(_ look: Look) throws(SampleMismatch) {
    guard let segment else { throw SampleMismatch("a look before it is said at whom") }
    for check in look.checks {
      guard checks.indices.contains(check.check), check.readings.count == segment.hosts.count,
        check.gaps.allSatisfy({ segment.hosts.indices.contains($0.position) })
      else { throw SampleMismatch("a look that does not fit the plan's checks and hosts") }
      states[check.check].note(check, arms: segment.arms)
    }
    firstLook = firstLook ?? look.at
    lastLook = look.at
    if segment.stage == .baseline || (deploy == nil && !segment.arms.contains(.updated)) {
      if baseline.count == Self.longestBaseline { baseline.removeFirst() }
      baseline.append((look, segment.arms))
      return
    }
    if deploy == nil { replayBaseline(before: look) }
    put(look, segment.arms)
  }

  private mutating func replayBaseline(before first: Look) {
    // A clock that was set back must not put the baseline behind the deploy.
    let before = baseline.filter { $0.look.at < first.at }
    let start = first.at + (.zero - first.duration)
    deploy = max(start, before.last?.look.at ?? start)
    for (look, arms) in before { put(look, arms) }
    baseline = []
  }

  private mutating func put(_ look: Look, _ arms: [JudgeTick.Arm]) {
    guard let deploy else { return }
    let second = max(Self.seconds(look.at - deploy), self.second ?? -.infinity)
    self.second = second
    var readings = [[Measurement]](repeating: [], count: checks.count)
    for check in look.checks where states[check.check].refusal == nil && !check.isBeginning(arms) {
      readings[check.check] = check.readings
    }
    judge.record(
      JudgeTick(second: second, duration: Self.seconds(look.duration), arms: arms, readings: readings))
  }

  private func rules(instances: Int) -> JudgeRules {
    JudgeRules(
      checks: checks.map { CheckRule($0) }, instances: instances, falseAlarm: falseAlarm,
      horizon: max(1, Self.seconds(horizon)), warmUp: Self.seconds(warmUp),
      untilRequests: untilRequests.map(Double.init))
  }

  static func seconds(_ span: TimeSpan) -> Double { Double(span.milliseconds) / 1000 }
}
