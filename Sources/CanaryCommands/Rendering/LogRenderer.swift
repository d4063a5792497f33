import RolloutCore
import RolloutEngine

/// The push log: what was put on which host when, by which rollout and whom, over all rollouts.
enum LogRenderer {
  typealias Story = (rollout: Rollout, events: [RecordedEvent])

  /// Oldest first.
  static func text(_ rollouts: [Story], palette: Palette) -> String {
    entries(rollouts).map { entry in
      var line = StyledLine("\(TimeWords.utc(entry.at)) ", .faint)
      line.add(entry.service, .strong)
      line.add(" \(entry.subject) ")
      line.add(entry.sign + " " + entry.what, entry.style)
      line.add(" · \(entry.rollout) by \(entry.by)", .faint)
      return line.text(palette) + "\n"
    }.joined()
  }

  static func json(_ rollouts: [Story]) -> String {
    JSONText.array(
      entries(rollouts).map { entry in
        .object([
          ("v", JSONLines.version), ("at", .time(entry.at)), ("service", .string(entry.service)),
          ("rollout", .string(entry.rollout.text)), ("seq", .count(entry.sequence)),
          (entry.isHost ? "host" : "wave", .string(entry.subject)), ("what", .string(entry.what)),
          ("release", .string(entry.release.text)), ("by", .string(entry.by)),
        ])
      }
    ).document
  }

  private struct Entry {
    var at: Timestamp
    var sequence: Int
    var service: String
    var rollout: RolloutID
    var release: Version
    var by: String
    var isHost = true
    var subject: String
    var what: String
    var sign: String
    var style: Palette.Style
  }

  private static func entries(_ rollouts: [Story]) -> [Entry] {
    var entries: [(order: Int, entry: Entry)] = []
    for (order, story) in rollouts.enumerated() {
      Narrative.fold(story.events) { recorded, rollout in
        if let entry = entry(recorded, rollout) { entries.append((order, entry)) }
      }
    }
    return entries.sorted { a, b in
      (a.entry.at, a.order, a.entry.sequence) < (b.entry.at, b.order, b.entry.sequence)
    }.map(\.entry)
  }

  /// Nil for events that put nothing on a host and pass nothing.
  private static func entry(_ recorded: RecordedEvent, _ rollout: Rollout) -> Entry? {
    let plan = rollout.plan
    func make(_ subject: String, _ what: String, _ sign: String, _ style: Palette.Style, isHost: Bool = true) -> Entry {
      Entry(
        at: recorded.at, sequence: recorded.sequence, service: plan.policy.service, rollout: plan.rollout,
        release: plan.release.version, by: plan.createdBy, isHost: isHost, subject: subject, what: what, sign: sign,
        style: style)
    }
    switch recorded.event {
    case .stepFinished(let host, .activate, _):
      let from = plan.hosts[host].from
      return make(
        LineRenderer.name(host, rollout), "pushed \(RolloutWords.move(from, plan.release.version))", Signs.moving, .busy
      )
    case .stepFinished(let host, .revertActivate, _):
      let to = plan.hosts[host].from?.text ?? "nothing"
      return make(LineRenderer.name(host, rollout), "taken back \(plan.release.version) → \(to)", Signs.back, .careful)
    case .stepFailed(let host, let step, let detail):
      return make(LineRenderer.name(host, rollout), "failed at \(step.rawValue): \(detail)", Signs.failed, .bad)
    case .hostFailed(let host, let detail):
      return make(LineRenderer.name(host, rollout), "failed: \(detail)", Signs.failed, .bad)
    case .hostSkipped(let operation, let host):
      return make(
        LineRenderer.name(host, rollout), "skipped by \(operation.by): \(operation.reason)", Signs.skipped, .careful)
    case .wavePassed(let wave, let grounds):
      let name = "wave \(wave + 1)/\(plan.waves.count)"
      return make(name, "passed: \(LineRenderer.words(grounds))", Signs.done, .good, isHost: false)
    default: return nil
    }
  }
}
