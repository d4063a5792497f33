/// Where one instance is on its way to the release, or back.
public struct HostUpdate: Hashable, Sendable {
  public internal(set) var position: Position
  public internal(set) var direction: Direction = .forward
  /// How often its steps were begun anew by `retry`; part of every key.
  public internal(set) var attempt = 1
  /// A drain, an activation or a revert was intended: it may no longer be as it was found.
  public internal(set) var isTouched = false
  /// An activation of the release was intended: it may run it.
  public internal(set) var isActivated = false
  /// It was not serving when it began to wait for its present step.
  public internal(set) var isImpaired = false
  /// It was seen not to serve when it began to wait for its present step; without this, it may serve after all.
  public internal(set) var isSeenDown = false
  /// Taken out of its load balancer by `drain` and not put back.
  public internal(set) var isDrained = false
  /// Last word of its probes for the version it should run now; nil when they have not agreed yet.
  public internal(set) var health: Health?

  public enum Direction: Hashable, Sendable { case forward, revert }

  public enum Position: Hashable, Sendable {
    /// Not part of the work: on the release already, or excluded. Stays.
    case outside
    /// The next step may be intended when the wave and the availability floor allow. Goes to inFlight.
    case waiting(StepKind)
    /// An intent is recorded and has no outcome yet. Goes to waiting, verifying, healthy, reverted or failed.
    case inFlight(Intent)
    /// Activated; its probes decide. Goes to waiting (undrain), healthy, reverted or failed.
    case verifying(Verification)
    /// Forward work done. Can go to failed (its probes turned) or to waiting (a revert).
    case healthy(since: Timestamp)
    /// Backward work done. Stays.
    case reverted(since: Timestamp)
    /// Goes to waiting by `retry` or a rollback, or to skipped. `isUnknown`: what it runs is not known.
    case failed(detail: String, isUnknown: Bool)
    /// Left out by an operator. Stays.
    case skipped(reason: String)
  }

  public struct Intent: Hashable, Sendable {
    public var step: StepKind
    public var fence: Fence
    /// Number of the outstanding effect; answers to any other are late.
    public var number: Int64
    public var since: Timestamp
    public var giveUp: Timestamp
    public var tries: Int
    public var contact: Contact
  }

  public enum Contact: Hashable, Sendable {
    case sending
    case asking
    /// Not reachable. `thenAsk`: it may have acted, so a question comes before another send.
    case deferred(detail: String, retryAt: Timestamp, thenAsk: Bool)
  }

  public struct Verification: Hashable, Sendable {
    public var since: Timestamp
    public var deadline: Timestamp
    public var healthySince: Timestamp?
  }

  /// The instance may not be serving: down, on its way, unhealthy, or not known. Counts against `maxUnavailable`.
  public var isDown: Bool {
    if case .unhealthy = health { return true }
    switch position {
    case .outside, .skipped: return false
    case .healthy, .reverted: return false
    case .waiting(let step): return isDrained || isImpaired || step == .undrain || step == .revertUndrain
    case .verifying: return true
    case .failed(_, let isUnknown): return isTouched || isUnknown
    case .inFlight(let intent):
      if case .sending = intent.contact { return intent.step != .stage || isDrained || isImpaired }
      return !planted(.unknownCountsAsServing)
    }
  }

  /// A person may leave it out: it is part of the work and not done with it.
  var canBeSkipped: Bool {
    switch position {
    case .outside, .skipped, .reverted: false
    case .healthy: direction == .revert
    case .waiting, .inFlight, .verifying, .failed: true
    }
  }

  public var isFailed: Bool { if case .failed = position { true } else { false } }

  /// Done with what its direction asks, or out of it.
  public var isSettled: Bool {
    switch position {
    case .outside, .healthy, .reverted, .failed, .skipped: true
    case .waiting, .inFlight, .verifying: false
    }
  }

  /// The host state's name as people see it.
  public var stateName: String {
    switch position {
    case .outside: return "unchanged"
    case .waiting(.stage): return "pending"
    case .waiting(let step): return direction == .revert || step.isRevert ? "reverting" : "staged"
    case .inFlight(let intent):
      guard case .sending = intent.contact else { return "unknown" }
      if intent.step.isRevert { return "reverting" }
      switch intent.step {
      case .stage: return "staging"
      case .drain, .undrain: return "draining"
      default: return "activating"
      }
    case .verifying: return direction == .revert ? "reverting" : "verifying"
    case .healthy: return "healthy"
    case .reverted: return "reverted"
    case .failed(_, let isUnknown): return isUnknown ? "unknown" : "failed"
    case .skipped: return "skipped"
    }
  }
}

extension StepKind {
  /// Flips `current` and restarts the service.
  public var isActivation: Bool { self == .activate || self == .revertActivate }

  public var isRevert: Bool {
    switch self {
    case .revertDrain, .revertActivate, .revertUndrain: true
    case .stage, .drain, .activate, .undrain: false
    }
  }
}
