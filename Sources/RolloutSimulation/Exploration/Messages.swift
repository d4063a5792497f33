internal import RolloutCore

/// Commands and questions on their way to hosts, and what comes back.
extension ExploredState {
  mutating func performStep(_ host: Int, _ fate: Move.Fate) {
    guard let (number, command) = outstandingStep(host) else { return }
    // Within a turn only what was sent before it comes back.
    if turn == 0 { witness.seeSent(command, host, rollout) }
    if fate != .done { left.faults -= 1 }
    func outcome(_ outcome: Outcome) -> Input { .outcome(host: host, number: number, outcome) }
    let lost = outcome(.unanswered(detail: "connection lost"))
    switch fate {
    case .notSent: give(outcome(.notSent(detail: "no route to host")))
    case .lostBefore: give(lost)
    case .slow: wires.append(.command(host: host, command, number: number, isAwaited: true))
    case .straggles:
      wires.append(.command(host: host, command, number: number, isAwaited: false))
      give(lost)
    case .interrupted, .hangs, .lostAfter:
      _ = act(host, command, fate)
      give(lost)
    case .comesTwice:
      wires.append(.command(host: host, command, number: number, isAwaited: false))
      give(outcome(act(host, command, fate)))
    case .done, .fails, .comesUpSick, .keepsOldVersion: give(outcome(act(host, command, fate)))
    }
  }

  private func outstandingStep(_ host: Int) -> (number: Int64, command: HostCommand)? {
    for case .perform(host, let number, let command) in rollout.outstanding { return (number, command) }
    return nil
  }

  /// The command reaches the host. The answer it gives.
  private mutating func act(_ host: Int, _ command: HostCommand, _ fate: Move.Fate) -> Outcome {
    let couldServe = hosts[host].serves
    let fence = hosts[host].fence
    // Another step holds the host's lock.
    if hosts[host].isWorking, hosts[host].record(of: command.key) == .absent {
      return .notSent(detail: "another step still runs")
    }
    switch hosts[host].accept(command) {
    case .refused(let current): return .refused(current: current)
    case .repeats(let outcome): return outcome
    case .busy: return .unanswered(detail: "busy with it")
    case .begins: break
    }
    if let fence, command.fence < fence { witness.report("\(command.key) begins below the host's fence \(fence)") }
    if hosts[host].mendedAt != nil {
      // Its probes have not told that it serves again, so it is no more down than everybody believes.
      hosts[host].isDownByUs = false
      hosts[host].mendedAt = nil
    } else if couldServe, command.key.step.takesDown, isInFlight(command.key, host) {
      witness.seeTakenDown(host, rollout, hosts)
    }
    switch fate {
    case .interrupted: hosts[host].interrupt(command.key)
    case .hangs: break
    default: complete(host, command, fate)
    }
    return fate == .fails ? .failed(detail: "exit status 1") : .succeeded
  }

  /// The rollout still waits for the outcome. One that was given up on cannot be called back: it may come through until
  /// the host has seen a newer fence, and take down an instance that its probes have meanwhile reported well. That is a
  /// known gap of the availability rule (docs/EXPLORATION.md), so only steps in flight are held against it.
  private func isInFlight(_ key: StepKey, _ host: Int) -> Bool {
    guard case .inFlight(let intent) = rollout.hosts[host].position else { return false }
    return intent.step == key.step && rollout.hosts[host].attempt == key.attempt
  }

  private mutating func complete(_ host: Int, _ command: HostCommand, _ fate: Move.Fate) {
    let outcome: Outcome = fate == .fails ? .failed(detail: "exit status 1") : .succeeded
    hosts[host].finish(command, outcome, keepsOldVersion: fate == .keepsOldVersion)
    if case .activate = command.action, fate != .fails, fate != .comesUpSick {
      hosts[host].isUp = true
      if !hosts[host].isDrained { hosts[host].isDownByUs = false }
    }
    witness.checkEffects(hosts[host], rollout.name(host))
  }

  mutating func arrive(_ index: Int) {
    guard case .command(let host, let command, let number, let isAwaited) = wires.remove(at: index) else { return }
    let outcome = act(host, command, .done)
    if isAwaited, isAlive { wires.append(.answer(host: host, .outcome(host: host, number: number, outcome))) }
  }

  mutating func timeOut(_ index: Int) {
    let lost = Outcome.unanswered(detail: "timed out")
    switch wires.remove(at: index) {
    case .command(let host, let command, let number, _):
      wires.append(.command(host: host, command, number: number, isAwaited: false))
      give(.outcome(host: host, number: number, lost))
    case .answer(let host, .answered(_, let number, _)):
      give(.unreachable(host: host, number: number, detail: "timed out"))
    case .answer(let host, .outcome(_, let number, _)): give(.outcome(host: host, number: number, lost))
    case .answer: break
    }
  }

  mutating func ask(_ host: Int, _ reply: Move.Reply) {
    for case .ask(host, let number, let key) in rollout.outstanding {
      if reply != .answered { left.faults -= 1 }
      let answer = Input.answered(host: host, number: number, hosts[host].record(of: key))
      switch reply {
      case .answered: give(answer)
      case .unreachable: give(.unreachable(host: host, number: number, detail: "no route to host"))
      case .late: wires.append(.answer(host: host, answer))
      }
      return
    }
  }

  /// The host's worker, long given up on, comes to its end.
  mutating func finishLate(_ host: Int) {
    guard let command = hosts[host].work else { return }
    complete(host, command, .done)
  }
}
