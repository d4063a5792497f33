import RolloutCore
import RolloutEngine

@testable import CanaryCommands

/// Swift Testing has an `ExitStatus` too.
typealias CanaryExit = CanaryCommands.ExitStatus

/// A rollout driven through the real machine, with hosts that do what the test says.
struct World {
  private(set) var rollout: Rollout
  private(set) var events: [RecordedEvent]
  private(set) var now: Timestamp

  /// 2026-11-21T12:00:00Z
  static let start = Timestamp(milliseconds: 1_795_262_400_000)

  init(_ plan: Plan) {
    now = Self.start
    rollout = Rollout(plan: plan, at: now)
    events = [RecordedEvent(sequence: 0, at: now, event: .planned(plan))]
  }

  enum Surprise: Error {
    case rejected(Rejection)
    case illegal(ReplayError)
  }

  /// Offers an input and takes in what follows from it.
  mutating func offer(_ input: Input) throws {
    let decided: [Event]
    do { decided = try rollout.decide(input, now: now) } catch { throw Surprise.rejected(error) }
    for event in decided {
      let sequence = rollout.eventCount
      do { try rollout.apply(event, at: now) } catch { throw Surprise.illegal(error) }
      events.append(RecordedEvent(sequence: sequence, at: now, event: event))
    }
  }

  mutating func takeOver() throws {
    try offer(.tookOver(epoch: rollout.epoch + 1, holder: "ann@build1 pid 4242", gap: .zero))
  }

  mutating func pass(_ span: TimeSpan) throws {
    now = now + span
    try offer(.tick)
  }

  mutating func ask(_ verb: Input.Verb, by: String = "ann", reason: String = "because") throws {
    try offer(.operation(Operation(request: "r\(rollout.eventCount)", by: by, reason: reason), verb))
  }

  func index(_ host: HostID) -> Int { rollout.plan.hosts.firstIndex { $0.instance.id == host } ?? 0 }

  /// Answers the step that this host has in flight.
  mutating func answer(_ host: HostID, _ outcome: Outcome = .succeeded) throws {
    guard case .inFlight(let intent) = rollout.hosts[index(host)].position else { return }
    try offer(.outcome(host: index(host), number: intent.number, outcome))
  }

  mutating func probe(_ host: HostID, _ health: Health = .healthy) throws {
    for case .watch(index(host), let expecting) in rollout.outstanding {
      try offer(.health(host: index(host), expecting: expecting, health))
    }
  }

  /// The same verdict again rests on newer samples.
  mutating func judge(_ verdict: Verdict) throws {
    var verdict = verdict
    if rollout.verdict?.outcome == verdict.outcome { verdict.lastSample = rollout.eventCount }
    for case .analyse(let analysis) in rollout.outstanding {
      try offer(.verdict(number: analysis.number, verdict))
    }
  }

  /// Lets every host do well until nothing but time or people move the rollout.
  mutating func doWell() throws {
    var before = -1
    while before != rollout.eventCount {
      before = rollout.eventCount
      for effect in rollout.outstanding {
        switch effect {
        case .perform(let host, let number, _): try offer(.outcome(host: host, number: number, .succeeded))
        case .ask(let host, let number, _): try offer(.answered(host: host, number: number, .finished(.succeeded)))
        case .watch(let host, let expecting): try offer(.health(host: host, expecting: expecting, .healthy))
        case .analyse: break
        }
      }
      if rollout.hosts.contains(where: { if case .verifying = $0.position { true } else { false } }) {
        try pass(rollout.plan.policy.minHealthyTime)
      }
    }
  }

  /// Does well, burn-ins and all, to the end.
  mutating func finishWell() throws {
    for _ in 0..<1000 where !rollout.isAtRest {
      try doWell()
      if case .burningIn = rollout.phase {
        try judge(.passing)
        try pass(.minutes(1))
      } else if !rollout.isAtRest {
        try pass(.seconds(1))
      }
    }
  }
}

extension Verdict {
  static let passing = Verdict(
    outcome: .pass, reason: "server-errors is no worse than the siblings",
    evidence: [
      Evidence(
        check: "server-errors", outcome: .pass, canary: 0.0041, baseline: 0.0039, canarySamples: 2400,
        baselineSamples: 5210, logEvidence: -0.4, logThreshold: 5.3, detail: "no sign of a regression")
    ])

  static let unsure = Verdict(
    outcome: .inconclusive, reason: "server-errors: 1200 of 2000 requests",
    evidence: [
      Evidence(
        check: "server-errors", outcome: .inconclusive, canary: 0.0072, baseline: 0.0039, canarySamples: 1200,
        baselineSamples: 2610, logEvidence: 2.12, logThreshold: 5.3, detail: "800 requests are missing"),
      Evidence(
        check: "heap", outcome: .pass, canary: 412.5, canarySamples: 24, detail: "412.5 under the limit of 900"),
    ])

  static let silent = Verdict(
    outcome: .noData, reason: "server-errors: no samples from web1",
    evidence: [
      Evidence(check: "server-errors", outcome: .noData, detail: "http://web1:8080/metrics: connection refused")
    ])
}

enum Plans {
  /// `count` hosts `web1`… in waves: one canary, then `waves` cut off in these sizes.
  static func plan(
    hosts count: Int, waves sizes: [Int], maxUnavailable: Int = 1, kind: Plan.Kind = .release,
    from: Version? = "2.3.0", _ change: (inout Policy) -> Void = { _ in }
  ) -> Plan {
    let policy = policy(change)
    let hosts = (1...count).map { number in
      PlannedHost(
        instance: Instance(id: HostID("web\(number)"), zone: number % 2 == 0 ? "b" : "a"), from: from, task: .update,
        rollback: from.map { .ready($0) } ?? .nothingBefore)
    }
    var waves: [PlannedWave] = []
    var next = 0
    for (number, size) in sizes.enumerated() {
      let isCanary = number == 0 && kind == .release
      waves.append(
        PlannedWave(
          kind: isCanary ? .canary : .rolling, hosts: Array(next..<(next + size)),
          explanation: isCanary ? "the first of zone a" : "\(size) of the rest"))
      next += size
    }
    return Plan(
      rollout: "checkout-20261121-120000-k3f9", kind: kind, policy: policy, policyDigest: "aa11",
      release: Release(
        version: "2.4.1", digest: "f3c2b1a09876543210",
        artifact: kind == .release ? "/srv/dist/checkout-2.4.1.tar.gz" : ""),
      hosts: hosts, waves: waves, maxUnavailable: maxUnavailable, createdAt: World.start, createdBy: "ann")
  }

  static func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
    var policy = Policy(
      service: "checkout", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "dist/checkout-{version}.tar.gz", directory: "/srv/checkout"))
    policy.probes = [ProbePolicy(name: "healthz", target: .http(HTTPProbe(url: "http://{host}:8080/healthz")))]
    policy.checks = [
      CheckPolicy(
        name: "server-errors", source: .scrape("http://{host}:8080/metrics"),
        measure: .ratio(events: "http_requests_total{code=~\"5..\"}", total: "http_requests_total"))
    ]
    (policy.baseline, policy.soak) = (.zero, .zero)
    change(&policy)
    return policy
  }
}
