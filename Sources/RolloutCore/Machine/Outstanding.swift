/// Views: what is to be done, when time alone changes something.
extension Rollout {
  /// Everything to be done now, in host order. A view of the state, not a queue: asking twice gives the same, and an
  /// effect is gone when an event answered it or made it pointless.
  public var outstanding: [Effect] {
    var effects: [Effect] = []
    guard !isEnded, epoch > 0 else { return effects }
    for index in hosts.indices {
      if case .inFlight(let intent) = hosts[index].position {
        switch intent.contact {
        case .sending: effects.append(.perform(host: index, number: intent.number, command(index, intent)))
        case .asking: effects.append(.ask(host: index, number: intent.number, key(index, intent.step)))
        case .deferred: break
        }
      }
      if isWatched(index) { effects.append(.watch(host: index, expecting: expectedVersion(index))) }
    }
    if let analysis { effects.append(.analyse(analysis)) }
    return effects
  }

  /// Probes run on every instance that serves or should: untouched ones, and updated ones from their activation to the
  /// end. Not on one that is being restarted, and not where nothing follows from the answer.
  package func isWatched(_ index: Int) -> Bool {
    guard !plan.policy.probes.isEmpty, !isEnded else { return false }
    // Nothing runs there yet, so there is nothing to ask and no availability to lose.
    if isNew(index) { return false }
    switch hosts[index].position {
    case .outside: return plan.hosts[index].task == .none
    case .waiting(.undrain), .waiting(.revertUndrain): return true
    case .waiting: return !hosts[index].isDrained
    case .inFlight(let intent): return intent.step == .stage
    case .verifying, .healthy, .reverted: return true
    case .failed, .skipped: return false
    }
  }

  /// Hosts whose own state can move now. Nil: none can.
  var activeHosts: [Int]? {
    switch phase {
    case .queued, .ended: nil
    case .updating(let wave, _), .burningIn(let wave, _), .waitingApproval(let wave, _), .halted(let wave, _):
      planted(.allWavesAtOnce)
        ? plan.waves.flatMap(\.hosts) : wave == 0 ? plan.waves[wave].hosts : plan.waves[...wave].flatMap(\.hosts)
    case .soaking: plan.waves.flatMap(\.hosts)
    case .rollingBack:
      // What does not serve goes first: turning it back costs no availability.
      hosts.indices.filter { hosts[$0].isDown } + hosts.indices.filter { !hosts[$0].isDown }
    case .stuck, .stopping: Array(hosts.indices)
    }
  }

  /// Every host up to this wave is done or out of it.
  func isSettled(through wave: Int) -> Bool {
    plan.waves[...wave].allSatisfy { $0.hosts.allSatisfy { hosts[$0].isSettled } }
  }

  /// Instances that are out of their load balancer with nothing else left to do to them.
  var hasHostsToPutBack: Bool {
    hosts.contains { host in
      switch host.position {
      case .waiting(.undrain), .waiting(.revertUndrain): true
      default: false
      }
    }
  }

  /// Verification stands still: nobody will act on its end.
  var isFrozen: Bool {
    switch phase {
    case .halted, .stopping, .stuck: true
    default: false
    }
  }

  /// No forward step may be sent any more.
  package var isForwardStopped: Bool {
    switch phase {
    case .halted, .stuck, .stopping, .rollingBack, .ended: true
    case .queued, .updating, .burningIn, .waitingApproval, .soaking: false
    }
  }

  /// When a tick next changes something; nil: never by itself. Ticks before it change nothing.
  public var nextDeadline: Timestamp? {
    var earliest: Timestamp?
    func consider(_ time: Timestamp?) {
      guard let time else { return }
      earliest = earliest.map { min($0, time) } ?? time
    }
    switch phase {
    case .ended: return nil
    case .rollingBack(_, let deadline): consider(deadline)
    case _ where pause != nil: break
    case .updating(_, let deadline): consider(baselineEnd ?? deadline)
    case .burningIn(let wave, let burnIn): consider(burnInDeadline(wave, burnIn))
    case .waitingApproval(_, let deadline): consider(deadline)
    case .soaking(let soak): consider(soak.until)
    case .queued, .halted, .stuck, .stopping: break
    }
    for index in activeHosts ?? [] { consider(hostDeadline(index)) }
    return earliest
  }

  func burnInDeadline(_ wave: Int, _ burnIn: Phase.BurnIn) -> Timestamp {
    let awaitsStart =
      plan.waves[wave].kind == .canary
      ? !plan.isJudged || verdict?.outcome == .pass : hasData && burnIn.isSeen
    return awaitsStart ? burnIn.earliest : max(burnIn.latest, burnIn.earliest)
  }

  private func hostDeadline(_ index: Int) -> Timestamp? {
    switch hosts[index].position {
    case .inFlight(let intent):
      let giveUp = pause == nil ? intent.giveUp : nil
      guard case .deferred(_, let retryAt, let thenAsk) = intent.contact, pause == nil || thenAsk else { return giveUp }
      return giveUp.map { min($0, retryAt) } ?? retryAt
    case .verifying(let verification):
      if pause != nil || isFrozen { return nil }
      return verification.healthySince.map { $0 + plan.policy.minHealthyTime } ?? verification.deadline
    default: return nil
    }
  }
}
