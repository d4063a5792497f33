public import RolloutCore

extension Rollout {
  /// The row that lists show.
  public var summary: RolloutSummary {
    var endedAt: Timestamp?
    if isEnded { endedAt = lastEventAt }
    return RolloutSummary(
      id: plan.rollout, service: plan.policy.service, release: plan.release.version,
      releaseDigest: plan.release.digest, kind: plan.kind.rawValue, state: stateName, isEnded: isEnded,
      detail: detail, startedBy: plan.createdBy, startedAt: plan.createdAt, endedAt: endedAt, provenAt: provenAt)
  }

  /// One sentence: what it waits for, or why it ended.
  private var detail: String {
    switch phase {
    case .ended(_, let detail), .stuck(_, let detail): detail
    case .halted(_, let halt): halt.detail
    case .rollingBack(.failed(let detail), _): detail
    default: waitingOn.first?.sentence ?? ""
    }
  }
}

extension WaitReason {
  /// The reason in one plain sentence, without times: those depend on who reads it when.
  public var sentence: String {
    switch kind {
    case .controller: "waits for a controller"
    case .step(let host, let step, _): "\(host): \(step.rawValue) is running"
    case .unreachable(let host, let step, let detail, _): "\(host): cannot be reached for \(step.rawValue): \(detail)"
    case .answer(let host, let step): "\(host): is being asked what became of \(step.rawValue)"
    case .health(let host, .some, _): "\(host): healthy, and must stay so for min_healthy_time"
    case .health(let host, nil, let detail): "\(host): not healthy yet" + (detail.map { ": \($0)" } ?? "")
    case .availability(let waiting, let down, let limit):
      "\(waiting.count) waiting for room under max_unavailable \(limit); down now: "
        + down.prefix(5).map(\.text).joined(separator: ", ")
    case .baseline: "every instance is measured before the first one is touched"
    case .burnIn(_, let verdict): "burning in" + (verdict.map { ": \($0.reason)" } ?? "")
    case .judging(let wave, _, let verdict):
      "the checks watch wave \(wave + 1)" + (verdict.map { ": \($0.reason)" } ?? "")
    case .soak(_, let verdict): "soaking" + (verdict.map { ": \($0.reason)" } ?? "")
    case .approval(let wave): "wave \(wave + 1) passed; waits for `canary promote`"
    case .paused(let by, let reason, _): "paused by \(by)" + (reason.isEmpty ? "" : ": \(reason)")
    case .halted(let halt): "halted: \(halt.detail)"
    case .stuck(let detail): "stuck: \(detail)"
    }
  }
}

extension LeaseHolder {
  /// Who and where, for people: `ann@build1 pid 4242`.
  public var display: String { "\(user)@\(host) pid \(pid)" }
}
