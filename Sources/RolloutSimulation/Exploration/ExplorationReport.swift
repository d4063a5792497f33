internal import RolloutCore

/// What a visit to every state of a world came to.
package struct ExplorationReport: Sendable {
  package var world: String
  package var bounds: ExploredWorld.Bounds
  package var states = 0
  package var transitions = 0
  /// Different states of the rollout itself among them.
  package var rollouts = 0
  /// States in which it has ended.
  package var ends = 0
  /// Moves on the shortest way to the farthest state.
  package var depth = 0
  /// Moves until the end or a rest from the state that is farthest from it, once nothing goes wrong any more.
  package var longestCalm = 0
  /// Every state within the bounds was visited.
  package var isComplete = false
  package var violations: [Violation] = []

  package struct Violation: Sendable {
    package var rule: String
    /// The shortest way there, for people.
    package var history: [String]
  }
}

extension Event {
  /// One line for people.
  func told(_ rollout: Rollout) -> String {
    func name(_ host: Int) -> String { rollout.name(host).text }
    switch self {
    case .stepIntended(let host, let step, let attempt, let fence, _):
      return "intends \(step.rawValue) \(attempt) on \(name(host)) under fence \(fence)"
    case .stepFinished(let host, let step, _): return "\(step.rawValue) finished on \(name(host))"
    case .stepFailed(let host, let step, let detail): return "\(step.rawValue) failed on \(name(host)): \(detail)"
    case .stepDeferred(let host, let detail, _): return "\(name(host)) deferred: \(detail)"
    case .stepQuestioned(let host, let detail): return "\(name(host)) will be asked: \(detail)"
    case .stepReissued(let host, let fence): return "\(name(host)) is sent its step again under fence \(fence)"
    case .questionRepeated(let host): return "\(name(host)) will be asked again"
    case .healthChanged(let host, let health): return "\(name(host)) is \(health)"
    case .hostVerified(let host, _): return "\(name(host)) is verified"
    case .hostFailed(let host, let detail): return "\(name(host)) failed: \(detail)"
    case .wavePassed(let wave, let grounds): return "wave \(wave + 1) passed: \(grounds)"
    case .halted(let halt): return "halted: \(halt.cause.rawValue), \(halt.detail)"
    case .stuck(let detail): return "stuck: \(detail)"
    case .ended(let fate, let detail): return "ended \(fate.rawValue): \(detail)"
    default: return kind
    }
  }
}
