import RolloutCore

/// A command that a person can type now, and what it does.
struct NextCommand: Hashable, Sendable {
  /// Complete, from `canary` on.
  var command: String
  var effect: String
}

/// Builds command lines in one place, so that they fit what the verbs take.
struct CommandPhrase {
  /// What names the rollout on a command line.
  private let rollout: String

  /// Ids that end in a part of their own, as `checkout-20261121-140312-k3f9` does, are named by that part.
  init(rollout: RolloutID) {
    let parts = rollout.text.split(separator: "-")
    self.rollout = parts.count >= 4 && (parts.last?.count ?? 0) >= 4 ? String(parts[parts.count - 1]) : rollout.text
  }

  func verb(_ name: String, _ options: String = "", reason: Bool = false) -> String {
    "canary \(name) \(rollout)" + (options.isEmpty ? "" : " \(options)") + (reason ? " --reason '…'" : "")
  }

  func skip(_ host: HostID) -> String { "canary skip \(host) \(rollout) --reason '…'" }
}

extension NextCommand {
  /// What changes this reason, the likeliest first; only what the rollout accepts in its present state.
  static func commands(for reason: WaitReason, in rollout: Rollout) -> [NextCommand] {
    let choices = Choices(rollout)
    switch reason.kind {
    case .controller:
      return [NextCommand(command: choices.phrase.verb("resume"), effect: "takes it up and drives it")]
    // What goes its ordinary way is not offered a skip first.
    case .step(let host, _, _), .health(let host, .some, _), .health(let host, nil, nil):
      return choices.pausing + choices.stopping + choices.skip([host])
    case .answer(let host, _): return choices.stopping + choices.skip([host])
    case .unreachable(let host, _, _, _), .health(let host, nil, .some):
      return choices.skip([host]) + choices.stopping
    case .availability(_, let down, _):
      let troubled = down.filter(choices.isTroubled)
      return troubled.isEmpty
        ? choices.pausing + choices.stopping : choices.skip(troubled) + choices.stopping
    case .burnIn where rollout.hasPassedCurrentWave: return choices.pausing + choices.stopping
    case .burnIn: return choices.promote("passes the burn-in without a verdict") + choices.stopping
    case .baseline:
      return choices.pausing + choices.promote("goes on without the whole baseline") + choices.stopping
    case .judging: return choices.promote("passes the wave without waiting for the checks") + choices.stopping
    case .soak: return choices.promote("ends the soak before its time") + choices.stopping
    case .approval: return choices.promote("goes on with the next wave") + choices.stopping
    case .paused:
      return [NextCommand(command: choices.phrase.verb("resume"), effect: "goes on where it stands; clocks run again")]
        + choices.stopping
    case .halted(let halt): return choices.afterHalt(halt)
    case .stuck: return choices.afterStuck
    }
  }

  /// The commands of all reasons, each once.
  static func commands(in rollout: Rollout) -> [NextCommand] {
    var result: [NextCommand] = []
    for reason in WaitWords.ranked(rollout.waitingOn) {
      for next in commands(for: reason, in: rollout) where !result.contains(where: { $0.command == next.command }) {
        result.append(next)
      }
      if result.count >= 4 { break }
    }
    return result
  }
}

extension Rollout {
  /// The wave at work has passed, and something else keeps the next one.
  var hasPassedCurrentWave: Bool { currentWave.map { passedWaves > $0 } ?? false }
}

/// What the machine accepts of a rollout in its state, in the words of the command line.
private struct Choices {
  let rollout: Rollout
  let phrase: CommandPhrase

  init(_ rollout: Rollout) {
    self.rollout = rollout
    phrase = CommandPhrase(rollout: rollout.plan.rollout)
  }

  private var canTurnBack: Bool { rollout.exposedHosts.isEmpty || rollout.isReversible }

  private var isStopping: Bool { if case .stopping = rollout.phase { true } else { false } }

  private var isRollingBack: Bool { if case .rollingBack = rollout.phase { true } else { false } }

  var stopping: [NextCommand] {
    guard !isStopping, !rollout.isEnded else { return [] }
    let hold = NextCommand(
      command: phrase.verb("abort", "--hold"), effect: "stops here; nothing new starts, steps on their way finish")
    let back = NextCommand(
      command: phrase.verb("abort", "--rollback"), effect: "takes every touched host back to what it ran")
    guard !isRollingBack, canTurnBack else { return [hold] }
    return rollout.plan.policy.onAbort == .hold ? [hold, back] : [back, hold]
  }

  var pausing: [NextCommand] {
    guard rollout.pause == nil else { return [] }
    switch rollout.phase {
    case .queued, .updating, .burningIn, .waitingApproval, .soaking:
      return [NextCommand(command: phrase.verb("pause"), effect: "holds it here, clocks included")]
    case .halted, .rollingBack, .stuck, .stopping, .ended: return []
    }
  }

  /// Down for another reason than that its turn has come.
  func isTroubled(_ id: HostID) -> Bool {
    guard let index = rollout.plan.hosts.firstIndex(where: { $0.instance.id == id }) else { return false }
    if case .unhealthy = rollout.hosts[index].health { return true }
    return rollout.hosts[index].isFailed || rollout.hosts[index].stateName == "unknown"
  }

  func promote(_ effect: String) -> [NextCommand] {
    [NextCommand(command: phrase.verb("promote", reason: true), effect: effect)]
  }

  private func canSkip(_ index: Int) -> Bool {
    let host = rollout.hosts[index]
    switch host.position {
    case .outside, .skipped, .reverted: return false
    case .healthy: return host.direction == .revert
    default: return true
    }
  }

  /// The first of these hosts that may be left out.
  func skip(_ hosts: [HostID], then: String = "") -> [NextCommand] {
    for id in hosts {
      guard let index = rollout.plan.hosts.firstIndex(where: { $0.instance.id == id }), canSkip(index) else { continue }
      let effect =
        rollout.hosts[index].isTouched
        ? "leaves \(id) out; what it runs is then yours to check\(then)" : "leaves \(id) out, as it is\(then)"
      return [NextCommand(command: phrase.skip(id), effect: effect)]
    }
    return []
  }

  private var failedHosts: [HostID] {
    rollout.hosts.indices.filter { rollout.hosts[$0].isFailed }.map { rollout.name($0) }
  }

  private var rollback: [NextCommand] {
    guard canTurnBack else { return [] }
    let effect = "takes every touched host back to what it ran"
    return [NextCommand(command: phrase.verb("abort", "--rollback"), effect: effect)]
  }

  private var hold: NextCommand {
    NextCommand(command: phrase.verb("abort", "--hold"), effect: "ends it; every host stays as it is now")
  }

  func afterHalt(_ halt: Halt) -> [NextCommand] {
    let retry = NextCommand(
      command: phrase.verb("retry"), effect: "begins the wave's failed hosts anew, after the cause is fixed")
    let again = NextCommand(command: phrase.verb("retry"), effect: "begins the burn-in anew")
    let hasPassed = rollout.hasPassedCurrentWave
    switch halt.cause {
    case .failed:
      let anew = NextCommand(
        command: phrase.verb("retry"), effect: "judges the wave anew, after the cause is fixed")
      if rollout.isCondemned, failedHosts.isEmpty { return rollback + [anew, hold] }
      return rollback + [retry] + skip(failedHosts, then: "; then retry") + [hold]
    case .inconclusive, .noData:
      return promote("goes on without a verdict") + (hasPassed ? [] : [again]) + rollback + [hold]
    case .approvalTimedOut: return promote("goes on with the next wave") + rollback + [hold]
    }
  }

  var afterStuck: [NextCommand] {
    let retry = NextCommand(command: phrase.verb("retry"), effect: "tries the hosts that failed once more")
    return [retry] + skip(failedHosts, then: "; then retry") + [hold]
  }
}
