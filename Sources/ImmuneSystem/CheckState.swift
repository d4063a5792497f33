internal import CanaryJudge
internal import RolloutCore

/// What is known of one check beside the judge's numbers: whether it is heard at all, and why not.
struct CheckState: Sendable {
  let policy: CheckPolicy
  /// Why it can never be measured; nil when it can.
  var refusal: String?
  /// Looks in a row in which nobody of the arm that counts gave data.
  private(set) var silentLooks = 0
  /// Siblings that gave no data in the last look.
  private(set) var silentSiblings = 0
  /// Why somebody of the arm that counts gave none in the last look.
  private(set) var lastProblem: Gap?
  private(set) var hasSiblings = false

  /// Looks without data after which a check counts as silent.
  static let patience = 3

  init(_ policy: CheckPolicy) { self.policy = policy }

  var isSilent: Bool { silentLooks >= Self.patience }

  /// Everybody counts while nobody is updated.
  mutating func note(_ look: CheckLook, arms: [JudgeTick.Arm]) {
    let hasUpdated = arms.contains(.updated)
    hasSiblings = arms.contains(.sibling)
    var isHeard = false
    silentSiblings = 0
    lastProblem = nil
    for (position, arm) in arms.enumerated() where arm != .out {
      let isMissing = look.readings[position] == .missing
      let gap = isMissing ? look.gaps.first { $0.position == position } : nil
      let isSilent = isMissing && gap?.kind != .first
      if arm == .sibling, isSilent { silentSiblings += 1 }
      guard arm == .updated || !hasUpdated else { continue }
      if !isSilent { isHeard = true }
      // One that stopped is named even while another goes on.
      if isSilent, lastProblem == nil { lastProblem = gap }
    }
    silentLooks = isHeard ? 0 : min(silentLooks + 1, Self.patience)
  }
}

extension CheckLook {
  /// Counters that begin are no silence: the judge is not asked about a look in which the updated instances show
  /// nothing else.
  func isBeginning(_ arms: [JudgeTick.Arm]) -> Bool {
    var begins = false
    for (position, arm) in arms.enumerated() where arm == .updated {
      if readings[position] != .missing { return false }
      if gaps.contains(where: { $0.position == position && $0.kind == .first }) { begins = true }
    }
    return begins
  }
}
