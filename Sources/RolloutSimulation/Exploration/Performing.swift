internal import RolloutCore

/// Carrying a move out.
extension ExploredState {
  /// Makes the move. Where people ask for something that is refused, nothing changes.
  package mutating func perform(_ move: Move) {
    recorded = []
    switch move {
    case .takeOver(let outage): takeOver(outage)
    case .crash: crash()
    case .step(let host, let fate): performStep(host, fate)
    case .ask(let host, let reply): ask(host, reply)
    case .arrive(let index): arrive(index)
    case .deliver(let index):
      if case .answer(_, let input) = wires.remove(at: index) { give(input) }
    case .timeOut(let index): timeOut(index)
    case .finish(let host): finishLate(host)
    case .interrupt(let host):
      left.faults -= 1
      if let key = hosts[host].work?.key { hosts[host].interrupt(key) }
    case .probe(let host): probe(host)
    case .verdict(let outcome): judge(outcome)
    case .historyIsFound:
      left.verdicts -= 1
      give(.baselineTaken(number: rollout.analysisNumber))
    case .say(let verb): say(verb)
    case .fall(let host):
      left.upsets -= 1
      if hosts[host].isUp { hosts[host].isDownByUs = false }
      hosts[host].isUp = false
      hosts[host].mendedAt = nil
    case .mend(let host): mend(host)
    case .tick:
      if let deadline = rollout.nextDeadline { now = max(now, deadline) }
      give(.tick)
    case .wait:
      left.waits -= 1
      now = now + (rollout.nextDeadline == nil ? .minutes(1) : Self.instant)
    case .settle: settle()
    }
    tidyWires()
    if rollout.isEnded { witness.judgeEnd(rollout, hosts) }
  }

  // MARK: Inputs

  mutating func give(_ input: Input) {
    guard isAlive else { return }
    let settles = world.turnLength == 1
    if settles || input.comesLast {
      decide(input, settling: true)
      if !settles { settle() }
    } else {
      decide(input, settling: false)
      if isAlive { turn += 1 }
    }
  }

  mutating func settle() {
    turn = 0
    if isAlive { decide(.tick, settling: true) }
  }

  private mutating func decide(_ input: Input, settling: Bool) {
    witness.seeOffered(input, rollout)
    let events: [Event]
    do { events = try rollout.decide(input, now: now, settling: settling) } catch {
      if error.message.isEmpty { witness.report("no message for \(error)") }
      return
    }
    decided = events.count
    for event in events {
      if let cut, recorded.count >= cut { break }
      let before = rollout
      let at = max(now, before.lastEventAt)
      do { try rollout.apply(event, at: at) } catch {
        return witness.report("apply refuses what decide gave for \(input): \(error.message)")
      }
      recorded.append(event)
      witness.see(event, at: at, before, rollout)
    }
    if cut != nil { return crash() }
    // A turn is settled later, so until then a repeat may still find what the first left open.
    if settling, turn == 0 { witness.checkRepeat(of: input, rollout, now) }
  }

  // MARK: Controllers and people

  private mutating func takeOver(_ outage: TimeSpan) {
    isAlive = true
    let isFirst = rollout.epoch == 0
    now = now + (isFirst ? .zero : outage)
    give(.tookOver(epoch: rollout.epoch + 1, holder: "next", gap: isFirst ? .zero : outage))
  }

  /// Nothing that was recorded is lost, and what a controller that only seems dead would still send may arrive.
  private mutating func crash() {
    left.crashes -= 1
    cut = nil
    turn = 0
    isAlive = false
    for effect in rollout.outstanding {
      guard case .perform(let host, let number, let command) = effect, !isAwaited(host) else { continue }
      wires.append(.command(host: host, command, number: number, isAwaited: false))
    }
    wires.removeAll { if case .answer = $0 { true } else { false } }
    for index in wires.indices {
      guard case .command(let host, let command, let number, isAwaited: true) = wires[index] else { continue }
      wires[index] = .command(host: host, command, number: number, isAwaited: false)
    }
  }

  private mutating func say(_ verb: Input.Verb) {
    left.requests -= 1
    let operation = Operation(request: "request \(left.requests)", by: "ann", reason: "why not")
    give(.operation(operation, verb))
  }

  private mutating func judge(_ outcome: Verdict.Outcome) {
    left.verdicts -= 1
    var verdict = Verdict(outcome: outcome, reason: "so")
    verdict.lastSample = (rollout.verdict?.lastSample ?? 0) + 1
    give(.verdict(number: rollout.analysisNumber, verdict))
  }

  // MARK: Instances

  private mutating func probe(_ host: Int) {
    for case .watch(host, let expecting) in rollout.outstanding {
      let health = health(host, expecting)
      if health == .healthy { hosts[host].mendedAt = nil }
      give(.health(host: host, expecting: expecting, health))
      return
    }
  }

  private mutating func mend(_ host: Int) {
    left.upsets -= 1
    hosts[host].isUp = true
    hosts[host].mendedAt = world.plan.createdAt
    if hosts[host].serves { hosts[host].isDownByUs = false }
  }
}
