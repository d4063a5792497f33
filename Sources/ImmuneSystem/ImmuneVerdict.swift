internal import CanaryJudge
public import RolloutCore

/// From findings to a verdict.
extension ImmuneSystem {
  /// What the samples so far say, with what it rests on.
  public var verdict: Verdict {
    let findings = checks.indices.map(finding)
    let (outcome, reason) = decision { findings[$0] }
    var verdict = Verdict(outcome: outcome, reason: reason, evidence: checks.indices.map { evidence($0, findings[$0]) })
    verdict.lastSample = lastSequence
    return verdict
  }

  /// That of the verdict, for less work: only the numbers that decide it.
  public var outcome: Verdict.Outcome { decision(finding).outcome }

  private func finding(_ check: Int) -> CheckFinding {
    var finding = judge.finding(check).journalled
    // One that decides nothing is shown against what all would have to reach.
    if checks[check].muted { finding.logThreshold = EvidenceSum.logThreshold(falseAlarm: falseAlarm) }
    return finding
  }

  private func decision(_ finding: (Int) -> CheckFinding) -> (outcome: Verdict.Outcome, reason: String) {
    if case .halt(let check, let ground) = judge.ruling {
      return (.fail, "\(checks[check].name): \(blame(check, ground, finding(check)))")
    }
    if let state = states.first(where: { $0.refusal != nil && !$0.policy.muted }) {
      return (.error, "\(state.policy.name) cannot be measured: \(state.refusal ?? "")")
    }
    let acting = states.indices.filter { states[$0].refusal == nil && !states[$0].policy.muted }
    if let silent = silence(acting) {
      let state = states[silent]
      return (
        state.lastProblem?.kind == .error ? .error : .noData,
        "\(state.policy.name): \(words(silent, finding(silent)).silence)"
      )
    }
    if segment?.stage == .baseline { return (.inconclusive, baselinePhrase) }
    if let missing = missingRequests { return (.inconclusive, missing) }
    for check in acting {
      let found = finding(check)
      if !isSettled(check, found) {
        return (.inconclusive, "\(states[check].policy.name): \(detail(check, found))")
      }
    }
    if acting.isEmpty { return (.pass, "no check to judge by" + requestsPhrase) }
    if judge.ruling == .pass { return (.pass, passReason(acting.count)) }
    return limitsAlone(acting, finding)
  }

  /// The silent check that nothing goes on without: any when all are silent, else a critical one. Somebody who answers
  /// nonsense is named first.
  private func silence(_ acting: [Int]) -> Int? {
    let silent = acting.filter { states[$0].isSilent }
    let decisive = silent.count == acting.count ? silent : silent.filter { checks[$0].isCritical }
    return decisive.first { states[$0].lastProblem?.kind == .error } ?? decisive.first
  }

  /// Whether nothing more is asked of a check for a pass.
  private func isSettled(_ check: Int, _ finding: CheckFinding) -> Bool {
    let state = states[check]
    if state.isSilent || finding.isLimitBreached { return false }
    if canEarn(check, finding) { return finding.hasEarnedPass }
    return state.hasSiblings || segment?.stage == .soak || finding.isLimitHeld
  }

  /// A pass by comparison is possible at all.
  private func canEarn(_ check: Int, _ finding: CheckFinding) -> Bool {
    finding.passThreshold > 0 && states[check].hasSiblings
  }

  /// Where nothing can earn a pass by comparison, absolute limits that hold are enough.
  private func limitsAlone(
    _ acting: [Int], _ finding: (Int) -> CheckFinding
  ) -> (outcome: Verdict.Outcome, reason: String) {
    let limited = acting.filter { checks[$0].limit != nil }
    let compared = acting.contains { canEarn($0, finding($0)) }
    guard !compared, !limited.isEmpty || segment?.stage == .soak else {
      return (
        .inconclusive,
        compared
          ? "every check has earned its pass; the warm-up is not over"
          : "no check that a pass could be earned by: \(checks[acting[0]].name) can only fail"
      )
    }
    guard (second ?? 0) > 2 * judge.rules.warmUp, limited.allSatisfy({ finding($0).isLimitHeld }) else {
      return (.inconclusive, "nothing to compare with; the limits must hold until the warm-up is over")
    }
    // Against a recording a check can only fail.
    let onRecording = acting.contains { finding($0).isOnRecording }
    let what = onRecording ? "nothing shows them worse than before the push" : "nothing to compare with"
    return (.pass, what + (limited.isEmpty ? "" : ", and every limit holds") + requestsPhrase)
  }

  private func blame(_ check: Int, _ ground: Ruling.Ground, _ finding: CheckFinding) -> String {
    let words = words(check, finding)
    switch ground {
    case .limit: return words.breach
    case .evidence, .baseline: return words.regression
    }
  }

  private var baselinePhrase: String {
    guard let firstLook, let lastLook else { return "nothing measured yet before the push" }
    let seconds = Self.seconds(lastLook - firstLook)
    return "every instance is measured before the push, for \(Figure.time(seconds: seconds)) so far"
  }

  private func passReason(_ count: Int) -> String {
    let who = count == 1 ? "the check shows" : "all \(count) checks show"
    return "\(who) the updated instances no worse" + requestsPhrase
  }

  private var requestsPhrase: String {
    untilRequests == nil ? "" : " after \(Figure.count(judge.requests)) requests"
  }

  private var missingRequests: String? {
    guard let wanted = untilRequests, judge.requests < Double(wanted) else { return nil }
    return "\(Figure.count(judge.requests)) of \(Figure.count(Double(wanted))) requests"
  }

  private func words(_ check: Int, _ finding: CheckFinding) -> CheckWords {
    CheckWords(state: states[check], finding: finding, isSoak: segment?.stage == .soak)
  }

  // MARK: Evidence

  private func evidence(_ check: Int, _ finding: CheckFinding) -> Evidence {
    let policy = checks[check]
    var evidence = Evidence(
      check: policy.name, outcome: outcome(check, finding), canary: finding.updated, baseline: finding.siblings,
      canarySamples: finding.updatedExposure, baselineSamples: finding.siblingsExposure,
      detail: (policy.muted ? "muted: " : "") + detail(check, finding))
    evidence.owner = policy.owner
    guard states.indices.contains(check), states[check].refusal == nil, second != nil else { return evidence }
    evidence.ratio = finding.ratio
    evidence.ratioLow = finding.ratioLow
    evidence.ratioHigh = finding.ratioHigh
    evidence.siblingsDegraded = finding.siblingsDegraded
    if finding.logThreshold > 0 {
      evidence.logEvidence = finding.logEvidence
      evidence.logThreshold = finding.logThreshold
    }
    if finding.passThreshold > 0 {
      evidence.passEvidence = finding.passEvidence
      evidence.passThreshold = finding.passThreshold
    }
    evidence.need = need(check, finding)
    return evidence
  }

  private func outcome(_ check: Int, _ finding: CheckFinding) -> Verdict.Outcome {
    guard states.indices.contains(check) else { return .inconclusive }
    let state = states[check]
    if state.refusal != nil { return .error }
    if case .halt(check, _) = judge.ruling { return .fail }
    if finding.isLimitBreached { return .fail }
    if finding.logThreshold > 0, finding.logEvidence >= finding.logThreshold { return .fail }
    if state.isSilent { return state.lastProblem?.kind == .error ? .error : .noData }
    return finding.hasEarnedPass ? .pass : .inconclusive
  }

  private func detail(_ check: Int, _ finding: CheckFinding) -> String {
    guard states.indices.contains(check) else { return "nothing measured yet" }
    let state = states[check]
    if let refusal = state.refusal { return "cannot be measured: \(refusal)" }
    let words = words(check, finding)
    if case .halt(check, let ground) = judge.ruling { return blame(check, ground, finding) }
    if finding.isLimitBreached { return words.breach }
    if finding.logThreshold > 0, finding.logEvidence >= finding.logThreshold { return words.regression }
    if state.isSilent { return words.silence }
    return words.progress(need: need(check, finding))
  }

  private func need(_ check: Int, _ finding: CheckFinding) -> Evidence.Need? {
    guard !finding.hasEarnedPass, let missing = finding.exposureMissing, missing > 0, missing.isFinite else {
      return nil
    }
    let have = finding.updatedExposure
    let judged = (second ?? 0) - Self.seconds(checks[check].initialDelay)
    var time: TimeSpan?
    if have > 0, judged > 0, missing / have * judged < 1e9 {
      time = TimeSpan(milliseconds: Int64((missing / have * judged * 1000).rounded()))
    }
    return Evidence.Need(have: have, about: have + missing, unit: checks[check].exposureUnit, time: time)
  }
}

extension CheckFinding {
  /// With numbers that JSON holds, so that a verdict is the same after the journal has kept it: none that is infinite
  /// or not a number, and no zero with a sign.
  fileprivate var journalled: CheckFinding {
    func plain(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 + 0 : nil } }
    var finding = self
    finding.updated = plain(updated)
    finding.siblings = plain(siblings)
    finding.updatedExposure = plain(updatedExposure) ?? 0
    finding.siblingsExposure = plain(siblingsExposure) ?? 0
    finding.ratio = plain(ratio)
    finding.ratioLow = plain(ratioLow)
    finding.ratioHigh = plain(ratioHigh)
    finding.logEvidence = plain(logEvidence) ?? 0
    finding.logThreshold = plain(logThreshold) ?? 0
    finding.passEvidence = plain(passEvidence) ?? 0
    finding.passThreshold = plain(passThreshold) ?? 0
    finding.exposureMissing = plain(exposureMissing)
    finding.limitValue = plain(limitValue)
    return finding
  }
}

extension CheckPolicy {
  var exposureUnit: String {
    switch measure {
    case .ratio: "requests"
    case .histogram: "samples"
    case .gauge, .rate, .share: "seconds"
    }
  }
}
