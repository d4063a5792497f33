import RolloutCore
import RolloutEngine

/// One plain line per state change, for logs and pipes: UTC time first, the host or the wave next, so that `grep`
/// finds a host's whole story.
enum LineRenderer {
  /// Nil for events that are no news to people: the steps of a question, the end of a stage.
  /// - Parameter rollout: the state after the event, or any later one.
  static func line(for recorded: RecordedEvent, in rollout: Rollout) -> String? {
    guard let text = text(recorded.event, rollout) else { return nil }
    return DisplayText.clean("\(TimeWords.clock(recorded.at)) \(text)")
  }

  /// Lines below that of a verdict that is no pass: one for each check that has something to show and keeps it from
  /// passing, the ones to look at first on top.
  static func details(of recorded: RecordedEvent, in rollout: Rollout) -> [String] {
    guard case .verdictReached(_, let verdict) = recorded.event, verdict.outcome != .pass else { return [] }
    let policy = rollout.plan.policy
    let views = verdict.evidence.map { EvidenceView($0, policy, ArmNames(rollout)) }.filter {
      !$0.isMuted && $0.evidence.outcome != .pass && ($0.isMeasured || $0.isBlind)
    }
    let ranked = views.enumerated().sorted { a, b in
      a.element.rank == b.element.rank ? a.offset < b.offset : a.element.rank < b.element.rank
    }
    return ranked.prefix(toldChecks).map { _, view in
      DisplayText.clean("\(TimeWords.clock(recorded.at))   \(view.sentence)")
    }
  }

  /// Checks of one verdict that get a line; `canary explain` has all.
  private static let toldChecks = 6

  /// Said after a while of silence, so that a log shows that somebody still watches.
  static func heartbeat(rollout: Rollout, now: Timestamp) -> String {
    let counts = HostCounts(rollout, rollout.hosts.indices).text
    var text =
      "\(TimeWords.clock(now)) still \(rollout.stateName) after \(RolloutWords.elapsed(rollout, now: now)): \(counts)"
    if let first = WaitWords.ranked(rollout.waitingOn).first {
      text += "; waits: \(WaitWords.short(first, rollout, now: now))"
    }
    return DisplayText.clean(text)
  }

  private static func text(_ event: Event, _ rollout: Rollout) -> String? {
    switch event {
    case .planned(let plan): planned(plan)
    case .controllerTookOver(let epoch, let holder, let gap):
      gap == .zero ? nil : "controller \(holder) took over after \(TimeWords.length(gap)) (epoch \(epoch))"
    case .controllerStopped(let reason): "controller stopped: \(reason)"
    case .clocksShifted(let by, let reason): "deadlines move by \(by): \(reason)"
    case .stepIntended, .stepFinished, .stepFailed, .stepDeferred, .stepQuestioned, .stepReissued, .questionRepeated,
      .healthChanged, .hostVerified, .hostFailed:
      host(event, rollout)
    case .waveStarted, .burnInStarted, .verdictReached, .burnInExtended, .wavePassed, .approvalAwaited:
      wave(event, rollout)
    case .baselineStarted(let until):
      "baseline: every instance is measured until \(TimeWords.clock(until)), and none is taken down before"
    case .baselineEnded(let grounds, _): "baseline \(words(grounds))"
    case .soakStarted(let until):
      "soaking: every instance is on \(rollout.plan.release.version), watched until \(TimeWords.clock(until))"
    case .paused, .resumed, .promoted, .hostSkipped, .retried, .abortRequested: operation(event, rollout)
    case .halted(let halt): "halted (\(halt.cause.rawValue)): \(halt.detail)"
    case .rollbackStarted(let cause, let operation, _): rollback(cause, operation)
    case .stuck(let detail): "stuck: \(detail)"
    case .ended(let fate, let detail): "\(fate.rawValue): \(RolloutWords.reason(rollout) ?? detail)"
    }
  }

  private static func planned(_ plan: Plan) -> String {
    let updated = plan.waves.reduce(0) { $0 + $1.hosts.count }
    let waves = plan.waves.count == 1 ? "1 wave" : "\(plan.waves.count) waves"
    return "\(plan.kind.rawValue) \(plan.rollout): \(RolloutWords.title(plan)), "
      + "\(RolloutWords.hosts(updated)) in \(waves), by \(plan.createdBy)"
  }

  // MARK: Hosts

  static func name(_ host: Int, _ rollout: Rollout) -> String {
    rollout.plan.hosts.indices.contains(host) ? rollout.name(host).text : "host \(host)"
  }

  private static func host(_ event: Event, _ rollout: Rollout) -> String? {
    switch event {
    case .stepIntended(let host, let step, let attempt, _, _):
      "\(name(host, rollout)) \(doing(step)) (\(place(host, rollout))\(attempt > 1 ? ", attempt \(attempt)" : ""))"
    case .stepFinished(let host, let step, let verifyBy): finished(host, step, verifyBy, rollout)
    case .stepFailed(let host, let step, let detail): "\(name(host, rollout)) failed: \(step.rawValue): \(detail)"
    case .stepDeferred(let host, let detail, let retryAt):
      "\(name(host, rollout)) unknown, tried again at \(TimeWords.clock(retryAt)): \(detail)"
    case .stepQuestioned(let host, let detail): "\(name(host, rollout)) unknown, being asked: \(detail)"
    case .stepReissued(let host, _): "\(name(host, rollout)) is sent its step once more"
    case .healthChanged(let host, .unhealthy(let detail)): "\(name(host, rollout)) unhealthy: \(detail)"
    case .healthChanged(let host, .healthy): answersWell(host, rollout)
    case .hostVerified(let host, _): "\(name(host, rollout)) \(verified(host, rollout)) (\(place(host, rollout)))"
    case .hostFailed(let host, let detail): "\(name(host, rollout)) failed: \(detail)"
    default: nil
    }
  }

  private static func doing(_ step: StepKind) -> String {
    switch step {
    case .stage: "staging"
    case .drain: "draining"
    case .activate: "activating"
    case .undrain: "undraining"
    case .revertDrain: "reverting: draining"
    case .revertActivate: "reverting: activating what ran before"
    case .revertUndrain: "reverting: undraining"
    }
  }

  private static func finished(_ host: Int, _ step: StepKind, _ verifyBy: Timestamp?, _ rollout: Rollout) -> String? {
    switch step {
    case .activate, .revertActivate:
      verifyBy.map { "\(name(host, rollout)) verifying, until \(TimeWords.clock($0)) at the latest" }
    case .undrain: "\(name(host, rollout)) back in service"
    case .revertUndrain: "\(name(host, rollout)) reverted"
    case .stage, .drain, .revertDrain: nil
    }
  }

  /// Verified on the way forward, or back.
  private static func verified(_ host: Int, _ rollout: Rollout) -> String {
    guard rollout.hosts.indices.contains(host) else { return "healthy" }
    switch rollout.hosts[host].position {
    case .reverted, .waiting(.revertUndrain): return "reverted to \(rollout.plan.hosts[host].from?.text ?? "nothing")"
    default: return "healthy on \(rollout.plan.release.version)"
    }
  }

  /// Good answers are what verification expects; news only where bad ones came before.
  private static func answersWell(_ host: Int, _ rollout: Rollout) -> String? {
    guard rollout.hosts.indices.contains(host) else { return nil }
    if case .verifying = rollout.hosts[host].position { return nil }
    return "\(name(host, rollout)) answers well"
  }

  private static func place(_ host: Int, _ rollout: Rollout) -> String {
    let wave = rollout.plan.waves.firstIndex { $0.hosts.contains(host) }
    return wave.map { RolloutWords.wave($0, rollout.plan) } ?? "in no wave"
  }

  // MARK: Waves

  private static func wave(_ event: Event, _ rollout: Rollout) -> String? {
    let plan = rollout.plan
    switch event {
    case .waveStarted(let wave, _):
      let hosts = plan.waves.indices.contains(wave) ? plan.waves[wave].hosts : []
      let names = hosts.prefix(10).map { name($0, rollout) } + (hosts.count > 10 ? ["\(hosts.count - 10) more"] : [])
      return "\(RolloutWords.waveName(wave, plan)) started: \(RolloutWords.hosts(hosts.count)) "
        + "(\(names.joined(separator: ", ")))"
    case .burnInStarted(let wave, let earliest, let latest):
      let isCanary = plan.waves.indices.contains(wave) && plan.waves[wave].kind == .canary
      return "\(RolloutWords.waveName(wave, plan)) \(isCanary ? "burning_in" : "watched"): "
        + "can pass from \(TimeWords.clock(earliest)), limit \(TimeWords.clock(latest))"
    case .verdictReached(let wave, let verdict):
      let isSoak = wave == plan.waves.count - 1 && rollout.passedWaves > wave
      return
        "\(isSoak ? "soak" : RolloutWords.waveName(wave, plan)) verdict \(verdict.outcome.rawValue): \(verdict.reason)"
    case .burnInExtended(let wave, let latest):
      return "\(RolloutWords.waveName(wave, plan)) burn-in waits for data until \(TimeWords.clock(latest))"
    case .wavePassed(let wave, let grounds): return "\(RolloutWords.waveName(wave, plan)) passed: \(words(grounds))"
    case .approvalAwaited(let wave, let deadline):
      return "\(RolloutWords.waveName(wave, plan)) waiting_approval until \(TimeWords.clock(deadline)): "
        + CommandPhrase(rollout: plan.rollout).verb("promote", reason: true)
    default: return nil
    }
  }

  static func words(_ grounds: PassGrounds) -> String {
    switch grounds {
    case .healthy: "every host healthy"
    case .watched(let verdict): "every host healthy" + (verdict.map { "; \($0.reason)" } ?? "")
    case .burnedIn(let verdict): verdict.reason
    case .inconclusive(let verdict): "on_inconclusive: promote" + (verdict.map { ": \($0.reason)" } ?? "")
    case .promoted(let by, let reason): "promoted by \(by): \(reason)"
    }
  }

  private static func words(_ grounds: BaselineGrounds) -> String {
    switch grounds {
    case .measured: "taken"
    case .history: "taken from the sources' history"
    case .promoted(let by, let reason): "cut short by \(by)" + (reason.isEmpty ? "" : ": \(reason)")
    }
  }

  // MARK: People

  private static func operation(_ event: Event, _ rollout: Rollout) -> String? {
    switch event {
    case .paused(let operation): "paused\(said(operation))"
    case .resumed(let operation): "resumed\(said(operation))"
    case .promoted(let operation, let full): "promoted\(full ? " to the end" : "")\(said(operation))"
    case .hostSkipped(let operation, let host): "\(name(host, rollout)) skipped\(said(operation))"
    case .retried(let operation, _): "retried\(said(operation))"
    case .abortRequested(let operation, let mode): "abort --\(mode.rawValue)\(said(operation))"
    default: nil
    }
  }

  private static func said(_ operation: Operation) -> String {
    " by \(operation.by)" + (operation.reason.isEmpty ? "" : ": \(operation.reason)")
  }

  private static func rollback(_ cause: RollbackCause, _ operation: Operation?) -> String {
    switch cause {
    case .failed(let detail): "rolling_back: \(detail)"
    case .aborted: "rolling_back: aborted\(operation.map(said) ?? "")"
    case .requested: "rolling_back: asked for\(operation.map(said) ?? "")"
    }
  }
}
