import RolloutCore

/// A verdict with what it rests on, check by check.
enum EvidenceLines {
  static func lines(_ verdict: Verdict) -> [StyledLine] {
    var head = StyledLine("verdict  ", .faint)
    head.add(verdict.outcome.rawValue, style(verdict.outcome))
    head.add(": \(verdict.reason)")
    let nameWidth = min(24, verdict.evidence.map { DisplayText.width(DisplayText.clean($0.check)) }.max() ?? 0)
    return [head] + verdict.evidence.flatMap { lines($0, nameWidth) }
  }

  private static func lines(_ evidence: Evidence, _ nameWidth: Int) -> [StyledLine] {
    var head = StyledLine("  \(sign(evidence.outcome)) ", style(evidence.outcome))
    head.add(evidence.check, .strong)
    head.pad(to: 4 + nameWidth + 2)
    head.add(evidence.outcome.rawValue, style(evidence.outcome))
    head.pad(to: 4 + nameWidth + 2 + 14)
    head.add("canary \(arm(evidence.canary, evidence.canarySamples))")
    if evidence.baseline != nil || evidence.baselineSamples > 0 {
      head.add(" · siblings \(arm(evidence.baseline, evidence.baselineSamples))")
    }
    var lines = [head]
    if let found = evidence.logEvidence, let threshold = evidence.logThreshold {
      let bar = Figures.bar(found, of: threshold)
      var line = StyledLine("      [\(bar)] ", found >= threshold ? .bad : .plain)
      line.add(
        "evidence of a regression \(Figures.short(found)) of \(Figures.short(threshold)) that fail it (natural log)")
      lines.append(line)
    }
    if !evidence.detail.isEmpty { lines.append(StyledLine("      \(evidence.detail)", .faint)) }
    return lines
  }

  private static func arm(_ value: Double?, _ samples: Double) -> String {
    "\(Figures.short(value)) of \(Figures.short(samples)) samples"
  }

  private static func sign(_ outcome: Verdict.Outcome) -> String {
    switch outcome {
    case .pass: Signs.done
    case .fail: Signs.failed
    case .inconclusive, .noData: Signs.unknown
    case .error: Signs.careful
    }
  }

  private static func style(_ outcome: Verdict.Outcome) -> Palette.Style {
    switch outcome {
    case .pass: .good
    case .fail: .bad
    case .inconclusive, .noData, .error: .careful
    }
  }
}
