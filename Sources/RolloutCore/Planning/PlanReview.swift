/// The numbers of a plan that a person wants before saying yes: what `canary plan` shows.
public struct PlanReview: Hashable, Codable, Sendable {
  public var waves: [WaveReview]
  /// From the first step to the last verdict, without pauses, approvals, or waiting for data beyond `burn_in.max`.
  public var duration: DurationRange
  public var readiness: RollbackCounts
  public var updated: Int
  /// Hosts that are on the release already.
  public var unchanged: Int
  public var excluded: Int
  public var warnings: [PlanWarning]

  public struct DurationRange: Hashable, Codable, Sendable {
    /// When every host is healthy after `min_healthy_time` and everything else takes no time.
    public var least: TimeSpan
    /// When every host just makes its deadlines. Sending the artifact is not bounded by the policy and not in it.
    public var most: TimeSpan

    public init(least: TimeSpan, most: TimeSpan) {
      self.least = least
      self.most = most
    }
  }

  /// Hosts to update by what they could go back to.
  public struct RollbackCounts: Hashable, Codable, Sendable {
    public var ready = 0
    public var nothingBefore = 0
    public var missing = 0
    public init() {}
  }
}

/// One wave in numbers.
public struct WaveReview: Hashable, Codable, Sendable {
  public var kind: PlannedWave.Kind
  public var explanation: String
  public var moves: [Move]
  /// Hosts of the wave that may be in work at once.
  public var atOnce: Int
  /// Instances that serve now and still do at worst while the wave runs: of those touched up to the end of this
  /// wave, `max_unavailable` may be down. Instances that serve nothing yet are not counted.
  public var servingAtWorst: Int
  /// Instances that this rollout may have put on the release (or left unknown) by the end of the wave: the blast
  /// radius.
  public var blastRadius: Int
  public var duration: PlanReview.DurationRange

  public struct Move: Hashable, Codable, Sendable {
    public var host: HostID
    public var zone: String?
    public var from: Version?
    public var to: Version
    public var rollback: RollbackReadiness
  }
}

extension PlanReview {
  /// A plan that `PlanLint` finds fault with gives numbers for the indices that exist.
  public init(_ plan: Plan) {
    waves = []
    readiness = RollbackCounts()
    updated = plan.hosts.count { $0.isUpdated }
    excluded = plan.hosts.count { !$0.isCounted }
    unchanged = plan.hosts.count - updated - excluded
    let ends = Self.watched(plan)
    duration = DurationRange(least: ends, most: ends)
    warnings = PlanWarning.warnings(of: plan)

    let serving = plan.hosts.count { $0.isCounted && $0.from != nil }
    var touched = 0
    var touchedServing = 0
    for wave in plan.waves {
      let hosts = wave.hosts.filter(plan.hosts.indices.contains).map { plan.hosts[$0] }
      touched += hosts.count
      touchedServing += hosts.count { $0.from != nil }
      let range = Self.duration(of: hosts.count, wave.kind, plan)
      duration.least = duration.least + range.least
      duration.most = duration.most + range.most
      waves.append(
        WaveReview(
          kind: wave.kind, explanation: wave.explanation,
          moves: hosts.map { WaveReview.Move($0, plan.release.version) },
          atOnce: min(plan.maxUnavailable, hosts.count),
          servingAtWorst: serving - min(max(0, plan.maxUnavailable), touchedServing), blastRadius: touched,
          duration: range))
    }
    for host in plan.hosts where host.isUpdated {
      switch host.rollback {
      case .ready: readiness.ready += 1
      case .nothingBefore: readiness.nothingBefore += 1
      case .missing: readiness.missing += 1
      }
    }
  }

  /// `max_unavailable` hosts at a time make ⌈hosts ÷ max_unavailable⌉ rounds; a canary then burns in.
  static func duration(of hosts: Int, _ kind: PlannedWave.Kind, _ plan: Plan) -> DurationRange {
    let policy = plan.policy
    let atOnce = max(1, plan.maxUnavailable)
    let rounds = Int64(hosts / atOnce + (hosts % atOnce == 0 ? 0 : 1))
    var most = policy.release.restartTimeout + policy.healthyDeadline
    if !policy.release.drain.isEmpty { most = most + policy.release.hookTimeout }
    if !policy.release.undrain.isEmpty { most = most + policy.release.hookTimeout }
    var range = DurationRange(least: times(rounds, policy.minHealthyTime), most: times(rounds, most))
    if kind == .canary {
      range.least = range.least + policy.burnIn.min
      range.most = range.most + policy.burnIn.max
    } else if plan.isJudged {
      range.least = range.least + policy.waveBurnIn
      range.most = range.most + policy.waveBurnIn
    }
    return range
  }

  /// Before the first wave and after the last one.
  private static func watched(_ plan: Plan) -> TimeSpan {
    guard plan.kind == .release, !plan.waves.isEmpty, !plan.policy.checks.isEmpty else { return .zero }
    return plan.policy.baseline + (plan.isJudged ? plan.policy.soak : .zero)
  }

  private static func times(_ count: Int64, _ span: TimeSpan) -> TimeSpan {
    let (product, overflow) = span.milliseconds.multipliedReportingOverflow(by: count)
    return TimeSpan(milliseconds: overflow ? .max : product)
  }
}

extension Plan {
  /// Checks that may act have a say. A way back is never judged: what it goes to has proven itself.
  package var isJudged: Bool { kind == .release && policy.checks.contains { !$0.muted } }

  /// From the canary's burn-in at its longest to the end of the soak. A later wave counts with what its instances take
  /// at most, and not more than `progress_deadline`: a horizon of many hours would blunt the evidence of the first.
  public var watchedTime: TimeSpan {
    var time = policy.burnIn.max + (isJudged ? policy.soak : .zero)
    for wave in waves where wave.kind == .rolling {
      let most = PlanReview.duration(of: wave.hosts.count, wave.kind, self).most
      time = time + min(most, policy.progressDeadline + policy.waveBurnIn)
    }
    return time
  }
}

extension WaveReview.Move {
  init(_ host: PlannedHost, _ version: Version) {
    self.init(
      host: host.instance.id, zone: host.instance.zone, from: host.from, to: version, rollback: host.rollback)
  }
}
