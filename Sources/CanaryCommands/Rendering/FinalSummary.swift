import RolloutCore
import RolloutEngine

/// The block at the end of `start` and `watch`: what happened, what is left where, what to type next.
enum FinalSummary {
  /// Three to six lines.
  static func lines(rollout: Rollout, now: Timestamp, palette: Palette) -> [String] {
    let (sign, style) = RolloutWords.look(rollout)
    let length = RolloutWords.elapsed(rollout, now: now)
    var head = StyledLine("\(sign) \(rollout.stateName)", style)
    head.add(": \(RolloutWords.title(rollout.plan)) \(rollout.isEnded ? "in" : "after") \(length)", .strong)
    head.add(" · \(rollout.plan.rollout)", .faint)
    var lines = [head]
    let detail = rollout.isEnded ? RolloutWords.reason(rollout) : rollout.summary.detail
    if let detail, !detail.isEmpty {
      lines.append(StyledLine("  \(rollout.isEnded ? "why" : "now")   ", .faint).adding(detail))
    }
    let left = RolloutWords.whereabouts(rollout)
    if !left.isEmpty { lines.append(StyledLine("  left  ", .faint).adding(left.joined(separator: "; "))) }
    let commands = next(rollout)
    for (index, next) in commands.prefix(3).enumerated() {
      var line = StyledLine(index == 0 ? "  next  " : "        ", .faint)
      line.add(next.command, .strong)
      line.add("  \(next.effect)", .faint)
      lines.append(line)
    }
    return lines.map { $0.text(palette) }
  }

  private static func next(_ rollout: Rollout) -> [NextCommand] {
    if rollout.isEnded { return AfterEnd.commands(rollout) }
    let phrase = CommandPhrase(rollout: rollout.plan.rollout)
    if rollout.isAtRest {
      let explain = NextCommand(command: phrase.verb("explain"), effect: "tells the whole story with its evidence")
      return [explain] + NextCommand.commands(in: rollout)
    }
    return [
      NextCommand(command: phrase.verb("resume"), effect: "drives it on from here, if nobody does"),
      NextCommand(command: phrase.verb("watch"), effect: "follows whoever drives it"),
      NextCommand(command: phrase.verb("abort"), effect: "stops it for good"),
    ]
  }
}
