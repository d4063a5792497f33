import RolloutCore
import RolloutEngine

/// What a reason to wait means, with its values.
enum WaitWords {
  /// The machine's own order for what holds the rollout as a whole; of the hosts' reasons the most telling first.
  static func ranked(_ reasons: [WaitReason]) -> [WaitReason] {
    let ranked = reasons.enumerated().sorted { a, b in
      let (left, right) = (rank(a.element), rank(b.element))
      return left == right ? a.offset < b.offset : left < right
    }
    return ranked.map(\.element)
  }

  private static func rank(_ reason: WaitReason) -> Int {
    switch reason.kind {
    case .paused: 0
    case .controller: 1
    case .baseline, .burnIn, .judging, .approval, .soak, .halted, .stuck: 2
    case .unreachable: 3
    case .answer: 4
    case .health(_, nil, .some): 5
    case .availability: 6
    case .health: 7
    case .step: 8
    }
  }

  /// One line for the foot of a frame.
  static func short(_ reason: WaitReason, _ rollout: Rollout, now: Timestamp) -> String {
    var text = reason.sentence
    if let deadline = reason.deadline, rollout.pause == nil {
      text += " · \(reason.endsWell ? "ends" : "limit") \(TimeWords.until(deadline, now: now))"
    }
    return text
  }

  /// The condition in full sentences: what must become true.
  static func condition(_ reason: WaitReason, _ rollout: Rollout) -> String {
    let policy = rollout.plan.policy
    switch reason.kind {
    case .controller: return "somebody must drive it: no controller has taken it up yet"
    case .step(let host, let step, _): return "\(host) must finish \(step.rawValue)"
    case .unreachable(let host, let step, _, _): return "\(host) must be reachable again for \(step.rawValue)"
    case .answer(let host, let step):
      return "\(host) must say what became of \(step.rawValue): it was sent and not answered, so it may have acted"
    case .health(let host, .some, _):
      return "\(host) must stay healthy for \(policy.minHealthyTime) (min_healthy_time)"
    case .health(let host, nil, _):
      let names = policy.probes.map(\.name).joined(separator: ", ")
      return "every probe of \(host) must agree that it is healthy" + (names.isEmpty ? "" : ": \(names)")
    case .availability(let waiting, _, let limit):
      return "\(waiting.count) more could go on, and max_unavailable allows \(limit) down at once"
    case .burnIn where rollout.hasPassedCurrentWave: return "the burn-in is passed; the pause must end"
    case .burnIn:
      if policy.checks.allSatisfy(\.muted) { return "probes must stay green until the burn-in's shortest time is over" }
      return "the checks must reach a pass, after the burn-in's shortest time"
    case .baseline:
      return "every instance is measured for \(policy.baseline) (baseline) before the first one is taken down, so that "
        + "each can be compared with itself"
    case .judging(let wave, _, _):
      return "the checks must have data and nothing against \(RolloutWords.waveName(wave, rollout.plan)) for "
        + "\(policy.waveBurnIn) (wave_burn_in)"
    case .soak:
      return "every instance is on \(rollout.plan.release.version), and the checks watch the whole service for "
        + "\(policy.soak) (soak)"
    case .approval(let wave):
      return "\(RolloutWords.waveName(wave, rollout.plan)) passed, and the policy asks for a person's promote"
    case .paused: return "a person paused it, and a person must let it go on"
    case .halted: return "it stopped by itself, and a person must say how to go on"
    case .stuck: return "a way back could not finish, and a person must look"
    }
  }

  /// Name and value of everything known about it.
  static func values(_ reason: WaitReason, _ rollout: Rollout, now: Timestamp) -> [(name: String, value: String)] {
    let ago = { (time: Timestamp) in TimeWords.ago(time, now: now) }
    switch reason.kind {
    case .controller: return []
    case .step(_, let step, let since):
      return [("step", step.rawValue), ("sent", ago(since))]
    case .unreachable(_, let step, let detail, let retryAt):
      return [
        ("step", step.rawValue), ("last answer", detail), ("tried again", TimeWords.until(retryAt, now: now)),
      ]
    case .answer(_, let step): return [("step", step.rawValue)]
    case .health(let host, let since, let detail):
      var values: [(String, String)] = []
      if let since { values.append(("healthy since", "\(TimeWords.clock(since)), \(ago(since))")) }
      if let detail { values.append(("last failed probe", detail)) }
      if since == nil, detail == nil { values.append(("probes", "have not agreed once since \(host) was activated")) }
      return values
    case .availability(let waiting, let down, _):
      return [("waiting", names(waiting)), ("down now", downNames(down, rollout))]
    case .burnIn(let earliest, _):
      return [("can pass from", now < earliest ? TimeWords.deadline(earliest, now: now) : "now on")]
    case .baseline(let since), .soak(let since, _):
      return [("since", "\(TimeWords.clock(since)), \(ago(since))")]
    case .judging(_, let earliest, _):
      return [("can pass from", now < earliest ? TimeWords.deadline(earliest, now: now) : "now on")]
    case .approval: return []
    case .paused(let by, let reason, let since):
      return [
        ("by", by), ("reason", reason.isEmpty ? "none given" : reason),
        ("since", "\(TimeWords.clock(since)), \(ago(since))"),
      ]
    case .halted(let halt): return [("cause", halt.cause.rawValue), ("detail", halt.detail)]
    case .stuck(let detail): return [("detail", detail)]
    }
  }

  /// What has to happen before it goes on, where that can be said in a number.
  static func missing(_ reason: WaitReason, _ rollout: Rollout, now: Timestamp) -> String? {
    let policy = rollout.plan.policy
    switch reason.kind {
    case .health(_, let since?, _):
      let left = since + policy.minHealthyTime - now
      return left > .zero ? "\(TimeWords.length(left)) more of good answers" : "nothing; it counts with the next turn"
    case .health(_, nil, _):
      let rise = policy.probes.map(\.rise).max() ?? 1
      return "\(rise) good answers in a row, then \(policy.minHealthyTime) without a failure"
    case .availability(_, let down, let limit):
      let over = down.count - limit + 1
      return over > 0 ? "\(over) of the hosts that are down must serve again" : nil
    case .burnIn where rollout.hasPassedCurrentWave: return nil
    case .burnIn(let earliest, let verdict):
      if now < earliest { return "\(TimeWords.length(earliest - now)) until it may pass" }
      if policy.checks.allSatisfy(\.muted) { return nil }
      return verdict.map { "a pass; the checks say \($0.outcome.rawValue): \($0.reason)" } ?? "a first verdict"
    case .judging(_, let earliest, let verdict):
      if now < earliest { return "\(TimeWords.length(earliest - now)) until it may pass" }
      return verdict.map { "data; the checks say \($0.outcome.rawValue): \($0.reason)" } ?? "a first verdict"
    default: return nil
    }
  }

  /// What happens by itself when the deadline passes.
  static func atDeadline(_ reason: WaitReason, _ rollout: Rollout) -> String? {
    guard reason.deadline != nil else { return nil }
    let policy = rollout.plan.policy
    switch reason.kind {
    case .step, .unreachable, .answer: return "then the host counts as failed"
    case .health(_, .some, _): return "then it counts as healthy"
    case .health(_, nil, _): return "then the host counts as failed"
    case .burnIn:
      return "then, without a verdict, the policy says on_inconclusive: \(policy.onInconclusive.rawValue), "
        + "on_no_data: \(policy.onNoData.rawValue)"
    case .baseline: return "then the first wave goes on"
    case .judging:
      if reason.endsWell { return "then the wave passes" }
      let action = policy.onNoData == .rollback ? "rolls back" : "halts"
      return "then, still without data, it \(action) (on_no_data: \(policy.onNoData.rawValue))"
    case .soak: return "then it has succeeded"
    case .approval: return "then it halts"
    case .availability:
      if case .rollingBack = rollout.phase { return "then it is stuck" }
      return "then the wave counts as failed (on_fail: \(policy.onFail.rawValue))"
    case .controller, .paused, .halted, .stuck: return nil
    }
  }

  private static func names(_ hosts: [HostID]) -> String {
    hosts.prefix(8).map(\.text).joined(separator: ", ") + (hosts.count > 8 ? ", \(hosts.count - 8) more" : "")
  }

  private static func downNames(_ down: [HostID], _ rollout: Rollout) -> String {
    let shown = down.prefix(8).map { id -> String in
      guard let index = rollout.plan.hosts.firstIndex(where: { $0.instance.id == id }) else { return id.text }
      if case .unhealthy(let detail) = rollout.hosts[index].health { return "\(id) (unhealthy: \(detail))" }
      return "\(id) (\(rollout.hosts[index].stateName))"
    }
    return shown.joined(separator: ", ") + (down.count > 8 ? ", \(down.count - 8) more" : "")
  }
}

extension WaitReason {
  /// At its deadline the rollout goes on.
  fileprivate var endsWell: Bool {
    switch kind {
    case .baseline, .soak: true
    case .judging(_, let earliest, _): deadline == earliest
    default: false
    }
  }
}
