package import RolloutCore

/// One instance and its host in one rollout: what runs, what serves, and the ledger that makes steps happen once.
package struct SimulatedHost: Hashable, Sendable {
  package var current: Version?
  /// The process answers and is well.
  package var isUp: Bool
  package var isDrained = false
  /// A step of ours took it down, or is about to.
  package var isDownByUs = false
  package var isReachable = true
  /// When somebody last mended it behind the rollout's back.
  package var mendedAt: Timestamp?
  package private(set) var fence: Fence?
  /// Every step that was accepted, in the order of acceptance.
  package private(set) var ledger: [Entry] = []

  /// What it works on.
  package private(set) var work: HostCommand?

  package struct Entry: Hashable, Sendable {
    package var step: StepKind
    package var attempt: Int
    package var record: StepRecord
    /// How often it had its effect.
    package var effects = 0
  }

  package init(current: Version?) {
    self.current = current
    isUp = current != nil
  }

  package var serves: Bool { isUp && !isDrained }

  package enum Acceptance: Hashable, Sendable {
    case begins
    case repeats(Outcome)
    case busy
    case refused(Fence)
  }

  private func place(_ key: StepKey) -> Int? {
    ledger.firstIndex { $0.step == key.step && $0.attempt == key.attempt }
  }

  package func record(of key: StepKey) -> StepRecord { place(key).map { ledger[$0].record } ?? .absent }

  /// Some step is being worked on: it holds the host's lock.
  package var isWorking: Bool { ledger.contains { $0.record == .running } }

  package mutating func accept(_ command: HostCommand) -> Acceptance {
    let place = place(command.key)
    switch place.map({ ledger[$0].record }) {
    case .finished(let outcome): return .repeats(outcome)
    case .running: return .busy
    case .interrupted, .absent, nil: break
    }
    if let fence, command.fence < fence { return .refused(fence) }
    fence = command.fence
    if let place {
      ledger[place].record = .running
    } else {
      ledger.append(Entry(step: command.key.step, attempt: command.key.attempt, record: .running))
    }
    work = command
    if command.key.step.takesDown, isUp { isDownByUs = true }
    if case .activate = command.action { isUp = false }
    return .begins
  }

  /// Its worker died half way, before any effect.
  package mutating func interrupt(_ key: StepKey) {
    if let place = place(key) { ledger[place].record = .interrupted }
    if work?.key == key { work = nil }
  }

  /// Writes the outcome down and lets the step have its effect.
  package mutating func finish(_ command: HostCommand, _ outcome: Outcome, keepsOldVersion: Bool) {
    if let place = place(command.key) {
      ledger[place].record = .finished(outcome)
      ledger[place].effects += 1
    }
    if work?.key == command.key { work = nil }
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
  package var takesDown: Bool {
    switch self {
    case .drain, .activate, .revertDrain, .revertActivate: true
    case .stage, .undrain, .revertUndrain: false
    }
  }
}
