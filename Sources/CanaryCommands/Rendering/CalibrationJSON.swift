import ImmuneSystem
import RolloutCore

/// A calibration for programs. Times are seconds, parts are from 0 to 1.
enum CalibrationJSON {
  static func json(_ result: CalibrationResult) -> JSONText {
    let report = result.report
    return .object([
      ("v", JSONLines.version), ("type", "calibration"), ("service", .string(result.policy.service)),
      ("policy", .string(result.path)), ("recordings", .count(report.recordings)),
      ("instances", .count(report.instances)), ("length", .span(report.length)), ("windows", .count(report.windows)),
      ("short_windows", .count(report.shortWindows)), ("baseline", .span(report.baseline)),
      ("burn_in", .span(report.burnIn)), ("left_out_too_short", .count(report.tooShort)),
      ("left_out_too_few", .count(report.tooFew)), ("possible_runs", .count(report.possible)),
      ("false_alarm", .number(report.falseAlarm)), ("halted", share(report.halted)), ("passed", share(report.passed)),
      ("pass_after", .span(report.passAfter)), ("halted_with_suggestions", report.adjusted.map(share) ?? .null),
      ("checks", .array(report.checks.map { check($0, result.policy) })),
      ("notes", .array(result.notes.map { .string($0) })),
    ])
  }

  private static func share(_ share: CalibrationReport.Share) -> JSONText {
    .object([
      ("count", .count(share.hits)), ("of", .count(share.of)), ("low", .number(share.low)),
      ("high", .number(share.high)),
    ])
  }

  private static func check(_ check: CheckCalibration, _ policy: Policy) -> JSONText {
    var members: [(String, JSONText)] = [
      ("check", .string(policy.checks[check.check].name)), ("muted", .bool(policy.checks[check.check].muted)),
      ("tolerance", .number(check.tolerance)), ("halted", share(check.halted)),
      ("limit_breaches", .count(check.limitBreaches)),
      (
        "halted_as_canary",
        .array(check.culprits.map { .object([("instance", .string($0.instance)), ("count", .count($0.count))]) })
      ),
      ("catches", .array(check.catches.map(caught))),
    ]
    switch check.advice {
    case .keep: members.append(("advice", "keep"))
    case .noData: members.append(("advice", "no_data"))
    case .tooTight(let suggestion):
      members += [("advice", "too_tight"), ("suggestion", suggestion.map(self.suggestion) ?? .null)]
    case .tooLoose(let suggestion):
      members += [("advice", "too_loose"), ("suggestion", self.suggestion(suggestion))]
    }
    return .object(members)
  }

  private static func suggestion(_ suggestion: CheckCalibration.Suggestion) -> JSONText {
    .object([
      ("tolerance", .number(suggestion.tolerance)), ("halted", share(suggestion.halted)),
      ("catches", .array(suggestion.catches.map(caught))),
    ])
  }

  private static func caught(_ found: CheckCalibration.Catch) -> JSONText {
    let (name, amount): (JSONText, Double) =
      switch found.regression {
      case .events(let times): ("events_times", times)
      case .lost(let part): ("events_lost", part)
      case .slower(let times): ("slower_times", times)
      case .slowerTail(let times): ("tail_slower_times", times)
      case .drift(let perMinute): ("drift_per_minute", perMinute)
      }
    return .object([
      ("regression", name), ("amount", .number(amount)), ("caught", share(found.caught)), ("after", .span(found.after)),
    ])
  }
}
