import RolloutCore
import RolloutEngine

/// An event as a JSON object.
enum EventJSON {
  static func object(_ recorded: RecordedEvent, _ rollout: Rollout) -> JSONText {
    .object(
      [
        ("v", JSONLines.version), ("type", "event"), ("rollout", .string(rollout.plan.rollout.text)),
        ("seq", .count(recorded.sequence)), ("at", .time(recorded.at)), ("event", .string(recorded.event.kind)),
        ("state", .string(rollout.stateName)),
      ] + members(recorded.event, rollout))
  }

  typealias Members = [(String, JSONText)]

  private static func members(_ event: Event, _ rollout: Rollout) -> Members {
    switch event {
    case .planned(let plan):
      [("service", .string(plan.policy.service)), ("release", .string(plan.release.version.text))]
    case .controllerTookOver(let epoch, let holder, let gap):
      [("epoch", .integer(epoch)), ("holder", .string(holder)), ("gapSeconds", .span(gap))]
    case .controllerStopped(let reason): [("detail", .string(reason))]
    case .clocksShifted(let by, let reason): [("bySeconds", .span(by)), ("detail", .string(reason))]
    case .stepIntended, .stepFinished, .stepFailed, .stepDeferred, .stepQuestioned, .stepReissued, .questionRepeated,
      .healthChanged, .hostVerified, .hostFailed:
      step(event, rollout)
    case .waveStarted, .burnInStarted, .verdictReached, .burnInExtended, .wavePassed, .approvalAwaited:
      wave(event, rollout.plan.policy)
    case .baselineStarted(let until), .soakStarted(let until): [("until", .time(until))]
    case .baselineEnded(let grounds, let deadline): baseline(grounds) + [("progressDeadline", .time(deadline))]
    case .paused, .resumed, .promoted, .hostSkipped, .retried, .abortRequested: asked(event, rollout)
    case .halted(let halt): [("cause", .string(halt.cause.rawValue)), ("detail", .string(halt.detail))]
    case .rollbackStarted(let cause, let operation, let deadline):
      rollbackCause(cause) + (operation.map(by) ?? []) + [("deadline", .time(deadline))]
    case .stuck(let detail): [("detail", .string(detail))]
    case .ended(let fate, let detail): [("fate", .string(fate.rawValue)), ("detail", .string(detail))]
    }
  }

  private static func host(_ index: Int, _ rollout: Rollout) -> Members {
    var members: Members = [("host", .string(LineRenderer.name(index, rollout)))]
    if rollout.hosts.indices.contains(index) {
      members.append(("hostState", .string(HostView.word(rollout, index))))
    }
    return members
  }

  private static func step(_ event: Event, _ rollout: Rollout) -> Members {
    switch event {
    case .stepIntended(let index, let step, let attempt, let fence, let giveUp):
      host(index, rollout) + [
        ("step", .string(step.rawValue)), ("attempt", .count(attempt)), ("fence", .string(fence.description)),
        ("deadline", .time(giveUp)),
      ]
    case .stepFinished(let index, let step, let verifyBy):
      host(index, rollout) + [("step", .string(step.rawValue))] + (verifyBy.map { [("deadline", .time($0))] } ?? [])
    case .stepFailed(let index, let step, let detail):
      host(index, rollout) + [("step", .string(step.rawValue)), ("detail", .string(detail))]
    case .stepDeferred(let index, let detail, let retryAt):
      host(index, rollout) + [("detail", .string(detail)), ("retryAt", .time(retryAt))]
    case .stepQuestioned(let index, let detail), .hostFailed(let index, let detail):
      host(index, rollout) + [("detail", .string(detail))]
    case .stepReissued(let index, let fence): host(index, rollout) + [("fence", .string(fence.description))]
    case .questionRepeated(let index): host(index, rollout)
    case .healthChanged(let index, .healthy): host(index, rollout) + [("health", "healthy")]
    case .healthChanged(let index, .unhealthy(let detail)):
      host(index, rollout) + [("health", "unhealthy"), ("detail", .string(detail))]
    case .hostVerified(let index, let deadline): host(index, rollout) + [("progressDeadline", .time(deadline))]
    default: []
    }
  }

  private static func wave(_ event: Event, _ policy: Policy) -> Members {
    switch event {
    case .waveStarted(let wave, let deadline): [("wave", .count(wave + 1)), ("progressDeadline", .time(deadline))]
    case .burnInStarted(let wave, let earliest, let latest):
      [("wave", .count(wave + 1)), ("earliest", .time(earliest)), ("latest", .time(latest))]
    case .verdictReached(let wave, let verdict):
      [("wave", .count(wave + 1)), ("verdict", self.verdict(verdict, policy))]
    case .burnInExtended(let wave, let latest): [("wave", .count(wave + 1)), ("latest", .time(latest))]
    case .wavePassed(let wave, let grounds): [("wave", .count(wave + 1))] + passed(grounds, policy)
    case .approvalAwaited(let wave, let deadline): [("wave", .count(wave + 1)), ("deadline", .time(deadline))]
    default: []
    }
  }

  private static func passed(_ grounds: PassGrounds, _ policy: Policy) -> Members {
    switch grounds {
    case .healthy: [("grounds", "healthy")]
    case .watched(let verdict):
      [("grounds", "watched"), ("verdict", verdict.map { self.verdict($0, policy) } ?? .null)]
    case .burnedIn(let verdict): [("grounds", "burned_in"), ("verdict", self.verdict(verdict, policy))]
    case .inconclusive(let verdict):
      [("grounds", "inconclusive"), ("verdict", verdict.map { self.verdict($0, policy) } ?? .null)]
    case .promoted(let by, let reason):
      [("grounds", "promoted"), ("by", .string(by)), ("reason", .string(reason))]
    }
  }

  private static func baseline(_ grounds: BaselineGrounds) -> Members {
    switch grounds {
    case .measured: [("grounds", "measured")]
    case .history: [("grounds", "history")]
    case .promoted(let by, let reason):
      [("grounds", "promoted"), ("by", .string(by)), ("reason", .string(reason))]
    }
  }

  private static func asked(_ event: Event, _ rollout: Rollout) -> Members {
    switch event {
    case .paused(let operation), .resumed(let operation), .retried(let operation, _): by(operation)
    case .promoted(let operation, let full): by(operation) + [("full", .bool(full))]
    case .hostSkipped(let operation, let index): host(index, rollout) + by(operation)
    case .abortRequested(let operation, let mode): by(operation) + [("mode", .string(mode.rawValue))]
    default: []
    }
  }

  private static func by(_ operation: Operation) -> Members {
    [("by", .string(operation.by)), ("reason", .string(operation.reason)), ("request", .string(operation.request))]
  }

  private static func rollbackCause(_ cause: RollbackCause) -> Members {
    switch cause {
    case .failed(let detail): [("cause", "failed"), ("detail", .string(detail))]
    case .aborted: [("cause", "aborted")]
    case .requested: [("cause", "requested")]
    }
  }

  /// - Parameter policy: the one that the verdict was reached under; see `EvidenceJSON`.
  static func verdict(_ verdict: Verdict, _ policy: Policy?) -> JSONText {
    .object([
      ("outcome", .string(verdict.outcome.rawValue)), ("reason", .string(verdict.reason)),
      ("evidence", .array(verdict.evidence.map { EvidenceJSON.object($0, policy) })),
    ])
  }
}
