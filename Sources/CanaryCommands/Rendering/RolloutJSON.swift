import RolloutCore
import RolloutEngine

/// A rollout's state as JSON.
enum RolloutJSON {
  typealias Members = [(String, JSONText)]

  static func head(_ rollout: Rollout, driver: Driver, now: Timestamp) -> Members {
    let plan = rollout.plan
    var members: Members = [
      ("v", JSONLines.version), ("rollout", .string(plan.rollout.text)), ("service", .string(plan.policy.service)),
      ("kind", .string(plan.kind.rawValue)), ("release", .string(plan.release.version.text)),
      ("from", .string(RolloutWords.from(plan))), ("state", .string(rollout.stateName)),
      ("ended", .bool(rollout.isEnded)), ("exit", .integer(Int64(ExitStatus.of(rollout).rawValue))),
      ("by", .string(plan.createdBy)), ("startedAt", .time(plan.createdAt)), ("asOf", .time(now)),
      ("endedAt", rollout.isEnded ? .time(rollout.lastEventAt) : .null),
      ("wave", rollout.currentWave.map { .count($0 + 1) } ?? .null), ("waves", .count(plan.waves.count)),
      ("nextDeadline", .time(rollout.nextDeadline)), ("detail", .string(rollout.summary.detail)),
    ]
    switch driver {
    case .unknown: break
    case .nobody: members.append(("driver", .null))
    case .holder(let holder): members.append(("driver", .string(holder)))
    }
    return members
  }

  static func hosts(_ rollout: Rollout, now: Timestamp) -> JSONText {
    var wave = [Int?](repeating: nil, count: rollout.hosts.count)
    for (index, planned) in rollout.plan.waves.enumerated() {
      for host in planned.hosts where wave.indices.contains(host) { wave[host] = index }
    }
    return .array(
      rollout.hosts.indices.map { index in
        let view = HostView(rollout, index, now: now)
        let planned = rollout.plan.hosts[index]
        return .object([
          ("host", .string(view.name)), ("zone", .text(planned.instance.zone)), ("state", .string(view.word)),
          ("wave", wave[index].map { .count($0 + 1) } ?? .null), ("from", .text(planned.from?.text)),
          ("health", health(rollout.hosts[index].health)), ("detail", .string(view.detail)),
        ])
      })
  }

  private static func health(_ health: Health?) -> JSONText {
    switch health {
    case .healthy: "healthy"
    case .unhealthy: "unhealthy"
    case nil: .null
    }
  }

  static func counts(_ rollout: Rollout) -> JSONText {
    .object(HostCounts(rollout, rollout.hosts.indices).present.map { ($0.word, .count($0.count)) })
  }

  static func commands(_ commands: [NextCommand]) -> JSONText {
    .array(commands.map { .object([("command", .string($0.command)), ("effect", .string($0.effect))]) })
  }

  static func reason(_ reason: WaitReason, _ rollout: Rollout, _ now: Timestamp) -> JSONText {
    var members: Members = [
      ("kind", .string(kind(reason))), ("condition", .string(WaitWords.condition(reason, rollout))),
      ("sentence", .string(reason.sentence)), ("deadline", .time(reason.deadline)),
      ("missing", .text(WaitWords.missing(reason, rollout, now: now))),
    ]
    switch reason.kind {
    case .step(let host, let step, let since):
      members += [("host", .string(host.text)), ("step", .string(step.rawValue)), ("since", .time(since))]
    case .unreachable(let host, let step, let detail, let retryAt):
      members += [
        ("host", .string(host.text)), ("step", .string(step.rawValue)), ("detail", .string(detail)),
        ("retryAt", .time(retryAt)),
      ]
    case .answer(let host, let step): members += [("host", .string(host.text)), ("step", .string(step.rawValue))]
    case .health(let host, let since, let detail):
      members += [("host", .string(host.text)), ("healthySince", .time(since)), ("detail", .text(detail))]
    case .availability(let waiting, let down, let limit):
      members += [
        ("waiting", .array(waiting.map { .string($0.text) })), ("down", .array(down.map { .string($0.text) })),
        ("limit", .count(limit)),
      ]
    case .burnIn(let earliest, let verdict):
      members += [("earliest", .time(earliest)), ("verdict", self.verdict(verdict, rollout))]
    case .baseline(let since): members += [("since", .time(since))]
    case .judging(let wave, let earliest, let verdict):
      members += [
        ("wave", .count(wave + 1)), ("earliest", .time(earliest)), ("verdict", self.verdict(verdict, rollout)),
      ]
    case .soak(let since, let verdict):
      members += [("since", .time(since)), ("verdict", self.verdict(verdict, rollout))]
    case .approval(let wave): members += [("wave", .count(wave + 1))]
    case .paused(let by, let reason, let since):
      members += [("by", .string(by)), ("reason", .string(reason)), ("since", .time(since))]
    case .halted(let halt): members += [("cause", .string(halt.cause.rawValue)), ("detail", .string(halt.detail))]
    case .stuck(let detail): members += [("detail", .string(detail))]
    case .controller: break
    }
    return .object(members + [("commands", commands(NextCommand.commands(for: reason, in: rollout)))])
  }

  private static func verdict(_ verdict: Verdict?, _ rollout: Rollout) -> JSONText {
    verdict.map { EventJSON.verdict($0, rollout.plan.policy) } ?? .null
  }

  private static func kind(_ reason: WaitReason) -> String {
    switch reason.kind {
    case .controller: "controller"
    case .step: "step"
    case .unreachable: "unreachable"
    case .answer: "answer"
    case .health: "health"
    case .availability: "availability"
    case .baseline: "baseline"
    case .burnIn: "burnIn"
    case .judging: "judging"
    case .soak: "soak"
    case .approval: "approval"
    case .paused: "paused"
    case .halted: "halted"
    case .stuck: "stuck"
    }
  }
}
