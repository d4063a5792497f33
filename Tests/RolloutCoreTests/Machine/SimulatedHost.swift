import RolloutCore

/// What goes wrong with one step on one host, once.
struct Fault {
  enum Kind: CaseIterable {
    /// The host tries and says no. A failed restart leaves the instance down.
    case fails
    case notSent
    /// No answer, and the host never had it.
    case lostBefore
    /// The host acts, and its answer is lost.
    case lostAfter
    /// The host's worker dies half way, before any effect.
    case interrupted
    /// The host never finishes.
    case hangs
    /// Half a minute late on the wire, while the sender believes it lost.
    case straggles
    case answersTwice
    /// The step succeeds and what runs is what ran before.
    case keepsOldVersion
  }
  var host: Int
  var step: StepKind
  var kind: Kind
  /// How often it happens.
  var times = 1
}

/// One instance and its host: what runs, what serves, and the ledger that makes steps happen once.
struct SimulatedHost {
  var current: Version?
  /// The process answers and is well.
  var isUp: Bool
  var isDrained = false
  /// A step of ours took it down, or is about to.
  var isDownByUs = false
  var isReachable = true
  /// When somebody last mended it behind the rollout's back.
  var mendedAt: Timestamp?
  var fence: Fence?
  var ledger: [StepKey: StepRecord] = [:]
  /// How often each key had an effect.
  var effects: [StepKey: Int] = [:]
  /// Every key in the order of its effect.
  var applied: [StepKey] = []

  init(current: Version?) {
    self.current = current
    isUp = current != nil
  }

  var serves: Bool { isUp && !isDrained }

  enum Acceptance {
    case begins
    case repeats(Outcome)
    case busy
    case refused(Fence)
  }

  mutating func accept(_ command: HostCommand) -> Acceptance {
    switch ledger[command.key] {
    case .finished(let outcome): return .repeats(outcome)
    case .running: return .busy
    case .interrupted, .absent, nil: break
    }
    if let fence, command.fence < fence { return .refused(fence) }
    fence = command.fence
    ledger[command.key] = .running
    if command.key.step.takesDown, isUp { isDownByUs = true }
    if case .activate = command.action { isUp = false }
    return .begins
  }

  /// Writes the outcome down and lets the step have its effect.
  mutating func finish(_ command: HostCommand, _ outcome: Outcome, keepsOldVersion: Bool) {
    ledger[command.key] = .finished(outcome)
    effects[command.key, default: 0] += 1
    applied.append(command.key)
    switch command.action {
    case .stage: break
    case .activate(let activation): if !keepsOldVersion { current = activation.version }
    case .run:
      if outcome == .succeeded { isDrained = command.key.step == .drain || command.key.step == .revertDrain }
      if isUp, !isDrained { isDownByUs = false }
    }
  }
}

extension StepKind {
  /// An intent of this step takes an instance out of service.
  var takesDown: Bool {
    switch self {
    case .drain, .activate, .revertDrain, .revertActivate: true
    case .stage, .undrain, .revertUndrain: false
    }
  }
}
