import RolloutCore
import RolloutSimulation

/// Rollouts in which the checks watch: baseline, burn-in, later waves, approval, soak.
extension Story {
  private static func watched(
    _ name: String, ends: String, hosts: Int = 4, says outcome: Verdict.Outcome = .pass,
    _ change: @escaping (inout PlanBuilder) -> Void = { _ in }, _ cues: [Script.Cue] = []
  ) -> Story {
    Story(
      name, ends: ends, hosts: hosts,
      {
        $0.policy.checks()
        $0.waveSizes = [1]
        change(&$0)
      },
      {
        $0.verdicts = [(.minutes(4), Verdict(outcome: outcome, reason: "the checks say \(outcome.rawValue)"))]
        $0.cues = cues
      })
  }

  static let watching: [Story] = baselines + laterWaves + soaks

  private static let baselines: [Story] = [
    watched(
      "checks speak before the push", ends: "succeeded", { $0.policy.drains() },
      [
        .inBaseline(.checksSay(.noData)), .inBaseline(.checksSay(.fail)), .inBaseline(.checksSay(.pass)),
        .inBaseline(.checksSay(.error)),
      ]),
    watched("history is found", ends: "succeeded", { _ in }, [.inBaseline(.historyIsFound)]),
    watched("promoted in the baseline", ends: "succeeded", { _ in }, [.inBaseline(.say(.promote(full: false)))]),
    watched(
      "promoted to the end in the baseline", ends: "succeeded", { $0.policy.approval = .everyWave },
      [.inBaseline(.say(.promote(full: true)))]),
    watched(
      "paused in the baseline", ends: "succeeded", { _ in },
      [.inBaseline(.say(.pause)), Script.cue("paused", after: .minutes(90), .resume)]),
    watched(
      "promoted in a pause in the baseline", ends: "succeeded", { _ in },
      [
        .inBaseline(.say(.pause)), Script.cue("paused", after: .minutes(90), .promote(full: false)),
        Script.cue("paused", .resume),
      ]),
    watched(
      "the controller dies and the clock is set in the baseline", ends: "succeeded", { _ in },
      [.inBaseline(.crash), .inBaseline(.jumpClock(.minutes(-60))), .inBaseline(.jumpClock(.minutes(60)))]),
    watched(
      "aborted in the baseline", ends: "aborted", { _ in }, [.inBaseline(.say(.abort(.rollback)))]),
    watched("held in the baseline", ends: "aborted", { _ in }, [.inBaseline(.say(.abort(.hold)))]),
    watched("rolled back in the baseline", ends: "rolled_back", { _ in }, [.inBaseline(.say(.rollback))]),
    Story(
      "staging fails in the baseline, retried", ends: "succeeded",
      {
        $0.policy.checks()
        $0.policy.onFail = .halt
      },
      {
        $0.faults = [Fault(host: 0, step: .stage, kind: .fails)]
        $0.verdicts = [(.minutes(4), Verdict(outcome: .pass, reason: "good"))]
        $0.cues = [Script.cue("halted", .retry)]
      }),
    watched(
      "muted checks are measured", ends: "succeeded", says: .fail, { $0.policy.checks[0].muted = true },
      [.inBaseline(.checksSay(.noData))]),
    watched(
      "nothing ran before", ends: "succeeded",
      {
        $0.from = { _ in nil }
        $0.policy.rollback = .forwardOnly
      }),
    watched(
      "the canary is skipped in the baseline", ends: "succeeded", { _ in },
      [
        .inBaseline(.say(.skip("web1"))), Script.cue("halted", .promote(full: false)),
        .judging(.checksSay(.inconclusive)),
      ]),
  ]

  private static let laterWaves: [Story] = [
    watched(
      "fail while wave two is updated", ends: "rolled_back", { _ in }, [Script.cue("rolling", .checksSay(.fail))]),
    watched("fail while wave two is watched", ends: "rolled_back", { _ in }, [.judging(.checksSay(.fail))]),
    watched(
      "fail in wave two, halt, retry", ends: "succeeded", { $0.policy.onFail = .halt },
      [.judging(.checksSay(.fail)), Script.cue("halted", .retry), .judging(.checksSay(.inconclusive))]),
    watched(
      "fail in wave two, halt", ends: "halted", { $0.policy.onFail = .halt },
      [.judging(.checksSay(.fail)), Script.cue("halted", .promote(full: true))]),
    watched(
      "fail within max_failures fails all the same", ends: "rolled_back", { $0.policy.maxFailures = 3 },
      [.judging(.checksSay(.fail))]),
    watched(
      "fail at the approval", ends: "rolled_back", { $0.policy.approval = .canary },
      [Script.cue("waiting_approval", .checksSay(.fail))]),
    watched(
      "fail at the approval, paused", ends: "rolled_back", { $0.policy.approval = .canary },
      [Script.cue("waiting_approval", .pause), Script.cue("paused", .checksSay(.fail))]),
    watched(
      "fail while the second canary is updated", ends: "rolled_back", { $0.canaries = 2 },
      [Script.cue(0, is: "healthy", .checksSay(.fail))]),
    watched(
      "the source is away for a while in wave two", ends: "succeeded", { _ in },
      [
        Script.cue("rolling", .checksSay(.noData)), .judging(.checksSay(.error)),
        Script.cue("rolling", after: .minutes(9), .checksSay(.inconclusive)),
      ]),
    watched(
      "the source is away for good in wave two", ends: "halted", { _ in },
      [Script.cue("rolling", .checksSay(.noData))]),
    watched(
      "the source is away for good, roll back", ends: "rolled_back", { $0.policy.onNoData = .rollback },
      [.judging(.checksSay(.error))]),
    watched(
      "the source is away for good, promoted", ends: "succeeded", { _ in },
      [
        Script.cue("rolling", .checksSay(.noData)), Script.cue("halted", .promote(full: false)),
        Script.cue("halted", .promote(full: false)),
      ]),
    watched(
      "wave two is promoted", ends: "succeeded", { _ in },
      [
        Script.cue("rolling", .checksSay(.noData)), .judging(.say(.promote(full: false))),
        Script.cue("rolling", after: .minutes(20), .checksSay(.pass)),
      ]),
    watched(
      "paused and taken over while wave two is watched", ends: "succeeded", { _ in },
      [.judging(.say(.pause)), Script.cue("paused", after: .minutes(9), .resume), .judging(.crash)]),
    watched(
      "an instance dies while its wave is watched", ends: "rolled_back", { _ in }, [.judging(.kill(1))]),
    watched(
      "an instance within max_failures dies while its wave is watched", ends: "succeeded",
      {
        $0.policy.maxFailures = 1
        $0.maxUnavailable = 2
      }, [.judging(.kill(1))]),
  ]

  private static let soaks: [Story] = [
    watched(
      "fail in the soak", ends: "rolled_back", { $0.policy.drains() }, [Script.cue("soaking", .checksSay(.fail))]),
    watched(
      "fail in the soak, halt, retry", ends: "succeeded", { $0.policy.onFail = .halt },
      [
        Script.cue("soaking", .checksSay(.fail)), Script.cue("halted", .retry), .judging(.checksSay(.inconclusive)),
      ]),
    watched(
      "fail in the soak of what cannot go back", ends: "halted", { $0.policy.rollback = .forwardOnly },
      [Script.cue("soaking", after: .minutes(3), .checksSay(.fail))]),
    watched("an instance dies in the soak", ends: "rolled_back", { _ in }, [Script.cue("soaking", .kill(3))]),
    watched("the soak is promoted", ends: "succeeded", { _ in }, [Script.cue("soaking", .promote(full: false))]),
    watched(
      "paused, promoted and resumed in the soak", ends: "succeeded", { _ in },
      [
        Script.cue("soaking", .pause), Script.cue("paused", .promote(full: true)),
        Script.cue("paused", after: .minutes(90), .resume),
      ]),
    watched(
      "paused and failed in the soak", ends: "rolled_back", { _ in },
      [Script.cue("soaking", .pause), Script.cue("paused", after: .minutes(90), .checksSay(.fail))]),
    watched(
      "the source is away in the soak", ends: "succeeded", { _ in }, [Script.cue("soaking", .checksSay(.noData))]),
    watched(
      "the controller dies and the clock is set in the soak", ends: "succeeded", { _ in },
      [
        Script.cue("soaking", .crash), Script.cue("soaking", .jumpClock(.minutes(60))),
        Script.cue("soaking", .jumpClock(.minutes(-60))),
      ]),
    watched(
      "rolled back in the soak", ends: "rolled_back", { _ in }, [Script.cue("soaking", .rollback)]),
    watched("held in the soak", ends: "aborted", { _ in }, [Script.cue("soaking", .abort(.hold))]),
    watched("one host with checks", ends: "succeeded", hosts: 1),
  ]
}

extension Script.Cue {
  static func inBaseline(_ act: Script.Act) -> Script.Cue {
    Script.Cue(when: { $0.isTakingBaseline && $0.pause == nil && $0.epoch > 0 }, act: act)
  }

  /// While the checks watch a wave after the canary's.
  static func judging(_ act: Script.Act) -> Script.Cue {
    Script.Cue(
      when: { rollout in
        guard case .burningIn(let wave, _) = rollout.phase, rollout.pause == nil else { return false }
        return rollout.plan.waves[wave].kind == .rolling
      }, act: act)
  }
}
