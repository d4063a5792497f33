internal import CanaryJudge
public import RolloutCore

/// From findings to a verdict.
extension ImmuneSystem {
  /// What the samples so far say, with what it rests on.
  public var verdict: Verdict {
    let findings = checks.indices.map { judge.finding($0).journalled }
    let (outcome, reason) = decision(findings)
    var verdict = Verdict(outcome: outcome, reason: reason, evidence: checks.indices.map { evidence($0, findings[$0]) })
    verdict.lastSample = lastSequence
    return verdict
  }

  private func decision(_ findings: [CheckFinding]) -> (Verdict.Outcome, String) {
    if case .halt(let check, let ground) = judge.ruling {
      return (.fail, "\(checks[check].name): \(blame(check, ground, findings[check]))")
    }
    if let state = states.first(where: { $0.refusal != nil && !$0.policy.muted }) {
      return (.error, "\(state.policy.name) cannot be measured: \(state.refusal ?? "")")
    }
    let acting = states.indices.filter { states[$0].refusal == nil && !states[$0].policy.muted }
    if let first = acting.first, acting.allSatisfy({ states[$0].isSilent }) {
      // Somebody who answers nonsense is not silent.
      let loud = acting.first { states[$0].lastProblem?.kind == .error }
      return (
        loud == nil ? .noData : .error,
        "\(states[loud ?? first].policy.name): \(words(loud ?? first, findings[loud ?? first]).silence)"
      )
    }
    if segment?.stage == .baseline { return (.inconclusive, baselinePhrase) }
    if let missing = missingRequests(findings) { return (.inconclusive, missing) }
    let open = acting.first { !findings[$0].hasEarnedPass || states[$0].isSilent }
    if let open { return (.inconclusive, "\(states[open].policy.name): \(detail(open, findings[open]))") }
    guard acting.isEmpty || judge.ruling == .pass else {
      return (.inconclusive, "every check has earned its pass; the warm-up is not over")
    }
    return (.pass, passReason(acting.count, findings))
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

  private func passReason(_ count: Int, _ findings: [CheckFinding]) -> String {
    let requests = untilRequests == nil ? "" : " after \(Figure.count(requestsSeen(findings))) requests"
    switch count {
    case 0: return "no check to judge by" + requests
    case 1: return "the check shows the updated instances no worse" + requests
    default: return "all \(count) checks show the updated instances no worse" + requests
    }
  }

  /// Requests of the updated instances, by the check that saw most of them.
  private func requestsSeen(_ findings: [CheckFinding]) -> Double {
    var most = 0.0
    for (index, check) in checks.enumerated() where check.countsRequests {
      most = max(most, findings[index].updatedExposure)
    }
    return most
  }

  private func missingRequests(_ findings: [CheckFinding]) -> String? {
    guard let wanted = untilRequests else { return nil }
    let seen = requestsSeen(findings)
    return seen < Double(wanted) ? "\(Figure.count(seen)) of \(Figure.count(Double(wanted))) requests" : nil
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
  /// With numbers that JSON holds, so that a verdict is the same after the journal has kept it: none that is infinite or
  /// not a number, and no zero with a sign.
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
    return finding
  }
}

extension CheckPolicy {
  /// Whether its exposure is a number of requests.
  var countsRequests: Bool {
    switch measure {
    case .ratio, .histogram: true
    case .gauge, .rate, .share: false
    }
  }

  var exposureUnit: String {
    switch measure {
    case .ratio: "requests"
    case .histogram: "samples"
    case .gauge, .rate, .share: "seconds"
    }
  }
}
