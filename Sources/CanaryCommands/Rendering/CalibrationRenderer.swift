import ImmuneSystem
import RolloutCore

/// What a calibration found, with the policy that it is about.
struct CalibrationResult {
  var policy: Policy
  /// As the person named the file.
  var path: String
  var report: CalibrationReport
  /// What could not be used.
  var notes: [String]
}

/// A calibration for people.
struct CalibrationRenderer {
  private let result: CalibrationResult
  private var report: CalibrationReport { result.report }
  private var policy: Policy { result.policy }

  static func text(_ result: CalibrationResult, palette: Palette) -> String {
    let renderer = CalibrationRenderer(result: result)
    let head = renderer.head.map { $0.text(palette) + "\n" }.joined()
    let advice = renderer.report.checks.flatMap(renderer.advice).map { $0.text(palette) + "\n" }.joined()
    let closing = renderer.closing.map { $0.text(palette) + "\n" }.joined()
    return head + "\n" + renderer.table.text(palette) + (advice.isEmpty ? "" : "\n" + advice)
      + (closing.isEmpty ? "" : "\n" + closing)
  }

  // MARK: Head

  private var head: [StyledLine] {
    let recordings = report.recordings == 1 ? "1 recording" : "\(report.recordings) recordings"
    var lines = [
      StyledLine(policy.service, .strong).adding(
        "  \(result.path), on \(TimeWords.length(report.length)) of \(report.instances) instances that ran one "
          + "version, \(recordings)", .faint)
    ]
    var played =
      "  played       \(report.windows) \(report.windows == 1 ? "window" : "windows") of "
      + "\(TimeWords.length(report.baseline)) before a push and \(TimeWords.length(report.burnIn)) of burn-in, each "
      + "instance in turn the canary"
    if report.possible > report.halted.of {
      played += ": \(report.halted.of) of \(Figures.count(Double(report.possible)))"
    }
    lines.append(StyledLine(played))
    if report.shortWindows > 0 {
      let whole = TimeWords.length(policy.baseline + policy.burnIn.max)
      lines.append(
        StyledLine("               ").adding(
          "\(report.shortWindows) shorter than the policy's \(whole): their recordings are", .careful))
    }
    lines.append(StyledLine("  cried wolf   ").adding(wolf(report.halted), style(report.halted)))
    lines.append(StyledLine("  early pass   \(passes)"))
    return lines
  }

  private func wolf(_ share: CalibrationReport.Share) -> String {
    let promised = "promised: at most \(Self.percent(report.falseAlarm))"
    if share.hits == 0 {
      return "0 of \(share.of) calm burn-ins, by chance at most \(Self.percent(share.high)); \(promised)"
    }
    return "\(share.hits) of \(share.of) calm burn-ins, \(Self.percent(share.part)), by chance "
      + "\(Self.percent(share.low)) to \(Self.percent(share.high)); \(promised)"
  }

  private func style(_ share: CalibrationReport.Share) -> Palette.Style {
    if share.part <= report.falseAlarm { return .good }
    return share.low > report.falseAlarm ? .bad : .careful
  }

  private var passes: String {
    guard report.passed.hits > 0 else {
      let silent = report.checks.filter { $0.halted.of == 0 && !policy.checks[$0.check].muted }
        .map { policy.checks[$0.check].name }
      if !silent.isEmpty {
        return "none: nothing was recorded of \(silent.joined(separator: ", ")), and no data is no pass"
      }
      return "0 of \(report.passed.of): no calm release earns its pass within the burn-in"
    }
    let after = report.passAfter.map { ", after \(TimeWords.length($0)) in the median" } ?? ""
    return "\(report.passed.hits) of \(report.passed.of)\(after)"
  }

  // MARK: Checks

  private var table: TextTable {
    var table = TextTable("check", "tolerance", "cried wolf", "would have caught, and when in the median")
    for check in report.checks {
      let policy = policy.checks[check.check]
      guard check.halted.of > 0 else {
        table.add([
          (policy.name, .plain), (Self.percent(check.tolerance), .plain), ("–", .faint),
          ("nothing was recorded of it", .careful),
        ])
        continue
      }
      table.add([
        (policy.name + (policy.muted ? " (muted)" : ""), .plain), (Self.percent(check.tolerance), .plain),
        ("\(check.halted.hits) of \(check.halted.of)", style(check.halted)), (Self.caught(check.catches), .plain),
      ])
    }
    return table
  }

  /// `×1.5 10 % · ×2 85 % in 6m · ×10 all in 20s`
  private static func caught(_ catches: [CheckCalibration.Catch]) -> String {
    if catches.isEmpty { return "no calm burn-in to put anything into" }
    return catches.map { found in
      let part = found.caught.hits == found.caught.of ? "all" : percent(found.caught.part)
      let after = found.after.map { " in \(TimeWords.length($0))" } ?? ""
      return "\(found.regression.label) \(found.caught.hits == 0 ? "none" : part + after)"
    }.joined(separator: " · ")
  }

  // MARK: Advice

  private func advice(_ check: CheckCalibration) -> [StyledLine] {
    let name = policy.checks[check.check].name
    var lines: [StyledLine] = []
    switch check.advice {
    case .keep: break
    case .noData: break
    case .tooTight(let suggestion):
      lines.append(
        StyledLine("\(Signs.careful) ", .bad).adding(
          "\(name): \(Self.percent(check.tolerance)) is too tight" + culprits(check), .bad))
      guard let suggestion else {
        lines.append(
          StyledLine(
            "    no tolerance up to \(Self.percent(check.highestTried(policy))) keeps the promise: "
              + "mute it, or leave it to its limit"))
        break
      }
      lines.append(line(suggestion))
    case .tooLoose(let suggestion):
      lines.append(
        StyledLine("\(Signs.careful) ", .careful).adding(
          "\(name): \(Self.percent(check.tolerance)) could be tighter on these data", .careful))
      lines.append(line(suggestion))
    }
    if check.limitBreaches > 0 {
      lines.append(
        StyledLine("\(Signs.careful) ", .bad).adding(
          "\(name): its limit would have been breached in \(check.limitBreaches) calm burn-ins, whatever the tolerance",
          .bad))
    }
    return lines
  }

  private func line(_ suggestion: CheckCalibration.Suggestion) -> StyledLine {
    StyledLine("    with ").adding("tolerance: \(Self.percent(suggestion.tolerance).replacing(" ", with: ""))", .strong)
      .adding(
        "  \(suggestion.halted.hits) of \(suggestion.halted.of) halted; catches \(Self.caught(suggestion.catches))")
  }

  private func culprits(_ check: CheckCalibration) -> String {
    guard let first = check.culprits.first else { return "" }
    if check.culprits.count == 1 {
      return ": each time with \(first.instance) as the canary; is it unlike its siblings?"
    }
    let named = check.culprits.prefix(3).map { "\($0.instance) \($0.count)×" }.joined(separator: ", ")
    return ": \(named)\(check.culprits.count > 3 ? ", …" : "")"
  }

  private var closing: [StyledLine] {
    var lines: [StyledLine] = []
    if let adjusted = report.adjusted {
      lines.append(
        StyledLine("  with these tolerances  ").adding(wolf(adjusted), style(adjusted)))
    }
    if report.tooShort + report.tooFew > 0 {
      let reasons = [
        report.tooShort > 0 ? "\(report.tooShort) shorter than two minutes" : nil,
        report.tooFew > 0 ? "\(report.tooFew) with fewer than three instances throughout" : nil,
      ].compactMap { $0 }
      lines.append(StyledLine("  left out: \(reasons.joined(separator: ", "))", .faint))
    }
    return lines + result.notes.map { StyledLine("  \($0)", .faint) }
  }

  /// Two significant digits: `1.6 %`, `12 %`.
  static func percent(_ part: Double) -> String { "\(Figures.brief(part * 100)) %" }
}

extension CheckCalibration {
  /// The widest tolerance that was tried.
  func highestTried(_ policy: Policy) -> Double {
    max(tolerance, policy.checks[check].worseWhen == .down ? 0.75 : 5)
  }
}

extension Regression {
  /// `×2`, `−20 %`, `p99 ×2`, `+5 %/min`
  var label: String {
    switch self {
    case .events(let times), .slower(let times): "×\(Figures.short(times))"
    case .lost(let part): "−\(Figures.short(part * 100)) %"
    case .slowerTail(let times): "p99 ×\(Figures.short(times))"
    case .drift(let perMinute):
      "\(perMinute < 0 ? "−" : "+")\(Figures.short(abs(perMinute) * 100)) %/min"
    }
  }
}
