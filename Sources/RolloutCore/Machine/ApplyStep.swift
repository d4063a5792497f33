/// Events of one host.
extension Rollout {
  mutating func applyStep(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    switch event {
    case .stepIntended(let index, let step, let attempt, let fence, let giveUp):
      try applyIntent(event, index, step, attempt, fence, giveUp, at)
    case .stepFinished(let index, let step, let verifyBy):
      let intent = try inFlight(event, index)
      guard intent.step == step else { throw illegal(event, "\(intent.step.rawValue) is in flight") }
      guard (verifyBy != nil) == step.isActivation else { throw illegal(event, "a verification without activation") }
      settle(index, step, verifyBy: verifyBy, at)
    case .stepFailed(let index, let step, let detail):
      let intent = try inFlight(event, index)
      guard intent.step == step else { throw illegal(event, "\(intent.step.rawValue) is in flight") }
      fail(index, detail: detail, isUnknown: false)
    case .stepDeferred(let index, let detail, let retryAt):
      var intent = try inFlight(event, index)
      if case .deferred = intent.contact { throw illegal(event, "it is deferred already") }
      let thenAsk = intent.contact == .asking
      intent.contact = .deferred(detail: detail, retryAt: retryAt, thenAsk: thenAsk)
      updateHost(index) { $0.position = .inFlight(intent) }
    case .stepQuestioned(let index, _):
      var intent = try inFlight(event, index)
      guard intent.contact == .sending else { throw illegal(event, "nothing was sent") }
      renumber(&intent, .asking)
      updateHost(index) { $0.position = .inFlight(intent) }
    case .questionRepeated(let index):
      var intent = try inFlight(event, index)
      guard case .deferred(_, _, true) = intent.contact else { throw illegal(event, "no question is deferred") }
      renumber(&intent, .asking)
      updateHost(index) { $0.position = .inFlight(intent) }
    case .stepReissued(let index, let fence):
      var intent = try inFlight(event, index)
      guard intent.contact != .sending else { throw illegal(event, "it is being sent") }
      guard fence == nextFence() else { throw illegal(event, "fence \(fence) is not next") }
      intent.fence = fence
      renumber(&intent, .sending)
      updateHost(index) { $0.position = .inFlight(intent) }
    default: throw illegal(event, "not an event of a step")
    }
  }

  private mutating func applyIntent(
    _ event: Event, _ index: Int, _ step: StepKind, _ attempt: Int, _ fence: Fence, _ giveUp: Timestamp,
    _ at: Timestamp
  ) throws(ReplayError) {
    try known(event, index)
    guard case .waiting(step) = hosts[index].position else {
      throw illegal(event, "\(name(index)) does not wait for \(step.rawValue)")
    }
    guard attempt == hosts[index].attempt else { throw illegal(event, "attempt \(attempt) is not the present one") }
    guard fence == nextFence() else { throw illegal(event, "fence \(fence) is not next") }
    if isTakingBaseline, takesDown(step) { throw illegal(event, "the baseline is being taken") }
    lastNumber += 1
    let intent = HostUpdate.Intent(
      step: step, fence: fence, number: lastNumber, since: at, giveUp: giveUp, tries: 1, contact: .sending)
    let touches = step != .stage
    updateHost(index) {
      $0.position = .inFlight(intent)
      if touches { $0.isTouched = true }
      if step == .activate { $0.isActivated = true }
      if step.isActivation {
        $0.health = nil
        // What was seen of it before is over: it may serve again before its probes say so.
        $0.isSeenDown = false
      }
    }
  }

  private mutating func renumber(_ intent: inout HostUpdate.Intent, _ contact: HostUpdate.Contact) {
    lastNumber += 1
    intent.number = lastNumber
    intent.tries += 1
    intent.contact = contact
  }

  /// A step succeeded: where that leaves the host.
  private mutating func settle(_ index: Int, _ step: StepKind, verifyBy: Timestamp?, _ at: Timestamp) {
    let next = self.step(after: step, index)
    let trusted = plan.policy.probes.isEmpty
    updateHost(index) {
      switch step {
      case .drain, .revertDrain: $0.isDrained = true
      case .undrain, .revertUndrain: $0.isDrained = false
      default: break
      }
      if let next {
        $0.position = .waiting(next)
        return
      }
      if let verifyBy {
        $0.position = .verifying(.init(since: at, deadline: verifyBy, healthySince: trusted ? at : nil))
      } else if step.isRevert {
        $0.position = .reverted(since: at)
      } else if $0.isActivated {
        $0.position = .healthy(since: at)
      } else {
        $0.isTouched = false
        $0.isImpaired = false
        $0.isSeenDown = false
        // Its drain and undrain are spent under these keys.
        $0.attempt += 1
        $0.position = .waiting(.drain)
      }
    }
    if case .rollingBack = phase, !planted(.rollbackForgetsInterrupted) { turnBack(index) }
  }

  mutating func fail(_ index: Int, detail: String, isUnknown: Bool) {
    updateHost(index) { $0.position = .failed(detail: detail, isUnknown: isUnknown) }
    if case .rollingBack = phase { turnBack(index) }
  }

  mutating func applyHost(_ event: Event, _ at: Timestamp) throws(ReplayError) {
    switch event {
    case .healthChanged(let index, let health):
      try known(event, index)
      guard hosts[index].health != health else { throw illegal(event, "no news of \(name(index))") }
      updateHost(index) {
        $0.health = health
        // It waits, and serves after all.
        if health == .healthy, case .waiting = $0.position {
          $0.isImpaired = false
          $0.isSeenDown = false
        }
        if case .verifying(var verification) = $0.position {
          verification.healthySince = health == .healthy ? at : nil
          $0.position = .verifying(verification)
        }
      }
    case .hostVerified(let index, let progressDeadline):
      try known(event, index)
      guard case .verifying = hosts[index].position else { throw illegal(event, "it is not being verified") }
      let undrains = !planted(.undrainForgotten) && hosts[index].isDrained && !plan.policy.release.undrain.isEmpty
      updateHost(index) {
        if $0.direction == .forward {
          $0.position = undrains ? .waiting(.undrain) : .healthy(since: at)
        } else {
          $0.position = undrains ? .waiting(.revertUndrain) : .reverted(since: at)
        }
        $0.isImpaired = false
        $0.isSeenDown = false
        if !undrains { $0.isDrained = false }
      }
      moveProgressDeadline(progressDeadline)
    case .hostFailed(let index, let detail):
      try known(event, index)
      switch hosts[index].position {
      case .inFlight: fail(index, detail: detail, isUnknown: true)
      case .verifying, .healthy: fail(index, detail: detail, isUnknown: false)
      default: throw illegal(event, "\(name(index)) is \(hosts[index].stateName)")
      }
    default: throw illegal(event, "not an event of a host")
    }
  }

  func known(_ event: Event, _ index: Int) throws(ReplayError) {
    guard hosts.indices.contains(index), waveOfHost[index] != nil || event.isHealth else {
      throw illegal(event, "no host \(index) in the plan's waves")
    }
  }

  private func inFlight(_ event: Event, _ index: Int) throws(ReplayError) -> HostUpdate.Intent {
    try known(event, index)
    guard case .inFlight(let intent) = hosts[index].position else {
      throw illegal(event, "no step of \(name(index)) is in flight")
    }
    return intent
  }

  private mutating func moveProgressDeadline(_ deadline: Timestamp) {
    switch phase {
    case .updating(let wave, _): phase = .updating(wave: wave, progressDeadline: deadline)
    case .rollingBack(let cause, _): phase = .rollingBack(cause, deadline: deadline)
    default: break
    }
  }
}
