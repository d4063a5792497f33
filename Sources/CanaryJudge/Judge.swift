/// Compares updated instances with their siblings, check by check, and rules after every tick.
///
/// Halting: S = Σ w_m E_m ≥ 1/α with E_m the e-process of check m and Σ w_m = 1, so over the whole rollout, all
/// checks together and however often one looks, P(halt | no worse than tolerated) ≤ α (Ville). Ranks stand alone: w_m
/// E_m ≥ 1/α. Passing: every check that counts has excluded its pass margin at 1/β. One process runs across the whole
/// rollout, whatever the arms are from wave to wave; α is never granted anew.
///
/// A value: the same rules and ticks give the same bits. Readings that are no sound numbers count as missing.
public struct Judge: Hashable, Sendable {
  public let rules: JudgeRules
  /// After the last tick. A halt stays.
  public private(set) var ruling: Ruling = .wait
  private var checks: [CheckState]
  private var lastArms: [JudgeTick.Arm] = []
  /// Per instance: second at which it was first seen on the new version.
  private var updatedSince: [Double?]
  private var hasDeployed = false
  private var lastChange = 0.0
  private var lastSecond: Double?

  /// Judged ticks in a row without data that make a pass impossible.
  public static let silence = 3

  public init(rules: JudgeRules) {
    var rules = rules
    rules.instances = min(max(rules.instances, 0), 100_000)
    self.rules = rules
    checks = rules.checks.map { CheckState(rule: $0, rules: rules) }
    updatedSince = Array(repeating: nil, count: rules.instances)
  }

  public mutating func record(_ tick: JudgeTick) {
    guard tick.second.isFinite, abs(tick.second) < 1e12, tick.duration > 0, tick.duration < 1e9 else { return }
    let moment = moment(of: tick)
    // A check that is not due, or whose counters only begin, learns of the change when it is next asked.
    if moment.armsChanged { for index in checks.indices { checks[index].expectChange() } }
    for index in checks.indices where index < tick.readings.count && !tick.readings[index].isEmpty {
      checks[index].record(tick.readings[index], moment: moment)
    }
    rule(moment)
  }

  private mutating func moment(of tick: JudgeTick) -> Moment {
    let arms = (0..<rules.instances).map { $0 < tick.arms.count ? tick.arms[$0] : JudgeTick.Arm.out }
    let start = tick.second - tick.duration
    // A look that began before another reader saw the old arms covers time from before the change.
    let since = max(start, lastSecond ?? start)
    lastSecond = tick.second
    let changed = arms != lastArms
    if changed {
      for index in arms.indices where arms[index] == .sibling { updatedSince[index] = nil }
      for index in arms.indices where arms[index] == .updated && updatedSince[index] == nil {
        updatedSince[index] = since
        lastChange = since
        hasDeployed = true
      }
      lastArms = arms
    }
    let updated = arms.indices.filter { arms[$0] == .updated }
    return Moment(
      second: tick.second, duration: tick.duration, isBeforeDeploy: !hasDeployed, updated: updated, serving: updated,
      siblings: arms.indices.filter { arms[$0] == .sibling }, armsChanged: changed,
      age: arms.indices.map { arms[$0] == .updated ? start - (updatedSince[$0] ?? start) : nil })
  }

  private mutating func rule(_ moment: Moment) {
    if case .halt = ruling { return }
    guard !moment.isBeforeDeploy else { return }
    if let breached = checks.firstIndex(where: { $0.rule.weight > 0 && $0.limit?.isBreached == true }) {
      ruling = .halt(check: breached, ground: .limit)
    } else if let blamed = evidence.blamed {
      ruling = .halt(check: blamed, ground: checks[blamed].isOnRecording ? .baseline : .evidence)
    } else {
      ruling = isPassed(at: moment) ? .pass : .wait
    }
  }

  private func isPassed(at moment: Moment) -> Bool {
    guard moment.second - lastChange > 2 * rules.warmUp - 1e-9 else { return false }
    if let needed = rules.untilRequests, requests < needed { return false }
    var counted = false
    for index in checks.indices where checks[index].rule.weight > 0 {
      if checks[index].limit?.isHeld == false { return false }
      guard let pass = checks[index].pass else { continue }
      guard pass.isEarned, checks[index].silentTicks < Self.silence else { return false }
      counted = true
    }
    return counted
  }

  /// Requests the updated arm has served, by the ratio or latency check that saw most.
  public var requests: Double {
    checks.indices.reduce(0) { most, index in
      if case .ratio = checks[index].rule.kind { return max(most, checks[index].rates?.total.canaryExposure ?? 0) }
      return max(most, checks[index].latency?.updatedTotal ?? 0)
    }
  }

  /// ln S and who is to blame once it has reached 1/α.
  private var evidence: (logValue: Double, blamed: Int?) {
    let terms = checks.indices.map {
      EvidenceSum.Term(
        weight: checks[$0].rule.weight, logValue: checks[$0].standsAlone ? -.infinity : checks[$0].logEvidence)
    }
    let sum = EvidenceSum(terms, falseAlarm: rules.falseAlarm)
    if sum.crosses { return (sum.logValue, sum.largest) }
    let alone = checks.indices.first {
      checks[$0].standsAlone && checks[$0].logEvidence >= logThreshold($0)
    }
    return (sum.logValue, alone)
  }

  /// ln S of all checks together but those that stand alone.
  public var logEvidence: Double { evidence.logValue }

  /// ln E at which check `index` halts without the others' help; ∞ when it is muted.
  func logThreshold(_ index: Int) -> Double {
    let total = rules.checks.reduce(0) { $0 + max(0, $1.weight) }
    guard rules.checks[index].weight > 0, total > 0 else { return .infinity }
    return EvidenceSum.logThreshold(falseAlarm: rules.falseAlarm, weight: rules.checks[index].weight / total)
  }

  /// The numbers of check `index` after the last tick; empty for one that does not exist.
  public func finding(_ check: Int) -> CheckFinding {
    guard checks.indices.contains(check) else { return CheckFinding() }
    return checks[check].finding(logThreshold: logThreshold(check), alpha: rules.falseAlarm)
  }
}
