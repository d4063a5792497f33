import RolloutCore
import RolloutEngine

/// Where rollouts stand at one moment.
enum StatusRenderer {
  /// Pipes and files have no width; few terminals are narrower.
  private static let statusWidth = 80

  /// One rollout with every host.
  static func text(
    rollout: Rollout, recent: [RecordedEvent] = [], driver: Driver = .unknown, now: Timestamp, palette: Palette
  ) -> String {
    var lines = RolloutWords.header(rollout, now: now).map { $0.text(palette) }
    if !rollout.isEnded {
      switch driver {
      case .unknown: break
      case .holder(let holder): lines.append(StyledLine("driven by \(holder)", .faint).text(palette))
      case .nobody where rollout.isAtRest: break
      case .nobody:
        let command = CommandPhrase(rollout: rollout.plan.rollout).verb("resume")
        lines.append(StyledLine("\(Signs.careful) nobody drives it: \(command)", .careful).text(palette))
      }
    }
    lines.append("")
    lines += TreeRenderer.unfolded(rollout, now: now, palette: palette)
    if let board = CheckBoard(rollout, recent: recent) {
      let checks = board.lines(room: .max, width: statusWidth, now: now)
      lines += [""] + checks.map { $0.text(palette) }
    }
    let news = LineFilter.admitted(recent.suffix(10)).compactMap { LineRenderer.line(for: $0, in: rollout) }
    if !news.isEmpty { lines += [""] + news.map { palette.paint($0, .faint) } }
    let foot = TreeRenderer.footer(rollout, trouble: nil, now: now).map { $0.text(palette) }
    if !foot.isEmpty { lines += [""] + foot }
    return lines.joined(separator: "\n") + "\n"
  }

  static func json(rollout: Rollout, driver: Driver = .unknown, now: Timestamp) -> String {
    let members = RolloutJSON.head(rollout, driver: driver, now: now)
    return JSONText.object(
      members + [
        ("counts", RolloutJSON.counts(rollout)), ("hosts", RolloutJSON.hosts(rollout, now: now)),
        ("waitingOn", .array(WaitWords.ranked(rollout.waitingOn).map { RolloutJSON.reason($0, rollout, now) })),
      ]
    ).document
  }

  /// Several rollouts, one line each.
  static func table(_ summaries: [RolloutSummary], now: Timestamp, palette: Palette) -> String {
    var table = TextTable("SERVICE", "RELEASE", "STATE", "FOR", "BY", "ROLLOUT", "DETAIL")
    for summary in summaries {
      let length = TimeWords.length((summary.endedAt ?? now) - summary.startedAt)
      table.add([
        (summary.service, .strong), (summary.release.text, .plain), SummaryWords.state(summary), (length, .plain),
        (summary.startedBy, .plain), (summary.id.text, .plain), (summary.detail, .plain),
      ])
    }
    return table.text(palette)
  }

  static func json(_ summaries: [RolloutSummary]) -> String {
    JSONText.array(summaries.map { SummaryWords.json($0) }).document
  }
}

/// A rollout's row in lists.
enum SummaryWords {
  /// Sign, state and style.
  static func state(_ summary: RolloutSummary) -> TextTable.Cell {
    switch summary.state {
    case "succeeded": ("\(Signs.done) succeeded", .good)
    case "halted", "stuck": ("\(Signs.failed) \(summary.state)", .bad)
    case "rolled_back", "rolling_back": ("\(Signs.back) \(summary.state)", .careful)
    case "aborted", "superseded", "aborting": ("\(Signs.skipped) \(summary.state)", .careful)
    case "paused": ("\(Signs.paused) paused", .careful)
    case "waiting_approval": ("\(Signs.unknown) waiting_approval", .careful)
    default: ("\(Signs.moving) \(summary.state)", .busy)
    }
  }

  static func json(_ summary: RolloutSummary) -> JSONText {
    .object([
      ("v", JSONLines.version), ("rollout", .string(summary.id.text)), ("service", .string(summary.service)),
      ("kind", .string(summary.kind)), ("release", .string(summary.release.text)),
      ("digest", .string(summary.releaseDigest.text)), ("state", .string(summary.state)),
      ("ended", .bool(summary.isEnded)), ("by", .string(summary.startedBy)), ("startedAt", .time(summary.startedAt)),
      ("endedAt", .time(summary.endedAt)), ("provenAt", .time(summary.provenAt)), ("detail", .string(summary.detail)),
    ])
  }
}
