internal import CanaryJudge
public import RolloutCore

/// One instance plays the canary in one window.
struct Trial: Hashable, Sendable {
  var window: Int
  var canary: Int
}

/// One burn-in to be played.
public struct TrialJob: Hashable, Sendable {
  var trial: Int
  /// Alone, without its limit; all together when nil.
  var check: Int?
  /// Tolerances other than the policy's, by check.
  var tolerances: [Int: Double] = [:]
  var regression: Regression?
  var keepsLimits = false
}

/// How it ended.
public struct TrialOutcome: Hashable, Sendable {
  /// Seconds after the would-be deploy.
  var halt: Double?
  var blamed: Int?
  var isLimit = false
  var pass: Double?

  public init() {}
}

/// Everything that burn-ins are played from.
public struct CalibrationBench: Sendable {
  public let policy: Policy
  public let recordings: [Recording]
  let cut: WindowCut
  let trials: [Trial]
  /// Trials that there are, of which `trials` are a choice.
  let possible: Int

  /// - Parameter runs: most trials that are played, spread evenly over all windows and instances.
  public init(_ policy: Policy, recordings: [Recording], runs: Int) {
    self.policy = policy
    self.recordings = recordings.flatMap { $0.parts() }
    cut = WindowCut(self.recordings, baseline: policy.baseline, burnIn: policy.burnIn.max)
    var all: [Trial] = []
    for (index, window) in cut.windows.enumerated() {
      all += window.members.map { Trial(window: index, canary: $0) }
    }
    possible = all.count
    trials = Self.spread(all, runs: max(1, runs))
  }

  /// One of every block of equal length, by chance: a fixed stride would always meet the same instance.
  private static func spread(_ all: [Trial], runs: Int) -> [Trial] {
    guard all.count > runs else { return all }
    var chance = Chance(seed: 1)
    return (0..<runs).map { run in
      let (from, to) = (run * all.count / runs, (run + 1) * all.count / runs)
      return all[from + chance.below(to - from)]
    }
  }

  func name(of trial: Trial) -> String { recordings[cut.windows[trial.window].recording].instances[trial.canary] }

  /// Plays one burn-in, as a rollout's analyst would judge it. The same job gives the same outcome.
  public func play(_ job: TrialJob) -> TrialOutcome {
    let window = cut.windows[trials[job.trial].window]
    let canary = trials[job.trial].canary
    let looks = recordings[window.recording].looks[window.looks]
    var immune = immune(for: job)
    var injection: Injection?
    if let check = job.check, let regression = job.regression {
      injection = Injection(
        regression, check: policy.checks[check], index: check, canary: canary, members: window.members, looks: looks,
        seed: UInt64(job.trial) &* 1009 &+ UInt64(check) &* 31 &+ 7)
    }
    do {
      return try play(job, window, canary, looks, &immune, &injection)
    } catch {
      // Recordings fit their instances and the policy's checks.
      return TrialOutcome()
    }
  }

  private func play(
    _ job: TrialJob, _ window: CalmWindow, _ canary: Int, _ looks: ArraySlice<Look>, _ immune: inout ImmuneSystem,
    _ injection: inout Injection?
  ) throws(SampleMismatch) -> TrialOutcome {
    var outcome = TrialOutcome()
    let hosts = Array(recordings[window.recording].instances.indices)
    let others = window.members.filter { $0 != canary }
    let canPass =
      job.check == nil
      && policy.checks.indices.allSatisfy { policy.checks[$0].muted || window.measured.contains($0) }
    func segment(_ stage: Analysis.Stage) -> Segment {
      Segment(
        Analysis(number: 1, stage: stage, updated: [canary], siblings: others), hosts: hosts, refusals: [])
    }
    try immune.record(.segment(segment(.baseline)), sequence: 0)
    for (number, look) in looks.enumerated() {
      if number == window.before { try immune.record(.segment(segment(.comparison)), sequence: 0) }
      guard var shown = shown(look, of: job.check) else { continue }
      if number >= window.before, injection != nil {
        let second = ImmuneSystem.seconds(look.at - deploy(of: window, looks))
        for index in shown.checks.indices {
          let reading = shown.checks[index].readings[canary]
          shown.checks[index].readings[canary] = injection?.worsen(reading, second: second) ?? reading
        }
      }
      try immune.record(.look(shown), sequence: number)
      guard number >= window.before else { continue }
      note(&outcome, immune, canPass: canPass)
      if outcome.halt != nil { break }
    }
    return outcome
  }

  private func deploy(of window: CalmWindow, _ looks: ArraySlice<Look>) -> Timestamp {
    let first = looks[looks.startIndex + window.before]
    return first.at + (.zero - first.duration)
  }

  /// What a check that plays alone sees of a look; nil where nothing.
  private func shown(_ look: Look, of check: Int?) -> Look? {
    guard let check else { return look }
    let checks = look.checks.filter { $0.check == check }
    return checks.isEmpty ? nil : Look(at: look.at, duration: look.duration, checks: checks)
  }

  private func note(_ outcome: inout TrialOutcome, _ immune: ImmuneSystem, canPass: Bool) {
    let second = max(0, immune.second ?? 0)
    if case .halt(let blamed, let ground) = immune.judge.ruling {
      outcome.halt = second
      outcome.blamed = blamed
      outcome.isLimit = ground == .limit
    } else if canPass, outcome.pass == nil, immune.judge.ruling == .pass,
      second >= ImmuneSystem.seconds(policy.burnIn.min), immune.verdict.outcome == .pass
    {
      outcome.pass = second
    }
  }

  private func immune(for job: TrialJob) -> ImmuneSystem {
    var checks = policy.checks
    for (index, tolerance) in job.tolerances { checks[index].tolerance = tolerance }
    if let check = job.check {
      // What is muted is calibrated as if it were not: that is when one wants to know.
      checks[check].muted = false
      if !job.keepsLimits { checks[check].limit = nil }
    }
    return ImmuneSystem(
      checks: checks, falseAlarm: policy.falseAlarm, horizon: policy.burnIn.max,
      untilRequests: policy.burnIn.untilRequests, warmUp: policy.warmUp)
  }
}
