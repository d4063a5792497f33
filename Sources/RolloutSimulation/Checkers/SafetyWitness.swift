package import RolloutCore

/// Watches a rollout from outside, by its journal and by the hosts' own truth, and notes what must never happen.
package struct SafetyWitness {
  private let shared: Shared<Plan>
  package private(set) var violations: [String] = []

  private var lastFence: Fence?
  private var sentFences: [Int: Fence] = [:]
  /// Steps intended under the present attempt, by host.
  private var intended: [Intended]
  private var isStopped = false
  private var isHeld = false
  private var turned = false
  private var automaticRollbacks = 0
  private var analysis: AnalysisWitness
  private var gates: GateWitness

  private var plan: Plan {
    _read { yield shared.value }
  }

  private struct Intended {
    var attempt = 0
    var steps = StepSet()
  }

  package init(plan: Plan) {
    shared = Shared(plan)
    intended = Array(repeating: Intended(), count: plan.hosts.count)
    analysis = AnalysisWitness(shared)
    gates = GateWitness(shared)
  }

  package mutating func report(_ violation: String) { violations.append(violation) }

  private mutating func require(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { report(violation()) }
  }

  // MARK: The journal

  package mutating func see(_ event: Event, at: Timestamp, _ before: Rollout, _ after: Rollout) {
    analysis.see(event, at: at, before, after)
    gates.see(event, at: at, before)
    violations += analysis.takeViolations() + gates.takeViolations()
    switch event {
    case .stepIntended(let host, let step, let attempt, let fence, _):
      seeIntent(step, attempt, host, before)
      seeFence(fence)
      seeForward(step, host, before)
    case .stepReissued(let host, let fence):
      seeFence(fence)
      if case .inFlight(let intent) = before.hosts[host].position { seeForward(intent.step, host, before) }
    case .abortRequested(_, let mode):
      isStopped = true
      isHeld = mode == .hold
    case .rollbackStarted(let cause, _, _):
      isStopped = true
      isHeld = false
      turned = true
      if case .failed = cause { automaticRollbacks += 1 }
      require(automaticRollbacks <= 1, "a second rollback begins by itself")
    default: break
    }
  }

  private mutating func seeIntent(_ step: StepKind, _ attempt: Int, _ host: Int, _ before: Rollout) {
    require(attempt >= intended[host].attempt, "\(before.name(host)) goes back to attempt \(attempt)")
    if attempt > intended[host].attempt { intended[host] = Intended(attempt: attempt) }
    let isNew = intended[host].steps.insert(step)
    require(isNew, "\(before.name(host))/\(step.rawValue)/\(attempt) is intended a second time")
  }

  private mutating func seeFence(_ fence: Fence) {
    if let lastFence { require(fence > lastFence, "fence \(fence) follows \(lastFence)") }
    lastFence = fence
  }

  private mutating func seeForward(_ step: StepKind, _ host: Int, _ before: Rollout) {
    guard !step.isRevert else { return }
    let wave = before.waveOfHost[host] ?? .max
    require(wave <= before.passedWaves, "\(before.name(host)) of wave \(wave + 1) begins \(step) too early")
    if step == .undrain { return }
    require(!isStopped, "\(before.name(host)) begins \(step) after the rollout was stopped")
    require(!before.isForwardStopped, "\(before.name(host)) begins \(step) while \(before.stateName)")
  }

  // MARK: Commands and hosts

  /// What is offered to the rollout, before it decides.
  package mutating func seeOffered(_ input: Input, _ before: Rollout) { gates.seeOffered(input, before) }

  package mutating func seeSent(_ command: HostCommand, _ host: Int, _ rollout: Rollout) {
    if let fence = sentFences[host] { require(command.fence > fence, "\(command.key): fence not above \(fence)") }
    sentFences[host] = command.fence
    gates.seeSent(command, host)
    violations += gates.takeViolations()
    let step = command.key.step
    if step.isRevert || step == .undrain { return }
    require(!isStopped, "\(command.key) is sent after the rollout was stopped")
    require(!rollout.isForwardStopped, "\(command.key) is sent while \(rollout.stateName)")
  }

  /// A serving instance is about to go down. Those that people skipped are theirs.
  package mutating func seeTakenDown(_ host: Int, _ rollout: Rollout, _ hosts: [SimulatedHost]) {
    if case .skipped = rollout.hosts[host].position { return }
    let others = hosts.indices.filter { index in
      if case .skipped = rollout.hosts[index].position { return false }
      return index != host && hosts[index].isDownByUs && !hosts[index].serves
    }
    let limit = plan.maxUnavailable
    require(
      others.count < limit,
      "\(rollout.name(host)) goes down while \(others.map { rollout.name($0).text }) are, limit \(limit)")
  }

  package mutating func checkEffects(_ host: SimulatedHost, _ name: HostID) {
    for entry in host.ledger where entry.effects > 1 {
      report("\(entry.step.rawValue) \(entry.attempt) had its effect \(entry.effects) times on \(name)")
    }
  }

  /// Whoever runs the release is counted among those that may.
  package mutating func checkExposure(_ rollout: Rollout, _ hosts: [SimulatedHost]) {
    for index in hosts.indices where hosts[index].current == plan.release.version {
      if plan.hosts[index].from == plan.release.version || rollout.hosts[index].isTouched { continue }
      report("\(rollout.name(index)) runs the release, and the rollout does not know")
    }
  }

  // MARK: What decides its future

  /// What it remembers that later events are held against. Of what can only grow, it is enough that it grew.
  package func add(to fingerprint: inout Fingerprint, _ rollout: Rollout, _ now: Timestamp) {
    var bits = automaticRollbacks << 3
    for (place, flag) in [isStopped, isHeld, turned].enumerated() where flag { bits |= 1 << place }
    fingerprint.add(bits)
    for index in intended.indices {
      let isPresent = intended[index].attempt == rollout.hosts[index].attempt
      fingerprint.add(isPresent ? Int(intended[index].steps.bits) : 0)
    }
    analysis.add(to: &fingerprint, rollout, now)
    gates.add(to: &fingerprint, rollout)
  }

  // MARK: Laws at every state

  package mutating func checkCounts(_ rollout: Rollout) {
    require(rollout.downCount == rollout.hosts.count(where: \.isDown), "downCount is \(rollout.downCount)")
    let failures = rollout.hosts.indices.count { index in
      rollout.hosts[index].isFailed && rollout.hosts[index].direction == .forward && rollout.waveOfHost[index] != nil
    }
    require(rollout.failureCount == failures, "failureCount is \(rollout.failureCount), not \(failures)")
  }

  package mutating func checkRepeat(of input: Input, _ rollout: Rollout, _ now: Timestamp, settling: Bool = true) {
    if input.isNewsTwice { return }
    guard let events = try? rollout.decide(input, now: now, settling: settling) else { return }
    require(events.isEmpty, "law 5: a repeat of \(input) gives \(events.map(\.kind))")
  }

  package mutating func checkTicks(_ rollout: Rollout, _ now: Timestamp) {
    guard let deadline = rollout.nextDeadline else {
      let events = try? rollout.decide(.tick, now: now + .minutes(60 * 24 * 3650))
      require(events == [], "law 5: ten years change \(events?.map(\.kind) ?? []) without a deadline")
      return
    }
    require(deadline > now, "the next deadline is past, by \(now - deadline)")
    let early = try? rollout.decide(.tick, now: Timestamp(milliseconds: deadline.milliseconds - 1))
    require(early == [], "law 5: a tick before the deadline gives \(early?.map(\.kind) ?? [])")
    let due = try? rollout.decide(.tick, now: deadline)
    require(due?.isEmpty == false, "a tick at the deadline changes nothing in \(rollout.stateName)")
  }

  package mutating func checkWaiting(_ rollout: Rollout) {
    let reasons = rollout.waitingOn
    require(reasons.isEmpty == rollout.isEnded, "waits for \(reasons) while \(rollout.stateName)")
    for reason in reasons {
      require(!reason.remedy.isEmpty, "no remedy for \(reason)")
      guard let deadline = reason.deadline else { continue }
      require(
        rollout.nextDeadline.map { $0 <= deadline } ?? false, "no tick is due for \(reason) while \(rollout.stateName)")
    }
    if rollout.isEnded { require(rollout.outstanding.isEmpty, "work is left after the end") }
    if rollout.verdict?.outcome == .fail, plan.policy.checks.contains(where: { !$0.muted }) {
      require(rollout.isForwardStopped, "\(rollout.stateName) after a verdict against the release")
    }
  }

  // MARK: The end

  /// What the end claims, held against what the hosts really run.
  package mutating func judgeEnd(_ rollout: Rollout, _ hosts: [SimulatedHost]) {
    guard case .ended(let fate, _) = rollout.phase else { return }
    for index in hosts.indices {
      let (host, update) = (hosts[index], rollout.hosts[index])
      if case .skipped = update.position { continue }
      switch fate {
      case .succeeded where rollout.waveOfHost[index] != nil:
        if case .failed = update.position { continue }
        require(host.current == plan.release.version, "succeeded with \(rollout.name(index)) on another version")
        require(!host.isDrained, "succeeded with \(rollout.name(index)) out of its load balancer")
        if case .healthy = update.position { continue }
        report("succeeded with \(rollout.name(index)) \(update.stateName)")
      case .rolledBack, .aborted:
        if fate == .aborted, isHeld || !turned {
          judgeHeld(index, rollout, host)
          continue
        }
        require(host.current == plan.hosts[index].from, "\(fate) with \(rollout.name(index)) not on its baseline")
        require(!host.isDrained, "\(fate) with \(rollout.name(index)) out of its load balancer")
      case .succeeded, .superseded: break
      }
    }
    guard fate == .succeeded else { return }
    require(rollout.failureCount <= plan.policy.maxFailures, "succeeded with \(rollout.failureCount) failures")
  }

  private mutating func judgeHeld(_ index: Int, _ rollout: Rollout, _ host: SimulatedHost) {
    let update = rollout.hosts[index]
    if host.current != plan.hosts[index].from {
      require(rollout.exposedHosts.contains(index), "held, and \(rollout.name(index)) is not named as exposed")
    }
    if update.isFailed || update.isActivated { return }
    require(!host.isDrained, "held with an unchanged \(rollout.name(index)) out of its load balancer")
  }
}
