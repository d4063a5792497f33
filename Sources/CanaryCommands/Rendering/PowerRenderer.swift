internal import ImmuneSystem
import RolloutCore

/// What the checks can see, before anything is rolled out.
enum PowerRenderer {
  static func lines(_ power: PlanPower, now: Timestamp) -> [StyledLine] {
    guard !power.checks.isEmpty else { return [] }
    var lines = [StyledLine(), head(power)] + origin(power, now)
    if case .nothing = power.origin { return lines }
    let names = power.checks.map { DisplayText.width(DisplayText.clean(name($0.check))) }
    let traffic = power.checks.map { DisplayText.width(DisplayText.clean(self.traffic($0))) }
    let columns = (name: min(28, names.max() ?? 0), traffic: min(44, traffic.max() ?? 0))
    lines += power.checks.map { line($0, power, columns) }
    return lines + advice(power)
  }

  private static func head(_ power: PlanPower) -> StyledLine {
    let head = StyledLine("what the checks can see", .strong)
    let siblings =
      switch power.siblings {
      case 0: "what was before the push"
      case 1: "1 sibling"
      default: "\(power.siblings) siblings"
      }
    return head.adding(" · \(power.updated) updated against \(siblings) for up to \(length(power.horizon))")
  }

  private static func origin(_ power: PlanPower, _ now: Timestamp) -> [StyledLine] {
    switch power.origin {
    case .now: return []
    case .stored(let rollout, let at, let problem):
      return [
        StyledLine(
          "  \(Signs.careful) the traffic of \(rollout), \(TimeWords.ago(at, now: now)): \(problem)", .careful)
      ]
    case .nothing(let problem): return [StyledLine("  \(Signs.careful) the traffic is not known: \(problem)", .careful)]
    }
  }

  static func name(_ check: CheckPolicy) -> String {
    guard case .histogram(_, let quantiles) = check.measure, let top = quantiles.max() else { return check.name }
    return "\(check.name) p\(Figures.short(top * 100))"
  }

  private static func line(
    _ power: CheckPower, _ plan: PlanPower, _ columns: (name: Int, traffic: Int)
  ) -> StyledLine {
    let (sign, style) = look(power, plan)
    var line = StyledLine("  \(sign) ", style)
    line.add(DisplayText.fit(DisplayText.clean(name(power.check)), columns: columns.name))
    line.pad(to: 4 + columns.name + 2)
    if case .noData(let detail) = power.finding { return line.adding("no data: \(detail)", style) }
    line.add(traffic(power))
    line.pad(to: 4 + columns.name + 2 + columns.traffic + 2)
    line.add(sight(power, plan))
    return power.check.muted ? line.adding(" · muted", .faint) : line
  }

  private static func look(_ power: CheckPower, _ plan: PlanPower) -> (String, Palette.Style) {
    if power.check.muted { return (Signs.skipped, .faint) }
    switch power.finding {
    case .sight where plan.canPass(power): return (Signs.done, .good)
    case .sight, .noData, .idle, .alone: return (Signs.careful, .careful)
    case .level: return (Signs.same, .plain)
    }
  }

  private static func traffic(_ power: CheckPower) -> String {
    switch power.finding {
    case .noData: return ""
    case .idle: return "nothing happens now"
    case .level(let value): return "\(CheckUnit(power.check).text(value)) now"
    case .sight(let traffic, _), .alone(let traffic):
      let count = Figures.short(traffic.perSecond)
      guard let share = traffic.share else {
        return "\(count) \(noun(power.check))/s per instance"
      }
      let part = "\(traffic.isShareBound ? "<" : "")\(Figures.short(share * 100)) %"
      return "\(count) requests/s per instance, \(part) \(power.check.worseWhen == .up ? "fail" : "of them")"
    }
  }

  private static func noun(_ check: CheckPolicy) -> String {
    switch check.measure {
    case .ratio: "requests"
    case .histogram: "samples"
    case .gauge, .rate, .share: "events"
    }
  }

  private static func sight(_ power: CheckPower, _ plan: PlanPower) -> String {
    switch power.finding {
    case .noData: return ""
    case .alone:
      let limit = power.check.limit.map { "only its limit \(CheckUnit(power.check).text($0)) can fail it" }
      return "nothing to compare with" + (limit.map { "; \($0)" } ?? ": nothing to judge by")
    case .idle: return "sees nothing while it is so"
    case .level:
      let limit = power.check.limit.map { ", limit \(CheckUnit(power.check).text($0))" } ?? ""
      return "compared by rank, minute by minute\(limit)"
    case .sight(_, let sight):
      var parts: [String] = []
      if let ratio = sight.byHorizon {
        parts.append("sees \(times(ratio)) by the end (\(length(plan.horizon)))")
      } else {
        parts.append("sees no worsening by the end (\(length(plan.horizon)))")
      }
      if let soon = sight.soon { parts[0] += ", \(times(soon.ratio)) within \(TimeWords.about(soon.within))" }
      if plan.siblings == 0 {
        parts.append(power.check.limit == nil ? "can only fail" : "its limit can pass it")
      } else if !sight.earnsPass {
        parts.append("can only fail")
      } else if let pass = sight.passAfter, let earliest = plan.earliest, max(pass, earliest) <= plan.horizon {
        parts.append("a pass from about \(TimeWords.about(max(pass, earliest)))")
      } else {
        parts.append("no pass")
      }
      return parts.joined(separator: "; ")
    }
  }

  static func times(_ ratio: Double) -> String { "×\(Figures.brief(ratio))" }

  static func length(_ span: TimeSpan) -> String { TimeWords.length(span) }

  // MARK: Advice

  private static func advice(_ power: PlanPower) -> [StyledLine] {
    let blind = power.acting.filter { if case .noData = $0.finding { true } else { false } }
    var lines: [StyledLine] = []
    if !blind.isEmpty {
      lines.append(
        StyledLine(
          "  \(Signs.careful) without data of \(names(blind)) nothing passes, and on_no_data: "
            + "\(power.onNoData.rawValue) decides (canary doctor asks every source)", .careful))
    }
    if let obstacle = obstacle(power) {
      lines.append(
        StyledLine(
          "  \(Signs.careful) \(obstacle.what): it will end inconclusive, and on_inconclusive: "
            + "\(power.onInconclusive.rawValue) decides", .careful))
      let promote = power.onInconclusive == .promote ? [] : ["on_inconclusive: promote"]
      lines.append(StyledLine("    to change it: \((obstacle.remedies + promote).joined(separator: ", or "))"))
    }
    return lines
  }

  /// What keeps a release that is no worse from its pass, and what would change that; nil where nothing does.
  static func obstacle(_ power: PlanPower) -> (what: String, remedies: [String])? {
    let weak = power.weak
    if power.isWithoutPass {
      return ("\(names(power.acting)) can only fail, and nothing else earns a pass", passing)
    }
    if power.siblings == 0, !weak.isEmpty {
      return (
        "nobody is left to compare with, so only limits can pass, and \(names(weak)) has none",
        [weak.count == 1 ? "a limit of \(weak[0].check.name)" : "limits of these checks"]
      )
    }
    if !weak.isEmpty {
      return (
        "at this traffic \(names(weak)) can earn no pass within \(length(power.horizon))", remedies(weak, power)
      )
    }
    guard !power.hasRequests, let requests = power.untilRequests else { return nil }
    let what = "burn_in waits for \(requests) requests, which do not come within \(length(power.horizon))"
    return (what, (power.earliest.map { ["burn_in: {max: \(roundedUp($0))}"] } ?? []) + ["fewer requests"])
  }

  private static let passing = ["a check of a ratio or a latency", "an absolute limit of a check"]

  private static func names(_ checks: [CheckPower]) -> String {
    checks.prefix(4).map(\.check.name).joined(separator: ", ")
      + (checks.count > 4 ? " and \(checks.count - 4) more" : "")
  }

  private static func remedies(_ weak: [CheckPower], _ power: PlanPower) -> [String] {
    let needed = weak.map { check -> TimeSpan? in
      guard case .sight(_, let sight) = check.finding else { return nil }
      return sight.passAfter
    }
    var remedies: [String] = []
    let known = needed.compactMap { $0 }
    if known.count == needed.count, let longest = known.max() {
      remedies.append("burn_in: {max: \(roundedUp(longest))}")
    }
    if power.siblings > power.updated { remedies.append("a larger canary") }
    remedies.append(weak.count == 1 ? "a wider pass_margin of \(weak[0].check.name)" : "wider pass_margins")
    return remedies
  }

  /// As a policy may say it: whole tens of minutes, from two hours on whole hours.
  private static func roundedUp(_ span: TimeSpan) -> String {
    let minutes = (max(0, span.milliseconds) + 59_999) / 60_000
    return minutes <= 120 ? "\((minutes + 9) / 10 * 10)m" : "\((minutes + 59) / 60)h"
  }

  // MARK: JSON

  static func json(_ power: PlanPower) -> JSONText {
    var members: [(String, JSONText)] = [
      ("updated", .count(power.updated)), ("siblings", .count(power.siblings)),
      ("horizonSeconds", .span(power.horizon)),
    ]
    switch power.origin {
    case .now(let span): members += [("traffic", "measured"), ("measuredSeconds", .span(span)), ("problem", .null)]
    case .stored(let rollout, let at, let problem):
      members += [
        ("traffic", "stored"), ("rollout", .string(rollout.text)), ("at", .time(at)), ("problem", .string(problem)),
      ]
    case .nothing(let problem): members += [("traffic", .null), ("problem", .string(problem))]
    }
    if case .nothing = power.origin {
      members.append(("canPass", .null))
    } else {
      members.append(("canPass", .bool(power.canPass)))
    }
    members.append(("checks", .array(power.checks.map(check))))
    return .object(members)
  }

  private static func check(_ power: CheckPower) -> JSONText {
    var members: [(String, JSONText)] = [
      ("check", .string(power.check.name)), ("unit", .string(CheckUnit(power.check).rawValue)),
      ("muted", .bool(power.check.muted)),
    ]
    switch power.finding {
    case .sight(let traffic, let sight):
      members += [
        ("finding", "sight"), ("perSecond", .number(traffic.perSecond)), ("share", .amount(traffic.share)),
        ("shareIsBound", .bool(traffic.isShareBound)), ("ratioByHorizon", .amount(sight.byHorizon)),
        ("soonRatio", .amount(sight.soon?.ratio)), ("soonSeconds", .span(sight.soon?.within)),
        ("earnsPass", .bool(sight.earnsPass)), ("passAfterSeconds", .span(sight.passAfter)),
      ]
    case .alone(let traffic): members += [("finding", "alone"), ("perSecond", .number(traffic.perSecond))]
    case .level(let value): members += [("finding", "level"), ("value", .number(value))]
    case .idle: members.append(("finding", "idle"))
    case .noData(let detail): members += [("finding", "no_data"), ("detail", .string(detail))]
    }
    return .object(members)
  }
}
