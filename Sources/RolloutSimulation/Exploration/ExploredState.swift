package import RolloutCore

/// Everything there is in an explored world at one moment.
package struct ExploredState: Sendable {
  package let world: ExploredWorld
  package internal(set) var rollout: Rollout
  package internal(set) var hosts: [SimulatedHost]
  package internal(set) var now: Timestamp
  package internal(set) var isAlive = false
  package internal(set) var witness: SafetyWitness
  /// Trouble that may still come.
  var left: ExploredWorld.Bounds
  var wires: [Wire] = []
  /// Inputs taken in the turn that is not settled yet.
  var turn = 0
  /// What the last move recorded, for the history.
  var recorded: [Event] = []
  /// Records that the next decision gets to keep before the controller dies of it; nil: all, and it lives.
  var cut: Int?
  /// Events of the last decision before a cut.
  var decided = 0

  package init(_ world: ExploredWorld) {
    self.world = world
    rollout = Rollout(plan: world.plan, at: world.plan.createdAt)
    hosts = world.plan.hosts.map { SimulatedHost(current: $0.from) }
    now = world.plan.createdAt
    witness = SafetyWitness(plan: world.plan)
    left = world.bounds
  }

  /// Numbers of the effects that were begun and are waited for.
  func isAwaited(_ host: Int) -> Bool {
    wires.contains { wire in
      switch wire {
      case .command(host, _, _, isAwaited: true): true
      case .answer(host, _): true
      default: false
      }
    }
  }

  // MARK: What decides its future

  package var fingerprint: Fingerprint {
    var fingerprint = Fingerprint()
    addBounds(&fingerprint)
    RolloutFingerprint(rollout, now: now).add(to: &fingerprint)
    witness.add(to: &fingerprint, rollout, now)
    for index in hosts.indices { addHost(index, &fingerprint) }
    addWires(&fingerprint)
    return fingerprint
  }

  private func addBounds(_ fingerprint: inout Fingerprint) {
    var bits = isAlive ? 1 : 0
    for count in [left.faults, left.crashes, left.requests, left.verdicts, left.upsets, left.waits, turn] {
      bits = bits << 5 | count
    }
    fingerprint.add(bits)
  }

  private func addHost(_ index: Int, _ fingerprint: inout Fingerprint) {
    let host = hosts[index]
    var bits = 0
    for flag in [host.isUp, host.isDrained, host.isDownByUs, host.mendedAt != nil] { bits = bits << 1 | (flag ? 1 : 0) }
    let current = host.current == nil ? 0 : host.current == world.plan.release.version ? 1 : 2
    fingerprint.add(bits << 2 | current)
    let attempt = rollout.hosts[index].attempt
    // An outcome under an earlier attempt is asked about by nobody, and what is still on its way for it is left out.
    for entry in host.ledger where entry.attempt >= attempt || entry.record.isOpen {
      let place = (attempt - entry.attempt) << 8 | entry.step.ordinal << 5 | entry.record.ordinal << 2
      fingerprint.add(place | min(entry.effects, 3))
    }
    fingerprint.add(-2)
  }

  /// Of fences only the order matters, and only on one host.
  private func addWires(_ fingerprint: inout Fingerprint) {
    for wire in wires {
      switch wire {
      case .command(let host, let command, _, let isAwaited):
        let known = hosts[host].fence.map { command.fence < $0 ? 0 : command.fence == $0 ? 1 : 2 } ?? 3
        var present = 3
        if case .inFlight(let intent) = rollout.hosts[host].position {
          present = command.fence < intent.fence ? 0 : command.fence == intent.fence ? 1 : 2
        }
        let attempt = rollout.hosts[host].attempt - command.key.attempt
        let key = attempt << 8 | command.key.step.ordinal << 5
        fingerprint.add((host << 32 | key | known << 3 | present << 1 | (isAwaited ? 1 : 0)) << 1)
      case .answer(let host, let input): fingerprint.add((host << 32 | input.answerOrdinal) << 1 | 1)
      }
    }
  }

  /// Drops what can have no effect any more, and puts the rest in one order.
  mutating func tidyWires() {
    guard !wires.isEmpty else { return }
    wires.removeAll { wire in
      switch wire {
      case .command(let host, let command, _, let isAwaited):
        if isAwaited { return false }
        // Refused, or answered from the ledger, for ever.
        if let fence = hosts[host].fence, command.fence < fence, hosts[host].record(of: command.key) != .running {
          return true
        }
        if case .finished = hosts[host].record(of: command.key) { return true }
        return false
      case .answer(let host, let input):
        guard case .inFlight(let intent) = rollout.hosts[host].position else { return true }
        return input.answeredNumber != intent.number
      }
    }
    for index in wires.indices {
      // Whom a command was sent for may have moved on meanwhile; then nobody takes its answer.
      guard case .command(let host, let command, let number, isAwaited: true) = wires[index] else { continue }
      if case .inFlight(let intent) = rollout.hosts[host].position, intent.number == number { continue }
      wires[index] = .command(host: host, command, number: number, isAwaited: false)
    }
    if wires.count > 1 { wires.sort { $0.order < $1.order } }
  }
}

extension Wire {
  fileprivate var order: (Int, Int, Fence) {
    switch self {
    case .command(let host, let command, _, _): (host, 0, command.fence)
    case .answer(let host, _): (host, 1, Fence(epoch: 0, step: 0))
    }
  }
}

extension StepRecord {
  fileprivate var isOpen: Bool { self == .running || self == .interrupted }

  var ordinal: Int {
    switch self {
    case .absent: 0
    case .running: 1
    case .interrupted: 2
    case .finished(.succeeded): 3
    case .finished(.failed): 4
    case .finished: 5
    }
  }
}

extension Input {
  /// The effect that it answers.
  fileprivate var answeredNumber: Int64? {
    switch self {
    case .outcome(_, let number, _), .answered(_, let number, _), .unreachable(_, let number, _): number
    default: nil
    }
  }

  fileprivate var answerOrdinal: Int {
    switch self {
    case .outcome(_, _, .succeeded): 1
    case .outcome(_, _, .failed): 2
    case .outcome(_, _, .refused): 3
    case .outcome(_, _, .notSent): 4
    case .outcome(_, _, .unanswered): 5
    case .answered(_, _, let record): 8 + record.ordinal
    default: 0
    }
  }
}
