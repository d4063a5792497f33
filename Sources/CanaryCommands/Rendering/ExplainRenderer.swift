import RolloutCore
import RolloutEngine

/// Why a rollout does not go on, with everything known about it; or why it ended.
enum ExplainRenderer {
  /// Reasons that are told in full; a wave of hundreds of hosts has as many.
  private static let toldReasons = 12
  private static let toldEvents = 40

  /// - Parameter events: the journal from the plan on, for the story of an ended or stopped rollout.
  static func text(
    rollout: Rollout, events: [RecordedEvent] = [], driver: Driver = .unknown, now: Timestamp, palette: Palette
  ) -> String {
    var lines = RolloutWords.header(rollout, now: now) + [StyledLine()]
    lines += driverLines(rollout, driver)
    if case .ended(let fate, let detail) = rollout.phase {
      lines += [
        StyledLine("It has ended: \(fate.rawValue).", .strong),
        StyledLine("  \(RolloutWords.reason(rollout) ?? detail)"),
      ]
      lines += evidence(events, rollout) + story(events) + left(rollout)
      // This is the explanation already.
      let commands = AfterEnd.commands(rollout).filter { !$0.command.hasPrefix("canary explain") }
      lines += [StyledLine()] + next(commands, title: "What to do next")
    } else {
      lines += reasons(rollout, now)
      if isStopped(rollout) { lines += evidence(events, rollout) + story(events) + left(rollout) }
    }
    return lines.map { $0.text(palette) }.joined(separator: "\n") + "\n"
  }

  private static func isStopped(_ rollout: Rollout) -> Bool {
    switch rollout.phase {
    case .halted, .stuck, .rollingBack: true
    default: false
    }
  }

  private static func driverLines(_ rollout: Rollout, _ driver: Driver) -> [StyledLine] {
    guard !rollout.isEnded else { return [] }
    switch driver {
    case .unknown: return []
    case .holder(let holder): return [StyledLine("Driven by \(holder)."), StyledLine()]
    case .nobody where rollout.isAtRest: return []
    case .nobody:
      let command = CommandPhrase(rollout: rollout.plan.rollout).verb("resume")
      return [
        StyledLine("\(Signs.careful) Nobody drives it, so nothing below moves by itself.", .careful),
        StyledLine("  \(command)", .strong).adding("  takes it up where it stands", .faint), StyledLine(),
      ]
    }
  }

  // MARK: Reasons

  private static func reasons(_ rollout: Rollout, _ now: Timestamp) -> [StyledLine] {
    let reasons = WaitWords.ranked(rollout.waitingOn)
    guard !reasons.isEmpty else {
      return [StyledLine("It waits for nothing: its controller is about to take the next step.")]
        + next(stopCommands(rollout), title: "To stop it")
    }
    var lines = [StyledLine(reasons.count == 1 ? "It waits for one thing." : "It waits for \(reasons.count) things.")]
    for (number, reason) in reasons.prefix(toldReasons).enumerated() {
      lines.append(StyledLine())
      lines += section(reason, number + 1, rollout, now)
    }
    if reasons.count > toldReasons {
      lines += [
        StyledLine(),
        StyledLine("and \(reasons.count - toldReasons) more of the same: canary status \(rollout.plan.rollout)"),
      ]
    }
    return lines
  }

  private static func section(_ reason: WaitReason, _ number: Int, _ rollout: Rollout, _ now: Timestamp) -> [StyledLine]
  {
    var lines = [StyledLine("\(number). ", .strong).adding(WaitWords.condition(reason, rollout), .strong)]
    for (name, value) in WaitWords.values(reason, rollout, now: now) { lines.append(row(name, value)) }
    lines += told(reason, rollout)
    if let missing = WaitWords.missing(reason, rollout, now: now) { lines.append(row("still missing", missing)) }
    lines.append(row("at the latest", limit(reason, rollout, now)))
    return lines + next(NextCommand.commands(for: reason, in: rollout), title: "to change it").map { indented($0) }
  }

  private static func told(_ reason: WaitReason, _ rollout: Rollout) -> [StyledLine] {
    guard let verdict = reason.verdict else { return [] }
    let lines = EvidenceLines.lines(verdict, in: rollout).map { indented($0) }
    // Only the canary has a pass to earn; later waves and the soak end by time.
    guard case .burnIn = reason.kind, let next = EvidenceLines.next(verdict, rollout.plan.policy) else { return lines }
    return lines + [row("decides next", next)]
  }

  private static func limit(_ reason: WaitReason, _ rollout: Rollout, _ now: Timestamp) -> String {
    if case .paused = reason.kind { return "no limit: it waits until somebody says resume" }
    if rollout.pause != nil { return "clocks stand still while it is paused" }
    guard let deadline = reason.deadline else { return "no limit: it waits until somebody says something" }
    return TimeWords.deadline(deadline, now: now) + (WaitWords.atDeadline(reason, rollout).map { "; \($0)" } ?? "")
  }

  private static func stopCommands(_ rollout: Rollout) -> [NextCommand] {
    let phrase = CommandPhrase(rollout: rollout.plan.rollout)
    return [NextCommand(command: phrase.verb("abort", "--hold"), effect: "stops here")]
  }

  private static func row(_ name: String, _ value: String) -> StyledLine {
    var line = StyledLine("   \(name)", .faint)
    line.pad(to: 22)
    return line.adding(value)
  }

  private static func indented(_ line: StyledLine) -> StyledLine { StyledLine("   ") + line }

  private static func next(_ commands: [NextCommand], title: String) -> [StyledLine] {
    guard !commands.isEmpty else { return [] }
    let width = commands.map { DisplayText.width($0.command) }.max() ?? 0
    return [StyledLine(title, .faint)]
      + commands.map { next in
        var line = StyledLine("  \(next.command)", .strong)
        line.pad(to: width + 4)
        return line.adding(next.effect, .faint)
      }
  }

  // MARK: The past

  /// The last verdict, with what it rests on.
  private static func evidence(_ events: [RecordedEvent], _ rollout: Rollout) -> [StyledLine] {
    guard let verdict = lastVerdict(events) else { return [] }
    return [StyledLine(), StyledLine("What the checks said last", .faint)]
      + EvidenceLines.lines(verdict, in: rollout).map { StyledLine("  ") + $0 }
  }

  private static func lastVerdict(_ events: [RecordedEvent]) -> Verdict? {
    for recorded in events.reversed() {
      if case .verdictReached(_, let verdict) = recorded.event { return verdict }
    }
    return nil
  }

  private static func story(_ events: [RecordedEvent]) -> [StyledLine] {
    let told = Narrative.turningPoints(events)
    guard !told.isEmpty else { return [] }
    var lines = [StyledLine(), StyledLine("What led to it", .faint)]
    if told.count > toldEvents {
      lines.append(StyledLine("  … \(told.count - toldEvents) earlier lines: canary log", .faint))
    }
    return lines + told.suffix(toldEvents).map { StyledLine("  \($0)") }
  }

  private static func left(_ rollout: Rollout) -> [StyledLine] {
    let parts = RolloutWords.whereabouts(rollout)
    guard !parts.isEmpty else { return [] }
    return [StyledLine(), StyledLine("What is left where", .faint)] + parts.map { StyledLine("  \($0)") }
  }

  // MARK: JSON

  static func json(
    rollout: Rollout, events: [RecordedEvent] = [], driver: Driver = .unknown, now: Timestamp
  ) -> String {
    var members = RolloutJSON.head(rollout, driver: driver, now: now)
    members.append(
      ("waitingOn", .array(WaitWords.ranked(rollout.waitingOn).map { RolloutJSON.reason($0, rollout, now) })))
    if case .ended(_, let detail) = rollout.phase { members.append(("why", .string(detail))) }
    let commands = rollout.isEnded ? AfterEnd.commands(rollout) : NextCommand.commands(in: rollout)
    members.append(("commands", RolloutJSON.commands(commands)))
    // A retry begins the evidence anew, so what is in the journal may be about what is over.
    let verdict = rollout.isEnded ? lastVerdict(events) : rollout.verdict
    members.append(("verdict", verdict.map { EventJSON.verdict($0, rollout.plan.policy) } ?? .null))
    members.append(("left", .array(RolloutWords.whereabouts(rollout).map { .string($0) })))
    members.append(("story", .array(Narrative.turningPoints(events).map { .string($0) })))
    return JSONText.object(members).document
  }
}
