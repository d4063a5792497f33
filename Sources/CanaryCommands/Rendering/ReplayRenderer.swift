import RolloutCore

/// What a replay found, verdict by verdict.
enum ReplayRenderer {
  static func text(_ replay: VerdictReplay, _ id: RolloutID, palette: Palette) -> String {
    var lines = [
      StyledLine("\(id)  ", .strong).adding("\(replay.entries.count) verdicts, \(replay.samples) samples", .faint)
    ]
    lines += replay.entries.map(line)
    lines.append(closing(replay))
    return lines.map { $0.text(palette) + "\n" }.joined()
  }

  private static func line(_ entry: VerdictReplay.Entry) -> StyledLine {
    let head = "\(TimeWords.clock(entry.at))  record \(entry.sequence)  \(entry.verdict.outcome.rawValue)"
    let last = entry.verdict.lastSample.map { " at sample \($0)" } ?? ""
    switch entry.finding {
    case .same: return StyledLine("\(Signs.done) ", .good).adding("\(head)\(last): same bits")
    case .unfounded: return StyledLine("\(Signs.pending) ", .faint).adding("\(head): rests on no samples")
    case .differs(let difference):
      return StyledLine("\(Signs.failed) ", .bad).adding(
        "\(head)\(last): \(difference.field) was \(difference.recorded), is now \(difference.recomputed)")
    }
  }

  private static func closing(_ replay: VerdictReplay) -> StyledLine {
    let different = replay.entries.count { if case .differs = $0.finding { true } else { false } }
    let founded = replay.entries.count { $0.finding != .unfounded }
    if founded == 0 { return StyledLine("no verdict rests on samples", .careful) }
    if different == 0 { return StyledLine("every verdict recomputed to the same bits", .good) }
    return StyledLine("\(different) of \(founded) verdicts differ", .bad)
  }

  static func json(_ replay: VerdictReplay, _ id: RolloutID) -> JSONText {
    .object([
      ("v", JSONLines.version), ("type", "replay"), ("rollout", .string(id.text)), ("same", .bool(replay.isSame)),
      ("samples", .count(replay.samples)), ("verdicts", .array(replay.entries.map(entry))),
    ])
  }

  private static func entry(_ entry: VerdictReplay.Entry) -> JSONText {
    var members: [(String, JSONText)] = [
      ("seq", .count(entry.sequence)), ("at", .time(entry.at)),
      ("outcome", .string(entry.verdict.outcome.rawValue)),
      ("lastSample", entry.verdict.lastSample.map { .count($0) } ?? .null),
    ]
    switch entry.finding {
    case .same: members.append(("found", "same"))
    case .unfounded: members.append(("found", "no_samples"))
    case .differs(let difference):
      members += [
        ("found", "differs"), ("field", .string(difference.field)), ("recorded", .string(difference.recorded)),
        ("recomputed", .string(difference.recomputed)),
      ]
    }
    return .object(members)
  }
}
