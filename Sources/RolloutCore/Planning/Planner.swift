/// Turns what people want into exactly which hosts, in which waves, under which limits. Pure: the same request gives
/// the same plan.
public enum Planner {
  /// The plan, or every reason not to start. Nothing has been touched when it refuses.
  ///
  /// A release gets a canary (`CanaryPick`) and growing waves (`WaveCutter`) that keep the zone rule (`ZoneFloors`).
  /// A rollback gets one wave of every host that is not on its target: going back must not wait for judgement, so it is
  /// neither split by zones nor refused for want of a further way back. A plan without waves means that every
  /// instance that takes part is on the release already.
  public static func plan(_ request: PlanRequest) -> Result<Plan, PlanRefusal> {
    let survey = HostSurvey(request)
    var problems = sizeProblems(request) + survey.problems
    let instances = survey.hosts.count { $0.isCounted }
    let maxUnavailable = Sizing.maxUnavailable(request.policy.maxUnavailable, instances: instances)
    let floors = ZoneFloors(hosts: survey.hosts, maxUnavailable: maxUnavailable)
    let updated = survey.hosts.indices.filter { survey.hosts[$0].isUpdated }

    var waves: [PlannedWave] = []
    switch request.kind {
    case .rollback:
      if !updated.isEmpty { waves = [rollbackWave(updated, floors, request.release.version)] }
    case .release:
      let pick = CanaryPick(
        hosts: survey.hosts, floors: floors, candidates: updated, release: request.release.version,
        leftover: request.leftover)
      let choice = releaseWaves(pick, request.policy, survey.indexOf)
      waves = choice.waves
      problems += choice.problems
    }
    guard problems.isEmpty else { return .failure(PlanRefusal(problems: problems)) }
    return .success(
      Plan(
        rollout: request.rollout, kind: request.kind, policy: request.policy, policyDigest: request.policyDigest,
        release: request.release, hosts: survey.hosts, waves: waves, maxUnavailable: maxUnavailable,
        createdAt: request.createdAt, createdBy: request.createdBy))
  }

  private static func releaseWaves(
    _ pick: CanaryPick, _ policy: Policy, _ indexOf: [HostID: Int]
  ) -> (waves: [PlannedWave], problems: [PlanProblem]) {
    guard !pick.candidates.isEmpty else { return ([], []) }
    let choice = pick.choose(policy.canary, indexOf: indexOf)
    var isCanary = [Bool](repeating: false, count: pick.hosts.count)
    for host in choice.wave.hosts { isCanary[host] = true }
    let cutter = WaveCutter(floors: pick.floors, rest: pick.candidates.filter { !isCanary[$0] })
    return ([choice.wave] + cutter.waves(policy.waves), choice.problems)
  }

  private static func rollbackWave(_ updated: [Int], _ floors: ZoneFloors, _ target: Version) -> PlannedWave {
    PlannedWave(
      kind: .rolling, hosts: WaveCutter(floors: floors, rest: updated).zoneByZone(),
      explanation: "every host that is not on \(target), in one wave: a rollback has no canary and no burn-in")
  }

  /// Sizes that no policy file should have brought here, and lists that could be read in two ways.
  private static func sizeProblems(_ request: PlanRequest) -> [PlanProblem] {
    let policy = request.policy
    var problems: [PlanProblem] = []
    func refuse(_ key: String, _ value: String, _ rule: String) {
      problems.append(PlanProblem(.sizeOutOfRange, "`\(key)` of \(value)", remedy: "write \(rule)"))
    }
    let quantityRule = "a whole number from 1 on, or a percentage above 0% and up to 100%"
    if !Sizing.isValid(policy.maxUnavailable) { refuse("max_unavailable", policy.maxUnavailable.text, quantityRule) }
    if policy.maxFailures < 0 { refuse("max_failures", "\(policy.maxFailures)", "a whole number from 0 on") }
    guard request.kind == .release else { return problems }

    switch policy.canary {
    case .count(let count) where count < 1: refuse("canary", "\(count)", quantityRule)
    case .percent(let percent) where !Sizing.isPercentage(percent): refuse("canary", percentText(percent), quantityRule)
    case .hosts(let hosts) where hosts.isEmpty: refuse("canary", "no host", "the name of at least one host")
    default: break
    }
    for quantity in policy.waves where !Sizing.isValid(quantity) { refuse("waves", quantity.text, quantityRule) }
    var highest = 0.0
    for case .percent(let percent) in policy.waves {
      if percent <= highest {
        problems.append(
          PlanProblem(
            .wavesDoNotGrow, "`waves` has \(percentText(percent)) after \(percentText(highest))",
            remedy: "percentages say how far the rest has come, so each must be above the one before: "
              + "`[30%, 30%, 40%]` is written `[30%, 60%, 100%]`"))
      }
      highest = max(highest, percent)
    }
    return problems
  }
}
