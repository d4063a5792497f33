import RolloutCore
import RolloutEngine

/// Hosts in memory behind the transport and prober ports: a ledger with fences, a running version, and faults.
actor FakeFleet: Transport, Prober {
  struct Host {
    var current: Version?
    var outcomes: [StepKey: Outcome] = [:]
    var fence = Fence(epoch: 0, step: 0)
    /// Restarts that had an effect, by version, in order.
    var activations: [Version] = []
  }

  private(set) var hosts: [HostID: Host] = [:]
  /// Every command that reached a host, in order of arrival.
  private(set) var received: [HostCommand] = []
  /// Questions about a step, and the fences they carried.
  private(set) var asked: [(step: StepKey, fence: Fence)] = []
  /// Versions whose instances never become healthy.
  var sickVersions: [Version] = []
  /// Steps that act on the host and whose answer is lost, once each.
  var loseAnswers: [StepKind] = []
  /// Held back until `release` is called.
  private var holding: StepKind?
  private var held: [CheckedContinuation<Void, Never>] = []
  private var underWay: [StepKey] = []
  private var watchers: [(host: HostID, expecting: Version?, report: @Sendable (Health) async -> Void)] = []
  private var arrivals: [CheckedContinuation<Void, Never>] = []

  init(_ versions: [HostID: Version?]) {
    for (id, version) in versions { hosts[id] = Host(current: version) }
  }

  func hold(_ step: StepKind?) { holding = step }
  func makeSick(_ version: Version) { sickVersions.append(version) }
  func loseNextAnswer(to step: StepKind) { loseAnswers.append(step) }

  func release() {
    holding = nil
    let waiting = held
    held = []
    for continuation in waiting { continuation.resume() }
  }

  /// Returns once `count` commands of `step` have arrived.
  func waitFor(_ step: StepKind, count: Int) async {
    while received.count(where: { $0.key.step == step }) < count {
      await withCheckedContinuation { arrivals.append($0) }
    }
  }

  func versions() -> [HostID: Version?] { hosts.mapValues(\.current) }
  func activations(of id: HostID) -> [Version] { hosts[id]?.activations ?? [] }

  // MARK: Transport

  func perform(_ command: HostCommand, on instance: Instance) async -> Outcome {
    received.append(command)
    let waiting = arrivals
    arrivals = []
    for continuation in waiting { continuation.resume() }
    underWay.append(command.key)
    defer { underWay.removeAll { $0 == command.key } }
    if holding == command.key.step { await withCheckedContinuation { held.append($0) } }
    guard var host = hosts[instance.id] else { return .notSent(detail: "no such host") }
    if let known = host.outcomes[command.key] { return known }
    guard command.fence >= host.fence else { return .refused(current: host.fence) }
    host.fence = command.fence
    if case .activate(let activation) = command.action {
      host.current = activation.version
      host.activations.append(activation.version)
    }
    host.outcomes[command.key] = .succeeded
    hosts[instance.id] = host
    if let lost = loseAnswers.firstIndex(of: command.key.step) {
      loseAnswers.remove(at: lost)
      return .unanswered(detail: "connection lost")
    }
    return .succeeded
  }

  func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> {
    if let step, let fence {
      asked.append((step, fence))
      if hosts[instance.id]?.outcomes[step] == nil { hosts[instance.id]?.fence.raise(to: fence) }
    }
    guard let host = hosts[instance.id] else { return .failure(Unreachable(detail: "no such host")) }
    let record: StepRecord? = step.map { key in
      host.outcomes[key].map { .finished($0) } ?? (underWay.contains(key) ? .running : .absent)
    }
    return .success(
      HostReport(
        current: host.current, releases: [], fence: host.fence, bootID: "boot", freeBytes: 1 << 30, step: record))
  }

  func check(
    _ argv: [String], timeout: TimeSpan, on instance: Instance
  ) async -> Result<CommandResult, Unreachable> {
    .failure(Unreachable(detail: "no command probes here"))
  }

  func close() async {}

  // MARK: Prober

  func watch(
    _ instance: Instance, probes: [ProbePolicy], expecting: Version?,
    report: @escaping @Sendable (Health) async -> Void
  ) async {
    let running = hosts[instance.id]?.current
    watchers.append((instance.id, expecting, report))
    await report(health(running, expecting))
    let forever = AsyncStream<Void> { _ in }
    for await _ in forever {}
  }

  /// What the probes of an instance say from now on.
  func report(_ health: Health, from id: HostID, expecting: Version) async {
    let reports = watchers.filter { $0.host == id && $0.expecting == expecting }.map(\.report)
    for report in reports { await report(health) }
  }

  private func health(_ running: Version?, _ expecting: Version?) -> Health {
    guard let running else { return .unhealthy(detail: "nothing listens") }
    if sickVersions.contains(running) { return .unhealthy(detail: "GET /healthz: 503, expected 200") }
    if let expecting, expecting != running {
      return .unhealthy(detail: "answers version \(running), expected \(expecting)")
    }
    return .healthy
  }
}

extension Fence {
  fileprivate mutating func raise(to other: Fence) { self = max(self, other) }
}

/// Says one verdict as soon as an instance is updated, and no more.
struct FixedAnalyst: Analyst {
  var verdict: Verdict
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    let clock = RealClock()
    var (verdict, seen) = (verdict, [Int]())
    while !Task.isCancelled {
      let analysis = current.value
      if !analysis.updated.isEmpty, analysis.updated != seen {
        seen = analysis.updated
        verdict.lastSample = seen.count
        await report(analysis.number, verdict)
      }
      do { try await clock.sleep(until: clock.now() + TimeSpan(milliseconds: 1)) } catch { return }
    }
  }
}

/// Finds the baseline in its history, passes whatever is updated, and notes what it is asked to watch.
actor WatchfulAnalyst: Analyst {
  private(set) var begun = 0
  private(set) var seen: [Analysis] = []

  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    begun += 1
    let clock = RealClock()
    while !Task.isCancelled {
      let analysis = current.value
      if analysis != seen.last {
        seen.append(analysis)
        if analysis.stage == .baseline { await current.baselineIsTaken(of: analysis.number) }
        if !analysis.updated.isEmpty {
          let reason = "\(analysis.updated.count) updated"
          await report(analysis.number, Verdict(outcome: .pass, reason: reason))
        }
      }
      do { try await clock.sleep(until: clock.now() + TimeSpan(milliseconds: 1)) } catch { return }
    }
  }
}

/// The machine's own clock, with small spans in the policies that use it.
struct RealClock: WallClock {
  private let start = ContinuousClock.now
  private let zero: Int64 = 1_800_000_000_000

  func uptime() -> TimeSpan {
    let (seconds, attoseconds) = start.duration(to: .now).components
    return TimeSpan(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
  func now() -> Timestamp { Timestamp(milliseconds: zero + uptime().milliseconds) }
  func sleep(until deadline: Timestamp) async throws {
    try await ContinuousClock().sleep(for: .milliseconds(max(0, (deadline - now()).milliseconds)))
  }
}

/// Collects turns, and lets a test wait for a state.
actor TurnLog: TurnObserver {
  private(set) var events: [RecordedEvent] = []
  private(set) var last: Rollout?
  private(set) var trouble: [String] = []
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func turned(_ report: TurnReport) async {
    events += report.events
    last = report.rollout
    if let detail = report.trouble { trouble.append(detail) }
    let continuations = waiting
    waiting = []
    for continuation in continuations { continuation.resume() }
  }

  /// Returns the first state in which `condition` holds.
  func wait(until condition: @Sendable (Rollout) -> Bool) async -> Rollout {
    while true {
      if let last, condition(last) { return last }
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func waitForTrouble() async {
    while trouble.isEmpty { await withCheckedContinuation { waiting.append($0) } }
  }

  var kinds: [String] { events.map(\.event.kind) }
}
