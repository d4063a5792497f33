import RolloutCore
import RolloutSimulation
import Testing

/// A rollout to record, and how it must come out.
struct Story: CustomTestStringConvertible, Sendable {
  var name: String
  /// State's name at the end, or at rest.
  var ends: String
  var plan: Plan
  var script: @Sendable () -> Script

  var testDescription: String { name }

  init(
    _ name: String, ends: String, hosts: Int = 3, _ change: (inout PlanBuilder) -> Void = { _ in },
    _ script: @escaping @Sendable (inout Script) -> Void = { _ in }
  ) {
    self.name = name
    self.ends = ends
    plan = PlanBuilder(hosts: hosts, change).plan
    self.script = {
      var result = Script()
      script(&result)
      return result
    }
  }

  func world() -> MachineWorld { MachineWorld(plan, script()) }

  static let all = successes + failures + verdicts + people + reverts + outages + newcomers + watching
}

extension Story {
  /// Instances on which nothing ran before.
  static let newcomers: [Story] = [
    Story(
      "first deploy of five", ends: "succeeded", hosts: 5,
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
        $0.policy.drains()
      }),
    Story(
      "scale-out", ends: "succeeded", hosts: 5,
      {
        $0.from = { $0 < 3 ? "1.0" : nil }
        $0.policy.rollback = .forwardOnly
      }),
    Story(
      "scale-out, the empty ones first", ends: "succeeded", hosts: 5,
      {
        $0.from = { $0 < 2 ? nil : "1.0" }
        $0.policy.rollback = .forwardOnly
      }),
    Story(
      "scale-out with a sick newcomer, retried", ends: "succeeded", hosts: 5,
      {
        $0.from = { $0 < 3 ? "1.0" : nil }
        $0.policy.rollback = .forwardOnly
      },
      {
        $0.sickOnRelease = [4]
        $0.cues = [Script.cue("halted", .cure(4)), Script.cue("halted", .retry)]
      }),
    Story(
      "scale-out, the controller dies while they start", ends: "succeeded", hosts: 5,
      {
        $0.from = { $0 < 3 ? "1.0" : nil }
        $0.policy.rollback = .forwardOnly
        $0.policy.drains()
      },
      { $0.cues = [Script.cue(4, is: "staging", .crash), Script.cue(3, is: "activating", .crash)] }),
  ]

  static let successes: [Story] = [
    Story("one host", ends: "succeeded", hosts: 1),
    Story("three hosts", ends: "succeeded"),
    Story(
      "ten hosts in waves", ends: "succeeded", hosts: 10,
      {
        $0.waveSizes = [2, 4]
        $0.maxUnavailable = 2
      }),
    Story("with drain and undrain", ends: "succeeded", { $0.policy.drains() }),
    Story("without probes", ends: "succeeded", { $0.policy.probes = [] }),
    Story("everything is on it already", ends: "succeeded", { $0.from = { _ in "2.0" } }),
    Story(
      "first deploy", ends: "succeeded",
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
      }),
    Story("mixed versions", ends: "succeeded", hosts: 4, { $0.from = { ["1.0", "2.0", nil, "0.9"][$0] } }),
    Story(
      "approval after every wave", ends: "succeeded", hosts: 4,
      {
        $0.policy.approval = .everyWave
        $0.waveSizes = [1]
      },
      {
        $0.cues = [
          Script.cue("waiting_approval", .promote(full: false)),
          Script.cue("waiting_approval", .promote(full: true)),
        ]
      }),
    Story(
      "a way back as a plan", ends: "succeeded",
      {
        $0.kind = .rollback
        $0.policy.drains()
      }),
  ]

  static let failures: [Story] = [
    Story("sick canary, halt", ends: "halted", { $0.policy.onFail = .halt }, { $0.sickOnRelease = [0] }),
    Story("sick canary, roll back", ends: "rolled_back", { $0.policy.drains() }, { $0.sickOnRelease = [0] }),
    Story(
      "failure in wave two, all go back", ends: "rolled_back", hosts: 5,
      {
        $0.waveSizes = [2]
        $0.maxUnavailable = 2
        $0.policy.drains()
      }, { $0.sickOnRelease = [3] }),
    Story(
      "a failure within max_failures", ends: "succeeded", hosts: 4,
      {
        $0.policy.maxFailures = 1
        $0.maxUnavailable = 2
      }, { $0.sickOnRelease = [2] }),
    Story(
      "no room left beside a tolerated failure", ends: "rolled_back", hosts: 4,
      { $0.policy.maxFailures = 1 }, { $0.sickOnRelease = [2] }),
    Story(
      "restart fails", ends: "rolled_back", { _ in },
      { $0.faults = [Fault(host: 0, step: .activate, kind: .fails)] }),
    Story(
      "the old version answers", ends: "rolled_back", { _ in },
      { $0.faults = [Fault(host: 0, step: .activate, kind: .keepsOldVersion)] }),
    Story(
      "canary dies in the burn-in", ends: "rolled_back", { _ in },
      { $0.cues = [Script.cue("burning_in", after: .minutes(3), .kill(0))] }),
    Story(
      "canary dies in wave two, halt, retry", ends: "succeeded", hosts: 4,
      {
        $0.policy.onFail = .halt
        $0.policy.drains()
      },
      {
        $0.cues = [
          Script.cue("rolling", after: .seconds(8), .kill(0)), Script.cue("halted", .cure(0)),
          Script.cue("halted", after: .minutes(1), .retry),
        ]
      }),
    Story(
      "forward only fails", ends: "halted",
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
      }, { $0.sickOnRelease = [1] }),
    Story(
      "drain fails", ends: "rolled_back", { $0.policy.drains() },
      { $0.faults = [Fault(host: 1, step: .drain, kind: .fails)] }),
    Story(
      "undrain fails", ends: "halted",
      {
        $0.policy.drains()
        $0.policy.onFail = .halt
      },
      { $0.faults = [Fault(host: 1, step: .undrain, kind: .fails)] }),
  ]

  private static func verdict(
    _ outcome: Verdict.Outcome, ends: String, name: String = "", _ change: @escaping (inout Policy) -> Void = { _ in }
  ) -> Story {
    Story(
      "verdict \(outcome.rawValue)\(name)", ends: ends,
      {
        change(&$0.policy)
        $0.policy.checks()
      },
      { script in
        script.verdicts = [
          (.seconds(30), Verdict(outcome: .noData, reason: "too early")),
          (.minutes(5), Verdict(outcome: outcome, reason: "the checks say \(outcome.rawValue)")),
        ]
      })
  }

  static let verdicts: [Story] = [
    verdict(.pass, ends: "succeeded"),
    verdict(.fail, ends: "rolled_back"),
    verdict(.fail, ends: "halted", name: ", halt") { $0.onFail = .halt },
    verdict(.inconclusive, ends: "halted"),
    verdict(.inconclusive, ends: "rolled_back", name: ", roll back") { $0.onInconclusive = .rollback },
    verdict(.inconclusive, ends: "succeeded", name: ", promote") { $0.onInconclusive = .promote },
    verdict(.noData, ends: "halted", name: ", wait"),
    verdict(.noData, ends: "halted", name: ", halt") { $0.onNoData = .halt },
    verdict(.noData, ends: "rolled_back", name: ", roll back") { $0.onNoData = .rollback },
    verdict(.error, ends: "halted"),
    Story(
      "inconclusive, then promoted", ends: "succeeded", { $0.policy.checks() },
      {
        $0.verdicts = [(.minutes(5), Verdict(outcome: .inconclusive, reason: "too little traffic"))]
        $0.cues = [Script.cue("halted", .promote(full: false))]
      }),
    Story("an approval nobody gives", ends: "halted", { $0.policy.approval = .canary }),
  ]

  static let people: [Story] = [
    Story(
      "pause and resume", ends: "succeeded", { $0.policy.drains() },
      {
        $0.cues = [
          Script.cue("rolling", after: .seconds(5), .pause),
          Script.cue("paused", after: .minutes(90), .resume),
        ]
      }),
    Story(
      "pause in the burn-in, promote, resume", ends: "succeeded", { _ in },
      {
        $0.cues = [
          Script.cue("burning_in", .pause), Script.cue("paused", .promote(full: false)),
          Script.cue("paused", .promote(full: false)), Script.cue("paused", after: .minutes(9), .resume),
        ]
      }),
    Story(
      "abort and hold in a wave", ends: "aborted", hosts: 4, { $0.policy.drains() },
      { $0.cues = [Script.cue("rolling", after: .seconds(4), .abort(.hold))] }),
    Story(
      "abort and hold in the burn-in", ends: "aborted", { _ in },
      { $0.cues = [Script.cue("burning_in", .abort(.hold))] }),
    Story(
      "abort and roll back in a wave", ends: "aborted", hosts: 5,
      {
        $0.maxUnavailable = 2
        $0.policy.drains()
      },
      { $0.cues = [Script.cue("rolling", after: .seconds(8), .abort(nil))] }),
    Story(
      "abort and roll back while staging", ends: "aborted", { _ in },
      { $0.cues = [Script.cue("canarying", .abort(.rollback))] }),
    Story(
      "abort and roll back at the approval", ends: "aborted", { $0.policy.approval = .canary },
      { $0.cues = [Script.cue("waiting_approval", .abort(.rollback))] }),
    Story(
      "first deploy, abort and hold while staging", ends: "aborted",
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
      },
      { $0.cues = [Script.cue("canarying", .abort(nil))] }),
    Story(
      "pause with a drained instance, then hold", ends: "aborted", { $0.policy.drains() },
      {
        $0.cues = [
          Script.cue(1, is: "draining", .say(.pause)),
          Script.cue("paused", after: .seconds(9), .abort(.hold)),
        ]
      }),
    Story(
      "skip a failed host", ends: "succeeded", { $0.policy.onFail = .halt },
      { script in
        script.sickOnRelease = [1]
        script.cues = [Script.cue("halted", .skip("web2")), Script.cue("halted", .retry)]
      }),
    Story(
      "skip the canary, promote", ends: "succeeded", { _ in },
      { $0.cues = [Script.cue("canarying", .skip("web1")), Script.cue("halted", .promote(full: false))] }),
    Story(
      "retry after a failure", ends: "succeeded",
      {
        $0.policy.onFail = .halt
        $0.policy.drains()
      },
      { script in
        script.faults = [Fault(host: 1, step: .activate, kind: .fails)]
        script.cues = [Script.cue("halted", .retry)]
      }),
    Story(
      "promote to the end", ends: "succeeded", { $0.policy.approval = .everyWave },
      { $0.cues = [Script.cue("canarying", .promote(full: true))] }),
    Story(
      "superseded when halted", ends: "superseded", { $0.policy.onFail = .halt },
      {
        $0.sickOnRelease = [0]
        $0.cues = [Script.cue("halted", .supersede)]
      }),
    Story(
      "stopped while a drain runs, then retried", ends: "succeeded", hosts: 4,
      {
        $0.policy.onFail = .halt
        $0.policy.drains()
        $0.maxUnavailable = 2
      },
      {
        $0.faults = [Fault(host: 1, step: .drain, kind: .fails)]
        $0.cues = [Script.cue("halted", .retry)]
      }),
  ]

  static let reverts: [Story] = [
    Story(
      "rollback while queued for a wave", ends: "rolled_back", { _ in },
      { $0.cues = [Script.cue("canarying", .rollback)] }),
    Story(
      "rollback in the burn-in", ends: "rolled_back", { _ in },
      { $0.cues = [Script.cue("burning_in", .rollback)] }),
    Story(
      "rollback when halted", ends: "rolled_back", { $0.policy.onFail = .halt },
      {
        $0.sickOnRelease = [0]
        $0.cues = [Script.cue("halted", .rollback)]
      }),
    Story(
      "rollback while paused", ends: "rolled_back", { _ in },
      { $0.cues = [Script.cue("rolling", .pause), Script.cue("paused", .rollback)] }),
    Story(
      "rollback while stopping", ends: "rolled_back", { _ in },
      { $0.cues = [Script.cue("canarying", .abort(.hold)), Script.cue("aborting", .rollback)] }),
    Story(
      "revert fails, retry", ends: "rolled_back", { $0.policy.drains() },
      { script in
        script.sickOnRelease = [0]
        script.faults = [Fault(host: 0, step: .revertActivate, kind: .fails)]
        script.cues = [Script.cue("stuck", .retry)]
      }),
    Story(
      "revert fails, hold", ends: "aborted", { _ in },
      { script in
        script.sickOnRelease = [0]
        script.faults = [Fault(host: 0, step: .revertActivate, kind: .fails)]
        script.cues = [Script.cue("stuck", .abort(.hold))]
      }),
    Story(
      "stuck with a step in flight, retry", ends: "rolled_back", { $0.policy.progressDeadline = .seconds(90) },
      { script in
        script.faults = [Fault(host: 0, step: .activate, kind: .lostBefore)]
        script.cues = [
          Script.cue(0, is: "activating", .cutOff(0)), Script.cue(0, is: "unknown", .say(.rollback)),
          Script.cue("stuck", .reconnect(0)), Script.cue("stuck", after: .minutes(9), .retry),
        ]
      }),
    Story(
      "a way back fails, skip, retry", ends: "succeeded", { $0.kind = .rollback },
      { script in
        script.sickOnRelease = [1]
        script.cues = [Script.cue("stuck", .skip("web2")), Script.cue("stuck", .retry)]
      }),
  ]

  static let outages: [Story] = [
    Story(
      "unreachable, recovers", ends: "succeeded", { _ in },
      {
        $0.cues = [
          Script.cue(1, is: "staging", after: .seconds(0), .cutOff(1)),
          Script.cue(1, is: "unknown", after: .minutes(1), .reconnect(1)),
        ]
      }),
    Story(
      "unreachable for good", ends: "stuck", { _ in },
      {
        $0.faults = [Fault(host: 1, step: .activate, kind: .lostAfter)]
        $0.cues = [Script.cue(1, is: "activating", after: .seconds(0), .cutOff(1))]
      }),
    Story(
      "answers lost on both sides", ends: "succeeded", hosts: 4, { $0.policy.drains() },
      { script in
        script.faults = [
          Fault(host: 0, step: .stage, kind: .lostBefore), Fault(host: 0, step: .activate, kind: .lostAfter),
          Fault(host: 1, step: .drain, kind: .lostAfter), Fault(host: 1, step: .activate, kind: .straggles),
          Fault(host: 2, step: .activate, kind: .interrupted), Fault(host: 2, step: .undrain, kind: .answersTwice),
          Fault(host: 3, step: .stage, kind: .notSent, times: 3),
        ]
      }),
    Story(
      "a step that hangs", ends: "rolled_back", { _ in },
      { $0.faults = [Fault(host: 1, step: .activate, kind: .hangs)] }),
    Story(
      "the clock is set back and forth", ends: "succeeded", { _ in },
      {
        $0.cues = [
          Script.cue("burning_in", .jumpClock(.minutes(-60))),
          Script.cue("rolling", .jumpClock(.minutes(60))),
        ]
      }),
    Story(
      "the controller dies twice", ends: "succeeded", { $0.policy.drains() },
      { $0.cues = [Script.cue(0, is: "activating", .crash), Script.cue("rolling", after: .seconds(6), .crash)] }),
  ]
}
