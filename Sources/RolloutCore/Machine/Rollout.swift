/// One attempt to move a service's instances to a release: a pure value, the fold of its journal.
///
/// `decide` answers an input with events, `apply` takes an event in, `outstanding` is what is to be done now,
/// `nextDeadline` when time alone changes something, `waitingOn` what it waits for and until when.
/// Nothing here reads a clock, waits, or draws a number.
public struct Rollout: Hashable, Sendable {
  private let sharedPlan: Shared<Plan>
  public internal(set) var hosts: [HostUpdate]
  public internal(set) var phase: Phase = .queued
  public internal(set) var pause: Pause?
  /// Generation of the controller in charge; 0 before the first.
  public internal(set) var epoch: Int64 = 0
  /// Number of the last intent, question or burn-in. Only grows.
  public internal(set) var lastNumber: Int64 = 0
  public internal(set) var baseline = Baseline.due
  /// Number of the analysis: the generation of its evidence. Only a retry begins another.
  public internal(set) var analysisNumber: Int64 = 1
  /// The checks' last word in this analysis.
  public internal(set) var verdict: Verdict?
  /// An abort that rolls back was asked for and the way back has not begun.
  package internal(set) var pendingAbort: Operation?
  /// Set once by `promote --full`: burn-ins and approvals are passed as soon as they are reached.
  public internal(set) var skipsWaits: Operation?
  /// Waves that passed, from the first on.
  public internal(set) var passedWaves = 0
  /// When the release finished a burn-in here; nil again once it is being taken back.
  public internal(set) var provenAt: Timestamp?
  /// Time of the last event.
  public internal(set) var lastEventAt: Timestamp
  /// The latest time that a clock said before it was set back; nil where none was. Times up to it may be of the clock
  /// before or of the one after.
  public internal(set) var clockWasSetBackFrom: Timestamp?
  /// Events applied, the plan included: the sequence number of the next record.
  public internal(set) var eventCount = 1

  /// Hosts for which `isDown` holds. Kept by `updateHost`.
  public internal(set) var downCount = 0
  /// Hosts of rolling waves that failed on the way forward. Kept by `updateHost`.
  public internal(set) var failureCount = 0
  /// Wave of each host, nil outside.
  package let waveOfHost: [Int?]
  let firstStep: StepKind
  /// The last requests taken, so that one delivered twice changes nothing.
  package internal(set) var recentRequests: [String] = []

  static let rememberedRequests = 64

  /// What it carries out. Lent, not copied: a state is copied for every decision, and its plan is most of it.
  public var plan: Plan {
    _read { yield sharedPlan.value }
  }

  /// The state after record 0.
  public init(plan: Plan, at: Timestamp) {
    sharedPlan = Shared(plan)
    lastEventAt = at
    var waveOfHost = [Int?](repeating: nil, count: plan.hosts.count)
    for (index, wave) in plan.waves.enumerated() {
      for host in wave.hosts where waveOfHost.indices.contains(host) { waveOfHost[host] = index }
    }
    self.waveOfHost = waveOfHost
    // A way back to releases that the hosts still hold has nothing to upload.
    if plan.kind == .release || !plan.release.artifact.isEmpty {
      firstStep = .stage
    } else {
      firstStep = plan.policy.release.drain.isEmpty ? .activate : .drain
    }
    let first = HostUpdate.Position.waiting(firstStep)
    hosts = waveOfHost.map { HostUpdate(position: $0 == nil ? .outside : first) }
  }

  /// The fold of a whole journal.
  public static func replay(_ events: [(event: Event, at: Timestamp)]) throws(ReplayError) -> Rollout {
    guard let first = events.first, case .planned(let plan) = first.event else { throw .missingPlan }
    if let flaw = plan.flaw { throw .illegal(kind: first.event.kind, detail: flaw) }
    var rollout = Rollout(plan: plan, at: first.at)
    for (event, at) in events.dropFirst() { try rollout.apply(event, at: at) }
    return rollout
  }

  // MARK: What people ask

  public var isEnded: Bool { if case .ended = phase { true } else { false } }

  /// Nothing more happens until a person says something, and nothing is on its way.
  public var isAtRest: Bool {
    switch phase {
    case .ended: true
    case .halted, .stuck: !hasStepsInFlight && !hasHostsToPutBack
    default: false
    }
  }

  public var hasStepsInFlight: Bool { hosts.contains { if case .inFlight = $0.position { true } else { false } } }

  /// An instance that was healthy on the release is so no longer.
  var hasUnhealthyUpdate: Bool {
    hosts.contains { host in
      if case .healthy = host.position, case .unhealthy = host.health { true } else { false }
    }
  }

  /// Every host that will be updated can go back to what it runs.
  public var isReversible: Bool { irreversibleBecause == nil }

  /// Why there is no way back, or nil.
  public var irreversibleBecause: String? {
    if plan.policy.rollback == .forwardOnly { return "the policy says rollback: forward_only" }
    if plan.kind == .rollback, !planted(.rollbackIsRolledBack) { return "this rollout is itself a way back" }
    for host in plan.hosts where host.task == .update {
      switch host.rollback {
      case .ready: continue
      case .nothingBefore: return "nothing ran on \(host.instance.id) before"
      case .missing(let reason): return "\(host.instance.id): \(reason)"
      }
    }
    return nil
  }

  /// The state's name from the list that people know.
  public var stateName: String {
    if pause != nil { return "paused" }
    switch phase {
    case .queued: return "queued"
    case .updating(let wave, _): return plan.waves[wave].kind == .canary ? "canarying" : "rolling"
    case .burningIn(let wave, _): return plan.waves[wave].kind == .canary ? "burning_in" : "rolling"
    case .waitingApproval: return "waiting_approval"
    case .soaking: return "soaking"
    case .halted: return "halted"
    case .rollingBack: return "rolling_back"
    case .stuck: return "stuck"
    case .stopping: return "aborting"
    case .ended(let fate, _): return fate.rawValue
    }
  }

  /// The wave at work or last worked on; in the soak, the last one.
  public var currentWave: Int? {
    switch phase {
    case .updating(let wave, _), .burningIn(let wave, _), .waitingApproval(let wave, _), .halted(let wave, _): wave
    case .soaking: plan.waves.indices.last
    case .queued, .rollingBack, .stuck, .stopping, .ended: nil
    }
  }

  public func name(_ host: Int) -> HostID { plan.hosts[host].instance.id }

  public func directory(_ host: Int) -> String {
    plan.hosts[host].instance.directory ?? plan.policy.release.directory
  }

  /// Hosts that run the release, or may.
  public var exposedHosts: [Int] {
    hosts.indices.filter { index in
      let host = hosts[index]
      if case .reverted = host.position { return false }
      return host.isTouched
    }
  }

  // MARK: The one place where hosts change

  /// Changes a host and keeps the counters with it.
  mutating func updateHost(_ index: Int, _ change: (inout HostUpdate) -> Void) {
    let before = hosts[index]
    change(&hosts[index])
    let after = hosts[index]
    downCount += (after.isDown ? 1 : 0) - (before.isDown ? 1 : 0)
    failureCount += (countsAsFailure(after, index) ? 1 : 0) - (countsAsFailure(before, index) ? 1 : 0)
  }

  private func countsAsFailure(_ host: HostUpdate, _ index: Int) -> Bool {
    host.isFailed && host.direction == .forward && waveOfHost[index] != nil
  }

  /// Room under `max_unavailable` to take this instance down. One that is known to be down costs nothing more.
  func hasRoom(toTakeDown index: Int) -> Bool {
    isNew(index) || isKnownDown(index)
      || downCount - (hosts[index].isDown ? 1 : 0) < plan.maxUnavailable + (planted(.oneTooManyDown) ? 1 : 0)
  }

  /// Nothing ran there before, and nothing was started yet.
  func isNew(_ index: Int) -> Bool {
    plan.hosts[index].from == nil && !hosts[index].isActivated && waveOfHost[index] != nil
  }

  /// Down by what is seen of it, not only for want of news. Nobody watches a failed instance, and a person may have
  /// mended it meanwhile; where nothing is ever probed, a failure is all there is to go by.
  func isKnownDown(_ index: Int) -> Bool {
    let host = hosts[index]
    if host.isDrained || host.isSeenDown { return true }
    if case .failed(_, let isUnknown) = host.position {
      return plan.policy.probes.isEmpty && host.isActivated && !isUnknown
    }
    if case .unhealthy = host.health { return true }
    return false
  }

  /// Believed down, and its probes are about to tell.
  func awaitsNews(of index: Int) -> Bool {
    hosts[index].isImpaired && hosts[index].health == nil && isWatched(index)
  }

  func nextFence() -> Fence { Fence(epoch: epoch, step: planted(.fenceIsNotRaised) ? 0 : lastNumber + 1) }
}

extension Plan {
  /// Why no rollout can follow this plan, or nil. A plan from a journal may be damaged.
  var flaw: String? {
    guard maxUnavailable >= 1 else { return "max_unavailable is \(maxUnavailable)" }
    var isPlaced = [Bool](repeating: false, count: hosts.count)
    for (number, wave) in waves.enumerated() {
      if wave.hosts.isEmpty { return "wave \(number + 1) is empty" }
      if wave.kind == .canary, kind == .rollback { return "a way back has no canary" }
      for index in wave.hosts {
        guard hosts.indices.contains(index) else { return "wave \(number + 1) names host \(index)" }
        guard !isPlaced[index] else { return "\(hosts[index].instance.id) is in two waves" }
        isPlaced[index] = true
      }
    }
    return nil
  }
}
