import RolloutCore

/// A verdict with what it rests on: a block of lines per check.
enum EvidenceLines {
  static func lines(_ verdict: Verdict, in rollout: Rollout) -> [StyledLine] {
    let (policy, names) = (rollout.plan.policy, ArmNames(rollout))
    var head = StyledLine("verdict  ", .faint)
    head.add(verdict.outcome.rawValue, style(verdict.outcome))
    head.add(": \(verdict.reason)")
    return [head] + verdict.evidence.flatMap { block(EvidenceView($0, policy, names)) }
  }

  private static func block(_ view: EvidenceView) -> [StyledLine] {
    let evidence = view.evidence
    var head = StyledLine("  \(view.sign) ", view.style)
    head.add(evidence.check, .strong)
    head.add("  \(evidence.outcome.rawValue)", view.style)
    if view.isCritical { head.add(" · critical") }
    if view.isMuted { head.add(" · muted: shown, never acted on", .faint) }
    if let owner = view.owner { head.add(" · ask \(owner)", .faint) }
    var lines = [head]
    if view.isMeasured { lines.append(values(view)) }
    if let regression = view.regression {
      lines.append(
        bar(
          "fail", regression, view.regressionStyle, "of the evidence that fails it",
          (evidence.logEvidence, evidence.logThreshold)))
    }
    if let cleared = view.cleared, evidence.outcome != .fail {
      lines.append(
        bar(
          "pass", cleared, view.clearedStyle, "of the evidence that passes it",
          (evidence.passEvidence, evidence.passThreshold)))
    }
    if let need = view.need, evidence.outcome != .fail { lines.append(row("missing", need)) }
    if evidence.siblingsDegraded { lines.append(StyledLine("      \(EvidenceView.degraded)", .careful)) }
    if !view.remarks.isEmpty { lines.append(StyledLine("      \(view.remarks)", view.isBlind ? .careful : .faint)) }
    return lines
  }

  private static func values(_ view: EvidenceView) -> StyledLine {
    var line = StyledLine("      \(view.armsInWords)")
    if let ratio = view.ratio {
      line.add(" · ")
      line.add(ratio, .strong)
      if let interval = view.interval { line.add(" \(interval)") }
    }
    return line
  }

  private static func bar(
    _ name: String, _ part: Double, _ style: Palette.Style, _ words: String, _ logs: (Double?, Double?)
  ) -> StyledLine {
    var line = StyledLine("      \(name) ", .faint)
    line.add("[\(Figures.bar(part, of: 1))]", style)
    line.add(" \(Figures.percent(part)) \(words)")
    return line.adding(" (\(Figures.short(logs.0)) of \(Figures.short(logs.1)), natural log)", .faint)
  }

  private static func row(_ name: String, _ value: String) -> StyledLine {
    StyledLine("      \(name) ", .faint).adding(value)
  }

  private static func style(_ outcome: Verdict.Outcome) -> Palette.Style {
    switch outcome {
    case .pass: .good
    case .fail: .bad
    case .inconclusive, .noData, .error: .careful
    }
  }

  // MARK: What decides

  /// What the next decision hangs on, in one sentence; nil where the verdict has decided.
  static func next(_ verdict: Verdict, _ policy: Policy) -> String? {
    let acting = verdict.evidence.map { EvidenceView($0, policy) }.filter { !$0.isMuted }
    if verdict.outcome == .fail || verdict.outcome == .pass { return nil }
    let blind = acting.filter(\.isBlind).map(\.evidence.check)
    if !blind.isEmpty {
      return "data of \(names(blind)): without it nothing passes (canary doctor asks every source)"
    }
    let open = acting.filter { $0.evidence.outcome == .inconclusive }
    let stuck = open.filter { $0.evidence.need == nil && $0.cleared != nil }.map(\.evidence.check)
    if !stuck.isEmpty {
      return "nothing yet: as it stands no pass of \(names(stuck)) is in sight; a regression fails it at any time"
    }
    let slowest = open.filter { $0.evidence.need != nil }.max { wait($0) < wait($1) }
    guard let slowest, let need = slowest.need else { return nil }
    return "\(slowest.evidence.check), the last to pass: \(need); a regression fails it at any time"
  }

  private static func wait(_ view: EvidenceView) -> Int64 { view.evidence.need?.time?.milliseconds ?? .max }

  private static func names(_ checks: [String]) -> String {
    checks.prefix(4).joined(separator: ", ") + (checks.count > 4 ? " and \(checks.count - 4) more" : "")
  }
}
