internal import RolloutCore

/// What can happen next.
extension ExploredState {
  /// Every move that is possible now, always in the same order. Empty only where nothing can happen any more.
  package var moves: [Move] {
    var moves: [Move] = []
    addWireMoves(&moves)
    for index in hosts.indices where hosts[index].isWorking {
      moves.append(.finish(host: index))
      if left.faults > 0 { moves.append(.interrupt(host: index)) }
    }
    guard !rollout.isEnded else { return moves }
    guard isAlive else { return moves + [.takeOver(outage: .zero), .takeOver(outage: .seconds(7))] }
    if turn > 0 { moves.append(.settle) }
    if left.crashes > 0 { moves.append(.crash) }
    if turn < world.turnLength {
      addEffectMoves(&moves)
      if left.requests > 0 { moves += world.verbs.map { .say($0) } }
    }
    addUpsets(&moves)
    if turn == 0 {
      let deadline = rollout.nextDeadline
      if deadline != nil { moves.append(.tick) }
      if left.waits > 0, deadline.map({ $0 - now > Self.instant }) ?? true { moves.append(.wait) }
    }
    return moves
  }

  static let instant = TimeSpan.seconds(1)

  private func addWireMoves(_ moves: inout [Move]) {
    for (index, wire) in wires.enumerated() {
      switch wire {
      case .command(_, _, _, let isAwaited):
        moves.append(.arrive(wire: index))
        if isAwaited { moves.append(.timeOut(wire: index)) }
      case .answer where isAlive && turn < world.turnLength:
        moves.append(.deliver(wire: index))
        moves.append(.timeOut(wire: index))
      case .answer: break
      }
    }
  }

  private func addEffectMoves(_ moves: inout [Move]) {
    for effect in rollout.outstanding {
      switch effect {
      case .perform(let host, _, let command): if !isAwaited(host) { addFates(host, command, &moves) }
      case .ask(let host, _, _):
        // Within a turn only what was begun before it comes back.
        if isAwaited(host) || turn > 0 { break }
        moves.append(.ask(host: host, .answered))
        if left.faults > 0 { moves += [.ask(host: host, .unreachable), .ask(host: host, .late)] }
      case .watch(let host, let expecting):
        if hasNews(host, expecting) { moves.append(.probe(host: host)) }
      case .analyse:
        if left.verdicts > 0 { moves += Verdict.Outcome.allCases.map { .verdict($0) } }
        if left.verdicts > 0, rollout.isTakingBaseline { moves.append(.historyIsFound) }
      }
    }
  }

  private func addFates(_ host: Int, _ command: HostCommand, _ moves: inout [Move]) {
    moves.append(.step(host: host, .done))
    guard left.faults > 0 else { return }
    let acts = wouldBegin(host, command)
    for fate in Move.Fate.allCases {
      switch fate {
      case .done: continue
      case .fails, .lostAfter, .interrupted, .hangs, .comesTwice: if !acts { continue }
      // Without probes nobody could tell.
      case .comesUpSick, .keepsOldVersion:
        if !acts || !command.key.step.isActivation || world.plan.policy.probes.isEmpty { continue }
      case .notSent, .lostBefore, .straggles, .slow: break
      }
      moves.append(.step(host: host, fate))
    }
  }

  private func wouldBegin(_ host: Int, _ command: HostCommand) -> Bool {
    if hosts[host].isWorking { return false }
    var copy = hosts[host]
    return copy.accept(command) == .begins
  }

  private func addUpsets(_ moves: inout [Move]) {
    guard left.upsets > 0 else { return }
    for index in hosts.indices {
      if hosts[index].isUp {
        moves.append(.fall(host: index))
      } else if hosts[index].current != nil, !hosts[index].isWorking {
        moves.append(.mend(host: index))
      }
    }
  }

  /// The controller would hear something that it does not know, or does not assume of every untouched instance.
  private func hasNews(_ host: Int, _ expecting: Version?) -> Bool {
    switch (rollout.hosts[host].health, health(host, expecting)) {
    case (.healthy, .healthy), (.unhealthy, .unhealthy): false
    case (nil, .healthy): expecting != nil || rollout.hosts[host].isImpaired
    default: true
    }
  }

  func health(_ host: Int, _ expecting: Version?) -> Health {
    if !hosts[host].isUp { return .unhealthy(detail: "connection refused") }
    if let expecting, hosts[host].current != expecting { return .unhealthy(detail: "wrong version answers") }
    return .healthy
  }

  // MARK: Calm

  /// What happens next when nothing goes wrong any more, nobody asks for anything and the checks are silent. Nil: it
  /// has come to rest.
  package var calmMove: Move? {
    if turn > 0 { return .settle }
    if rollout.isEnded { return nil }
    guard isAlive else { return .takeOver(outage: .zero) }
    for (index, wire) in wires.enumerated() {
      switch wire {
      case .command(_, _, _, isAwaited: true): return .arrive(wire: index)
      case .answer: return .deliver(wire: index)
      case .command: continue
      }
    }
    for index in hosts.indices where hosts[index].isWorking { return .finish(host: index) }
    for effect in rollout.outstanding {
      switch effect {
      case .perform(let host, _, _): return .step(host: host, .done)
      case .ask(let host, _, _): return .ask(host: host, .answered)
      case .watch(let host, let expecting):
        if hasNews(host, expecting) { return .probe(host: host) }
      case .analyse: continue
      }
    }
    // What a pause holds waits for a person, however often a host is still asked meanwhile.
    return rollout.nextDeadline == nil || rollout.pause != nil ? nil : .tick
  }
}
