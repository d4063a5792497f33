internal import RolloutCore
internal import RolloutEngine

/// Drives a rollout by the bytes of an input, with answers of any kind in any order, and keeps its journal.
struct MachineWorld {
  private(set) var rollout: Rollout
  private(set) var events: [RecordedEvent]
  private var choices: Choices
  private var now: Timestamp
  private var requests = 0

  /// Enough for a whole rollout with a rollback; more repeats what was.
  static let longestJournal = 200
  private static let begin = Timestamp(milliseconds: 1_800_000_000_000)

  init(_ bytes: some Sequence<UInt8>) {
    choices = Choices(bytes)
    now = Self.begin
    let plan = Self.plan(&choices)
    rollout = Rollout(plan: plan, at: now)
    events = [RecordedEvent(sequence: 0, at: now, event: .planned(plan))]
  }

  /// Until the input is used up, the rollout has ended, or the journal is long enough.
  mutating func run() throws(Violation) {
    try offer(.tookOver(epoch: 1, holder: "ann@build1 pid 1", gap: .zero))
    while !choices.isEmpty, events.count < Self.longestJournal, !rollout.isEnded {
      now = now + TimeSpan(milliseconds: Int64(choices.byte() & 15) * 100)
      try offer(input())
    }
  }

  private mutating func offer(_ input: Input) throws(Violation) {
    guard let news = try? rollout.decide(input, now: now) else { return }
    for event in news {
      let at = max(now, rollout.lastEventAt)
      do throws(ReplayError) { try rollout.apply(event, at: at) } catch {
        throw Violation("decided, and then refused: \(error.message)")
      }
      events.append(RecordedEvent(sequence: events.count, at: at, event: event))
    }
  }

  private mutating func input() -> Input {
    let effects = rollout.outstanding
    switch choices.below(8) {
    case 0, 1, 2, 3: return choices.pick(effects).map { answer(to: $0) } ?? .tick
    case 4:
      now = max(now, rollout.nextDeadline ?? now)
      return .tick
    case 5: return .operation(operation(), verb())
    case 6: return other()
    default: return .tick
    }
  }

  private mutating func answer(to effect: Effect) -> Input {
    switch effect {
    case .perform(let host, let number, let command):
      // Now and then an answer to another number than the one that is asked for.
      return .outcome(host: host, number: number - Int64(choices.byte() / 250), outcome(command))
    case .ask(let host, let number, _):
      let records: [StepRecord] = [
        .finished(.succeeded), .absent, .running, .interrupted, .finished(.failed(detail: "no")),
        .finished(.refused(current: Fence(epoch: 9, step: 9))), .finished(.unanswered(detail: "?")),
      ]
      if choices.below(8) == 7 { return .unreachable(host: host, number: number, detail: "no route") }
      return .answered(host: host, number: number, choices.pick(records) ?? .absent)
    case .watch(let host, let expecting):
      return .health(
        host: host, expecting: expecting, choices.below(4) > 0 ? .healthy : .unhealthy(detail: "503"))
    case .analyse(let analysis):
      if choices.below(4) == 3 { return .baselineTaken(number: analysis.number) }
      let outcome = choices.pick(Verdict.Outcome.allCases) ?? .pass
      return .verdict(number: analysis.number, Verdict(outcome: outcome, reason: "because"))
    }
  }

  private mutating func outcome(_ command: HostCommand) -> Outcome {
    switch choices.below(8) {
    case 0: .failed(detail: "exit 1\n\u{1b}\"\\")
    case 1: .refused(current: Fence(epoch: command.fence.epoch + 1, step: 1))
    case 2: .notSent(detail: "no route")
    case 3: .unanswered(detail: "cut")
    default: .succeeded
    }
  }

  private mutating func verb() -> Input.Verb {
    let hosts = rollout.plan.hosts.map(\.instance.id)
    switch choices.below(10) {
    case 0: return .pause
    case 1: return .resume
    case 2: return .rollback
    case 3: return .retry
    case 4: return .supersede
    case 5: return .promote(full: choices.flag())
    case 6: return .abort(choices.pick(AbortMode.allCases))
    case 7: return .abort(nil)
    case 8: return .skip("nobody")
    default: return .skip(choices.pick(hosts) ?? "nobody")
    }
  }

  private mutating func other() -> Input {
    switch choices.below(4) {
    case 0:
      return .tookOver(
        epoch: rollout.epoch + Int64(choices.below(2)), holder: "bob", gap: .seconds(Int64(choices.byte())))
    case 1: return .clockJumped(by: .seconds(Int64(choices.byte()) - 128), reason: "the clock was set")
    case 2: return .stopping(reason: "SIGTERM")
    default:
      return .health(
        host: choices.below(8), expecting: nil, choices.flag() ? .healthy : .unhealthy(detail: "refused"))
    }
  }

  private mutating func operation() -> Operation {
    requests += choices.below(2)
    return Operation(request: "q\(requests)", by: "ann", reason: "“why” not")
  }
}

extension MachineWorld {
  private static func plan(_ choices: inout Choices) -> Plan {
    let count = 1 + choices.below(4)
    let isRollback = choices.below(8) == 7
    let hosts = (0..<count).map { index in
      let (before, chance): (Version, Int) = ("1.0", choices.below(16))
      var readiness = RollbackReadiness.ready(before)
      if chance == 1 { readiness = .missing(reason: "pruned") }
      if chance == 2 { readiness = .nothingBefore }
      return PlannedHost(
        instance: Instance(id: HostID("web\(index)")), from: readiness == .nothingBefore ? nil : before,
        task: chance == 3 ? .none : .update, rollback: readiness)
    }
    let updated = hosts.indices.filter { hosts[$0].task == .update }
    var waves: [PlannedWave] = []
    if isRollback {
      if !updated.isEmpty { waves = [PlannedWave(kind: .rolling, hosts: updated, explanation: "all")] }
    } else if let first = updated.first {
      waves = [PlannedWave(kind: .canary, hosts: [first], explanation: "first")]
      let rest = Array(updated.dropFirst())
      let half = choices.below(rest.count + 1)
      for part in [rest[..<half], rest[half...]] where !part.isEmpty {
        waves.append(PlannedWave(kind: .rolling, hosts: Array(part), explanation: "the rest"))
      }
    }
    return Plan(
      rollout: "r1", kind: isRollback ? .rollback : .release, policy: policy(&choices), policyDigest: "p",
      release: Release(version: "2.0", digest: "d", artifact: isRollback && choices.flag() ? "" : "/a.tar.gz"),
      hosts: hosts, waves: waves, maxUnavailable: 1 + choices.below(2), createdAt: begin, createdBy: "ann")
  }

  private static func policy(_ choices: inout Choices) -> Policy {
    var policy = Policy(
      service: "checkout", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "a-{version}.tar.gz", directory: "/srv/checkout"))
    let traits = choices.byte()
    if traits & 1 == 1 { policy.probes = [ProbePolicy(name: "up", target: .tcp("{host}:80"))] }
    if traits & 2 == 2 {
      policy.checks = [CheckPolicy(name: "errors", source: .scrape("http://{host}/metrics"), measure: .gauge("queue"))]
    }
    if traits & 4 == 4 { policy.release.drain = ["drain", "{host}"] }
    if traits & 8 == 8 { policy.release.undrain = ["undrain"] }
    if traits & 16 == 16 { policy.baseline = .zero }
    if traits & 32 == 32 { (policy.soak, policy.waveBurnIn) = (.zero, .zero) }
    policy.maxFailures = choices.below(3)
    policy.onFail = choices.pick(FailAction.allCases) ?? policy.onFail
    policy.onInconclusive = choices.pick(InconclusiveAction.allCases) ?? policy.onInconclusive
    policy.onNoData = choices.pick(NoDataAction.allCases) ?? policy.onNoData
    policy.onAbort = choices.pick(AbortMode.allCases) ?? policy.onAbort
    policy.rollback = choices.pick(RollbackRequirement.allCases) ?? policy.rollback
    policy.approval = choices.pick(ApprovalPolicy.allCases) ?? policy.approval
    return policy
  }
}
