/// One thing a rollout waits for: what, since when or until when, and what changes it.
public struct WaitReason: Hashable, Sendable {
  public var kind: Kind
  /// When waiting ends by itself, whatever comes of it; nil where only a person ends it.
  public var deadline: Timestamp?
  /// The rollout is being aborted, so that cannot be asked for any more.
  var isStopping = false
  /// An instance that is down and can be skipped, or one that waits for it.
  var skippable: HostID?

  public enum Kind: Hashable, Sendable {
    /// Nobody drives it: no controller has taken it up yet.
    case controller
    case step(host: HostID, StepKind, since: Timestamp)
    /// The host does not answer; it is asked or sent to again at `retryAt`.
    case unreachable(host: HostID, StepKind, detail: String, retryAt: Timestamp)
    /// A step was sent and not answered; the host is being asked what became of it.
    case answer(host: HostID, StepKind)
    /// Its probes have not agreed, or not for `min_healthy_time` yet.
    case health(host: HostID, healthySince: Timestamp?, detail: String?)
    /// These hosts could go on, and `max_unavailable` forbids: the others named are down.
    case availability(waiting: [HostID], down: [HostID], limit: Int)
    /// Every instance is measured before the first one is taken down.
    case baseline(since: Timestamp)
    case burnIn(earliest: Timestamp, verdict: Verdict?)
    /// The checks watch a later wave, whose instances are all healthy. `verdict`: what they have said since.
    case judging(wave: Int, earliest: Timestamp, verdict: Verdict?)
    /// The checks watch the whole service after the last wave.
    case soak(since: Timestamp, verdict: Verdict?)
    case approval(wave: Int)
    case paused(by: String, reason: String, since: Timestamp)
    case halted(Halt)
    case stuck(detail: String)
  }

  /// The command that changes it, as a person would type it after `canary`.
  public var remedy: String {
    switch kind {
    case .controller: "resume"
    case .step(let host, _, _), .answer(let host, _):
      isStopping ? "skip \(host) --reason …" : "abort --hold | --rollback"
    case .unreachable(let host, _, _, _), .health(let host, _, _): "skip \(host) --reason …"
    case .availability(_, let down, _):
      (skippable ?? down.first).map { "skip \($0) --reason …" } ?? "abort --hold | --rollback"
    case .baseline, .burnIn, .judging, .approval, .soak: "promote --reason …"
    case .paused: "resume"
    case .halted(let halt):
      switch halt.cause {
      case .failed: "retry | skip HOST | rollback"
      case .approvalTimedOut: "promote --reason … | rollback"
      case .inconclusive, .noData: "promote --reason … | retry | rollback"
      }
    case .stuck: "retry | skip HOST | abort --hold"
    }
  }
}

extension WaitReason {
  /// What the checks say of what it waits for.
  public var verdict: Verdict? {
    switch kind {
    case .burnIn(_, let verdict), .judging(_, _, let verdict), .soak(_, let verdict): verdict
    default: nil
    }
  }
}

extension Rollout {
  /// Everything it waits for, the most telling first. Empty only when it has ended.
  public var waitingOn: [WaitReason] {
    if isEnded { return [] }
    var reasons: [WaitReason] = []
    if let pause {
      let kind = WaitReason.Kind.paused(by: pause.operation.by, reason: pause.operation.reason, since: pause.since)
      reasons.append(WaitReason(kind: kind, deadline: nil))
    }
    if epoch == 0 { reasons.append(WaitReason(kind: .controller, deadline: nil)) }
    if let reason = phaseReason { reasons.append(reason) }
    return reasons + hostReasons
  }

  private var phaseReason: WaitReason? {
    switch phase {
    case .updating:
      guard case .running(let since, let until) = baseline else { return nil }
      return WaitReason(kind: .baseline(since: since), deadline: frozen(until))
    case .burningIn(let wave, let burnIn) where passedWaves == wave:
      let kind: WaitReason.Kind =
        plan.waves[wave].kind == .canary
        ? .burnIn(earliest: burnIn.earliest, verdict: verdict)
        : .judging(wave: wave, earliest: burnIn.earliest, verdict: burnIn.isSeen ? verdict : nil)
      return WaitReason(kind: kind, deadline: frozen(burnInDeadline(wave, burnIn)))
    case .waitingApproval(let wave, let deadline):
      return WaitReason(kind: .approval(wave: wave), deadline: frozen(deadline))
    case .soaking(let soak) where !soak.isPromoted:
      return WaitReason(kind: .soak(since: soak.since, verdict: verdict), deadline: frozen(soak.until))
    case .halted(_, let halt): return WaitReason(kind: .halted(halt), deadline: nil)
    case .stuck(_, let detail): return WaitReason(kind: .stuck(detail: detail), deadline: nil)
    case .queued, .burningIn, .soaking, .rollingBack, .stopping, .ended: return nil
    }
  }

  private var hostReasons: [WaitReason] {
    var reasons: [WaitReason] = []
    var held: [HostID] = []
    for index in activeHosts ?? [] {
      let host = name(index)
      switch hosts[index].position {
      case .inFlight(let intent):
        let deadline = frozen(intent.giveUp)
        reasons.append(WaitReason(kind: contact(host, intent), deadline: deadline, isStopping: isStopping))
      case .verifying(let verification):
        var detail: String?
        if case .unhealthy(let reason) = hosts[index].health { detail = reason }
        let kind = WaitReason.Kind.health(host: host, healthySince: verification.healthySince, detail: detail)
        let end = verification.healthySince.map { $0 + plan.policy.minHealthyTime } ?? verification.deadline
        reasons.append(WaitReason(kind: kind, deadline: isFrozen ? nil : frozen(end)))
      case .waiting(let step) where takesDown(step) && !isAtRest: held.append(host)
      default: break
      }
    }
    if !held.isEmpty, pause == nil, isMovingHosts, !isTakingBaseline {
      let down = hosts.indices.filter { hosts[$0].isDown }
      let kind = WaitReason.Kind.availability(
        waiting: held, down: down.map { name($0) }, limit: plan.maxUnavailable)
      let skippable = down.first { hosts[$0].canBeSkipped }.map { name($0) } ?? held.first
      reasons.append(WaitReason(kind: kind, deadline: phaseDeadline, skippable: skippable))
    }
    return reasons
  }

  private func contact(_ host: HostID, _ intent: HostUpdate.Intent) -> WaitReason.Kind {
    switch intent.contact {
    case .sending: .step(host: host, intent.step, since: intent.since)
    case .asking: .answer(host: host, intent.step)
    case .deferred(let detail, let retryAt, _):
      .unreachable(host: host, intent.step, detail: detail, retryAt: retryAt)
    }
  }

  /// A pause freezes every clock.
  private func frozen(_ deadline: Timestamp) -> Timestamp? { pause == nil ? deadline : nil }

  private var isStopping: Bool { if case .stopping = phase { true } else { false } }

  private var isMovingHosts: Bool {
    switch phase {
    case .updating, .rollingBack: true
    default: false
    }
  }

  private var phaseDeadline: Timestamp? {
    switch phase {
    case .updating(_, let deadline), .rollingBack(_, let deadline), .waitingApproval(_, let deadline): deadline
    case .burningIn(_, let burnIn): burnIn.latest
    case .soaking(let soak): soak.until
    case .queued, .halted, .stuck, .stopping, .ended: nil
    }
  }
}
