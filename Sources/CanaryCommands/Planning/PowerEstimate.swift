internal import ImmuneSystem
internal import RolloutCore

/// What the checks of a plan can see, from the traffic.
struct PowerEstimate {
  let plan: Plan

  private var policy: Policy { plan.policy }
  private var canary: Int { plan.waves.first?.hosts.count ?? 0 }
  private var siblings: Int { plan.hosts.count { $0.task == .update } - canary }

  /// Measures now, else takes what was recorded. Nil where there is nothing to say: no checks, nothing to update.
  static func power(of plan: Plan, directory: String?, in session: Session) async -> PlanPower? {
    let policy = plan.policy
    guard !policy.checks.isEmpty, !plan.waves.isEmpty else { return nil }
    let estimate = PowerEstimate(plan: plan)
    let serving = plan.hosts.filter { $0.from != nil }.map(\.instance)
    guard !serving.isEmpty else { return estimate.unknown("nothing runs on any instance yet") }
    let look = TrafficLook(survey: session.context.composition.survey, policy: policy, directory: directory)
    let problem: String
    switch await look.tallies(on: serving) {
    case .failure(let failure): problem = failure.cause
    case .success(let tallies):
      if tallies.contains(where: { $0.seconds > 0 || !$0.levels.isEmpty }) {
        return estimate.power(.now(TrafficLook.distance), tallies)
      }
      problem = tallies.lazy.compactMap(\.problem).first ?? "the sources say nothing"
    }
    if let stored = await StoredTraffic.newest(of: policy, in: session) {
      return estimate.power(.stored(rollout: stored.rollout, at: stored.at, problem: problem), stored.tallies)
    }
    return estimate.unknown(problem)
  }

  private func unknown(_ problem: String) -> PlanPower { power(.nothing(problem: problem), []) }

  func power(_ origin: PlanPower.Origin, _ tallies: [TrafficTally]) -> PlanPower {
    let foresight = Foresight(
      checks: policy.checks, falseAlarm: policy.falseAlarm, horizon: plan.watchedTime, burnIn: policy.burnIn.max,
      untilRequests: policy.burnIn.untilRequests, baseline: policy.baseline, warmUp: policy.warmUp, updated: canary,
      siblings: siblings)
    let checks = policy.checks.indices.map { index -> CheckPower in
      let finding = index < tallies.count ? tallies[index].finding(policy.checks[index]) : .idle
      return CheckPower(check: policy.checks[index], finding: self.finding(finding, index, foresight))
    }
    return PlanPower(
      updated: canary, siblings: siblings, horizon: policy.burnIn.max, earliest: earliest(checks),
      untilRequests: policy.burnIn.untilRequests,
      onInconclusive: policy.onInconclusive, onNoData: policy.onNoData, origin: origin, checks: checks)
  }

  /// No pass counts before the burn-in's shortest time, nor before twice the warm-up or the requests that the policy
  /// asks for (`Judge`). Nil when those never come.
  func earliest(_ checks: [CheckPower]) -> TimeSpan? {
    let shortest = max(policy.burnIn.min, policy.warmUp + policy.warmUp)
    guard let requests = policy.burnIn.untilRequests else { return shortest }
    let rates: [Double?] = checks.map { $0.requestsPerSecond }
    let rate: Double = rates.compactMap { $0 }.max() ?? 0
    // Sources that say nothing now may say something then.
    if rate == 0, rates.contains(nil) { return shortest }
    let perSecond = rate * Double(canary)
    let seconds = Double(requests) / perSecond
    guard seconds < 1e9 else { return nil }
    return max(shortest, Self.span(seconds))
  }

  private func finding(_ finding: TrafficTally.Finding, _ index: Int, _ foresight: Foresight) -> CheckPower.Finding {
    switch finding {
    case .level(let value): return .level(value)
    case .idle: return .idle
    case .none(let detail): return .noData(detail: detail)
    case .traffic(let traffic, let shown):
      guard siblings > 0 || policy.baseline > .zero else { return .alone(shown) }
      let sight = foresight.sight(of: index, at: traffic)
      let pass = sight.passAfter.map { Self.span($0) }
      return .sight(
        shown,
        CheckPower.Sight(
          byHorizon: sight.byHorizon,
          soon: sight.soon.map { CheckPower.Soon(ratio: $0.ratio, within: Self.span($0.seconds)) },
          earnsPass: sight.earnsPass, passAfter: pass))
    }
  }

  private static func span(_ seconds: Double) -> TimeSpan { TimeSpan(milliseconds: Int64(seconds * 1000)) }
}
