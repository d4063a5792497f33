internal import CanaryJudge
internal import Glibc
internal import RolloutCore

/// What a check says for people.
extension CheckAnalysis {
  /// Both arms' values: `4.1 % (12 of 290) against 0.3 % (9 of 2950) at the siblings`.
  var comparisonPhrase: String {
    guard comparison != nil else { return phrase(canary) }
    return "\(phrase(canary)) against \(phrase(siblings)) at the siblings"
  }

  private func phrase(_ arm: ArmTotals) -> String {
    if let gauge = arm.gauge { return Figure.plain(gauge) }
    guard let value = arm.value else { return "nothing yet" }
    let share = "\(Figure.percent(value)) (\(Figure.count(arm.events)) of \(Figure.count(arm.exposure)))"
    guard case .histogram = source, let threshold else { return share }
    return share + " slower than \(Figure.plain(threshold))"
  }

  var regressionPhrase: String {
    comparisonPhrase + ", more than the tolerated \(Figure.percent(policy.tolerance)) worse"
  }

  var breachPhrase: String {
    guard let limit = canaryLimit?.limit, let value = limit.lastValue else { return "beyond the limit" }
    let own = "\(inUnit(value)), beyond the limit \(inUnit(limit.bound)) for \(limit.patience) intervals"
    guard siblingLimit?.limit.isBreached == true else { return own }
    return own + "; the siblings are beyond it as well: not the canary alone"
  }

  private func inUnit(_ value: Double) -> String {
    if case .ratio = source { Figure.percent(value) } else { Figure.plain(value) }
  }

  var silencePhrase: String {
    let cause = lastProblem?.detail ?? "no updated instance answers"
    return "no data for \(silentIntervals) intervals: \(cause)"
  }

  /// What it says so far, and what is still missing for a pass.
  var progressPhrase: String {
    var parts = [comparisonPhrase]
    if let missing = missingForPass { parts.append(missing) }
    if let limit = canaryLimit?.limit, !limit.isHeld {
      parts.append(
        "limit \(inUnit(limit.bound)): \(limit.intervalsMissing) more intervals within it needed"
          + (limit.lastValue.map { ", now \(inUnit($0))" } ?? ""))
    }
    if silentSiblings > 0 { parts.append("\(silentSiblings) siblings without data") }
    if let lastProblem { parts.append(lastProblem.detail) }
    return parts.joined(separator: "; ")
  }

  private var missingForPass: String? {
    guard let comparison else {
      if case .gauge = source { return canaryLimit == nil ? "a gauge is judged by its limit, and has none" : nil }
      return canaryLimit == nil
        ? "no siblings to compare with and no limit: nothing to judge by"
        : "no siblings to "
          + "compare with: only the limit applies"
    }
    guard !comparison.hasEarnedPass else { return nil }
    if case .histogram = source, threshold == nil { return "too few requests at the siblings for a quantile" }
    let needed = EvidenceSum.logThreshold(falseAlarm: comparison.beta)
    let have = comparison.nonInferiority.logValue
    // A line through what there is; below a tenth of the way it points anywhere.
    guard have > needed / 10, canary.exposure > 0 else { return "not enough evidence for a pass yet" }
    let more = ceil(canary.exposure * (needed / have - 1))
    return "about \(Figure.count(more)) more requests for a pass"
  }
}
