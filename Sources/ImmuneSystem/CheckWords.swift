internal import CanaryJudge
internal import RolloutCore

/// What one check says for people.
struct CheckWords {
  let state: CheckState
  let finding: CheckFinding
  /// The rollout has left its siblings behind: they are compared as they were before the push.
  let isSoak: Bool

  private var policy: CheckPolicy { state.policy }
  private var isOnRecording: Bool { isSoak || finding.isOnRecording }
  private var others: String { isOnRecording ? "before the push" : "at the siblings" }

  /// Both arms' values: `4.1 % (12 of 290) against 0.3 % (9 of 2,950) at the siblings`.
  var comparison: String {
    guard let siblings = finding.siblings else {
      if finding.updated == nil, let value = finding.limitValue { return inUnit(value) }
      return arm(finding.updated, finding.updatedExposure)
    }
    return "\(arm(finding.updated, finding.updatedExposure)) against "
      + "\(arm(siblings, finding.siblingsExposure)) \(others)"
  }

  private func arm(_ value: Double?, _ exposure: Double) -> String {
    guard let value else { return "nothing yet" }
    let figure = inUnit(value)
    switch policy.measure {
    case .ratio: return "\(figure) (\(Figure.count(value * exposure)) of \(Figure.count(exposure)))"
    case .histogram: return "\(figure) (\(Figure.count(exposure)) observations)"
    case .gauge, .rate, .share: return figure
    }
  }

  /// The quantile that is shown, such as `p99`, where there is one.
  private var quantile: String {
    guard case .histogram(_, let quantiles) = policy.measure, let top = quantiles.max() else { return "" }
    return "p\(Figure.plain(top * 100)) "
  }

  private func inUnit(_ value: Double) -> String {
    quantile + CheckUnit(policy).text(value)
  }

  var regression: String {
    var text = comparison
    if case .histogram = policy.measure, let part = finding.part, part != "body" {
      text += ", too many beyond \(isOnRecording ? "the earlier" : "the siblings'") \(part)"
    }
    let tolerance = Figure.percent(policy.tolerance)
    if case .gauge = policy.measure {
      text += ", gaining more than the tolerated \(tolerance) in ten minutes"
    } else {
      text += ", more than the tolerated \(tolerance) worse"
    }
    return text + siblingsToo
  }

  var breach: String {
    guard let bound = policy.limit else { return "beyond the limit" }
    let value = (finding.limitValue ?? finding.updated).map(inUnit) ?? "the value"
    return "\(value), beyond the limit \(inUnit(bound))" + siblingsToo
  }

  private var siblingsToo: String {
    finding.siblingsDegraded ? "; the siblings degraded too: not the canary alone" : ""
  }

  var silence: String {
    "no data for \(state.silentLooks) intervals: \(state.lastProblem?.detail ?? "no updated instance answers")"
  }

  /// What it says so far, and what is still missing for a pass.
  func progress(need: Evidence.Need?) -> String {
    var parts = [comparison + siblingsToo]
    if finding.recordingIsUsedUp {
      parts.append(
        policy.limit == nil
          ? "the recorded baseline is used up and there is no limit: nothing more is watched"
          : "the recorded baseline is used up: only limits are watched")
    } else if finding.hasEarnedPass {
      parts.append("not worse than \(Figure.percent(CheckRule(policy).passMargin)) is shown")
    } else {
      parts += missing(need)
    }
    if state.silentSiblings > 0 { parts.append("\(state.silentSiblings) siblings without data") }
    if let detail = state.lastProblem?.detail, !detail.isEmpty { parts.append(detail) }
    return parts.joined(separator: "; ")
  }

  private func missing(_ need: Evidence.Need?) -> [String] {
    if !state.hasSiblings, finding.isOnRecording, !isSoak {
      return ["no siblings: compared with what was recorded before the push"]
    }
    if !state.hasSiblings, !isSoak {
      return [
        policy.limit == nil
          ? "no siblings to compare with and no limit: nothing to judge by"
          : "no siblings to compare with: only the limit applies"
      ]
    }
    // Some can only fail.
    guard finding.passThreshold > 0, !isOnRecording else { return [] }
    guard let need else { return ["not enough evidence for a pass yet"] }
    var text = "\(Figure.count(need.have)) of about \(Figure.count(need.about)) \(need.unit)"
    if let time = need.time { text += ", about \(Figure.time(seconds: ImmuneSystem.seconds(time)))" }
    return [text]
  }
}
