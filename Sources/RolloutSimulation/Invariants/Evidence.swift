internal import RolloutCore

/// G6: a wave passes on what the checks said of this analysis, after the time that the policy gives it, and never on
/// nothing.
struct EvidenceHolds {
  private struct Said: Hashable {
    var number: Int64
    var outcome: Verdict.Outcome
    var lastSample: Int?
  }
  private var said: Set<Said> = []
  private var since: [RolloutID: Int64] = [:]
  /// Clock steps too small to be told from slewing, and store outages too short to count.
  private static let slack: Int64 = 5_000
  /// The longest way of a write to stable storage: what it says was so when it was decided, that much earlier.
  var slowestWrite: Int64 = 0

  mutating func measured(_ analysis: Analysis, _ verdict: Verdict) {
    said.insert(Said(number: analysis.number, outcome: verdict.outcome, lastSample: verdict.lastSample))
  }

  mutating func check(_ event: Event, _ before: Rollout, now: Int64) -> String? {
    let id = before.plan.rollout
    switch event {
    case .burnInStarted, .baselineStarted, .soakStarted:
      since[id] = now
      return nil
    case .baselineEnded(.measured, _): return early("the baseline", before.plan.policy.baseline, since[id], now)
    case .wavePassed(let wave, let grounds): return check(grounds, wave, before, since[id], now)
    case .ended(.succeeded, _):
      guard case .soaking(let soak) = before.phase, !soak.isPromoted else { return nil }
      return early("the soak", before.plan.policy.soak, since[id], now)
    default: return nil
    }
  }

  private func check(_ grounds: PassGrounds, _ wave: Int, _ before: Rollout, _ since: Int64?, _ now: Int64) -> String? {
    let policy = before.plan.policy
    switch grounds {
    case .burnedIn(let verdict):
      if before.plan.isJudged {
        if verdict.outcome != .pass { return "wave \(wave + 1) passes on \(verdict.outcome.rawValue)" }
        if let flaw = unsaid(verdict, before) { return flaw }
      }
      return early("the burn-in", policy.burnIn.min, since, now)
    case .watched(let verdict):
      guard let verdict, verdict.outcome == .pass || verdict.outcome == .inconclusive else {
        return "wave \(wave + 1) passes unseen"
      }
      return unsaid(verdict, before) ?? early("the watch", policy.waveBurnIn, since, now)
    case .inconclusive(let verdict):
      guard policy.onInconclusive == .promote, verdict?.outcome == .inconclusive else {
        return "wave \(wave + 1) passes without a verdict"
      }
      return nil
    case .healthy, .promoted: return nil
    }
  }

  private func unsaid(_ verdict: Verdict, _ before: Rollout) -> String? {
    let words = Said(number: before.analysisNumber, outcome: verdict.outcome, lastSample: verdict.lastSample)
    return said.contains(words)
      ? nil : "nobody measured \(verdict.outcome.rawValue) up to sample \(verdict.lastSample ?? -1)"
  }

  private func early(_ what: String, _ span: TimeSpan, _ since: Int64?, _ now: Int64) -> String? {
    guard let since else { return "\(what) ends without a begin" }
    return now - since >= span.milliseconds - Self.slack - slowestWrite
      ? nil : "\(what) of \(span) ends after \(TimeSpan(milliseconds: now - since))"
  }
}
