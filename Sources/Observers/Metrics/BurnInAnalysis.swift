internal import CanaryJudge
internal import RolloutCore

/// All checks of one burn-in and what they say together.
struct BurnInAnalysis {
  enum Check {
    case measured(CheckAnalysis)
    /// Cannot be measured whatever happens: an address refused, a selector not understood.
    case broken(CheckPolicy, detail: String)

    var policy: CheckPolicy {
      switch self {
      case .measured(let analysis): analysis.policy
      case .broken(let policy, _): policy
      }
    }
  }

  var checks: [Check]
  let falseAlarm: Double
  let scope: AnalysisScope
  /// A failure stays one: the promise holds for the first crossing, not for a return below it.
  private var failure: (check: Int, reason: String)?

  init(checks: [Check], falseAlarm: Double, scope: AnalysisScope) {
    self.checks = checks
    self.falseAlarm = falseAlarm
    self.scope = scope
  }

  mutating func record(_ check: Int, updated: [Reading], siblings: [Reading], isJudged: Bool) {
    guard case .measured(var analysis) = checks[check] else { return }
    analysis.record(updated: updated, siblings: siblings, isJudged: isJudged)
    checks[check] = .measured(analysis)
    if failure == nil { failure = crossing() ?? breach() }
  }

  func verdict() -> Verdict {
    let evidence = checks.indices.map(evidence)
    let (outcome, reason) = decision()
    return Verdict(outcome: outcome, reason: reason, evidence: evidence)
  }

  private func decision() -> (Verdict.Outcome, String) {
    if let failure { return (.fail, "\(checks[failure.check].policy.name): \(failure.reason)") }
    for case .broken(let policy, let detail) in checks where !policy.muted {
      return (.error, "\(policy.name) cannot be measured: \(detail)")
    }
    let judged = acting.map { $0.analysis }
    if !judged.isEmpty, judged.allSatisfy(\.isSilent) {
      return (.noData, "\(judged[0].policy.name): \(judged[0].silencePhrase)")
    }
    if let missing = missingRequests { return (.inconclusive, missing) }
    if let open = judged.first(where: { !$0.hasEarnedPass }) {
      return (.inconclusive, "\(open.policy.name): \(open.isSilent ? open.silencePhrase : open.progressPhrase)")
    }
    return (.pass, passReason(judged.count))
  }

  private func passReason(_ count: Int) -> String {
    let requests = scope.requests == nil ? "" : " after \(Figure.count(requestsSeen)) requests"
    switch count {
    case 0: return "no check to judge by" + requests
    case 1: return "the check shows the updated instances no worse" + requests
    default: return "all \(count) checks show the updated instances no worse" + requests
    }
  }

  /// Checks that may decide.
  private var acting: [(index: Int, analysis: CheckAnalysis)] {
    checks.enumerated().compactMap { index, check in
      guard case .measured(let analysis) = check, !analysis.policy.muted else { return nil }
      return (index, analysis)
    }
  }

  private func crossing() -> (check: Int, reason: String)? {
    let compared = acting.filter { $0.analysis.logEvidence != nil }
    let terms = compared.map { EvidenceSum.Term(weight: 1, logValue: $0.analysis.logEvidence ?? 0) }
    let sum = EvidenceSum(terms, falseAlarm: falseAlarm)
    guard sum.crosses, let largest = sum.largest else { return nil }
    return (compared[largest].index, compared[largest].analysis.regressionPhrase)
  }

  private func breach() -> (check: Int, reason: String)? {
    acting.first { $0.analysis.isLimitBreached }.map { ($0.index, $0.analysis.breachPhrase) }
  }

  /// Requests of the updated instances, by the check that saw most of them.
  private var requestsSeen: Double {
    var most = 0.0
    for case .measured(let analysis) in checks { most = max(most, analysis.canary.requests) }
    return most
  }

  private var missingRequests: String? {
    guard let wanted = scope.requests, requestsSeen < Double(wanted) else { return nil }
    return "\(Figure.count(requestsSeen)) of \(wanted) requests"
  }
}

extension BurnInAnalysis {
  private func evidence(_ index: Int) -> Evidence {
    switch checks[index] {
    case .broken(let policy, let detail):
      return Evidence(check: policy.name, outcome: .error, detail: marked(policy, "cannot be measured: \(detail)"))
    case .measured(let analysis):
      let (outcome, detail) = finding(index, analysis)
      return Evidence(
        check: analysis.policy.name, outcome: outcome, canary: analysis.canary.value,
        baseline: analysis.siblings.value, canarySamples: analysis.canary.exposure,
        baselineSamples: analysis.siblings.exposure, logEvidence: analysis.logEvidence,
        logThreshold: analysis.logEvidence.map { _ in threshold(of: analysis) },
        detail: marked(analysis.policy, detail))
    }
  }

  private func finding(_ index: Int, _ analysis: CheckAnalysis) -> (Verdict.Outcome, String) {
    if failure?.check == index, let reason = failure?.reason { return (.fail, reason) }
    if analysis.isLimitBreached { return (.fail, analysis.breachPhrase) }
    if let value = analysis.logEvidence, value >= threshold(of: analysis) {
      return (.fail, analysis.regressionPhrase)
    }
    if analysis.isSilent {
      return (analysis.lastProblem?.isError == true ? .error : .noData, analysis.silencePhrase)
    }
    guard analysis.hasEarnedPass else { return (.inconclusive, analysis.progressPhrase) }
    return (.pass, missingRequests.map { "\(analysis.comparisonPhrase); \($0)" } ?? analysis.comparisonPhrase)
  }

  /// What one check's evidence must reach to decide alone. A muted one is shown against the whole.
  private func threshold(of analysis: CheckAnalysis) -> Double {
    let compared = acting.count { $0.analysis.logEvidence != nil }
    let weight = analysis.policy.muted ? 1 : 1 / Double(max(1, compared))
    return EvidenceSum.logThreshold(falseAlarm: falseAlarm, weight: weight)
  }

  private func marked(_ policy: CheckPolicy, _ detail: String) -> String {
    policy.muted ? "muted: \(detail)" : detail
  }
}
