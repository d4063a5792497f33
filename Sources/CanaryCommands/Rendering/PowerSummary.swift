import RolloutCore

/// What the checks can see, in a line or two for whoever starts a rollout.
enum PowerSummary {
  static func lines(_ power: PlanPower) -> [String] {
    if case .nothing(let problem) = power.origin { return ["what the checks can see is not known: \(problem)"] }
    let seen = power.acting.compactMap { check -> String? in
      guard case .sight(_, let sight) = check.finding, let ratio = sight.byHorizon else { return nil }
      return "\(PowerRenderer.name(check.check)) \(PowerRenderer.times(ratio))"
    }
    let what = seen.isEmpty ? "no worsening that could be counted beforehand" : seen.joined(separator: ", ")
    let end = PowerRenderer.length(power.horizon)
    let line = "by the end of the burn-in (\(end)) the checks can see \(what)\(pass(power))"
    guard let obstacle = PowerRenderer.obstacle(power) else { return [line] }
    let outcome = "it will end inconclusive, and on_inconclusive: \(power.onInconclusive.rawValue) decides"
    return [line, "\(obstacle.what): \(outcome)"]
  }

  /// When a release that is no worse has earned its pass of every check.
  private static func pass(_ power: PlanPower) -> String {
    guard power.canPass, let earliest = power.earliest else { return "" }
    let times = power.acting.compactMap { check -> TimeSpan? in
      guard case .sight(_, let sight) = check.finding, sight.earnsPass else { return nil }
      return sight.passAfter
    }
    guard let last = times.max() else { return "" }
    return "; a pass from about \(TimeWords.about(max(last, earliest)))"
  }
}
