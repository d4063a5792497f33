public import RolloutCore

extension AnalysisRequest {
  /// What a plan asks of its analyst. Whoever recomputes verdicts must ask the same, so it is said here alone.
  public init(_ plan: Plan) {
    let policy = plan.policy
    self.init(
      instances: plan.hosts.map(\.instance), checks: policy.checks, falseAlarm: policy.falseAlarm,
      horizon: plan.watchedTime, baseline: policy.baseline, untilRequests: policy.burnIn.untilRequests,
      warmUp: policy.warmUp, reportInterval: Self.reportInterval(policy), measured: Self.measured(plan))
  }

  /// Often enough that people see a short burn-in move, and seldom enough that a long one does not fill the journal.
  private static func reportInterval(_ policy: Policy) -> TimeSpan {
    min(.seconds(15), max(.seconds(2), TimeSpan(milliseconds: policy.burnIn.min.milliseconds / 8)))
  }

  /// Instances of each arm that are measured at most. Evidence grows with the smaller arm and hardly with what the
  /// larger has beyond this, while the cost of measuring grows with every one.
  static let mostOfAnArm = 50

  /// The first to be updated and the last: from the canary to the end of the soak both arms have members among them,
  /// and each of them is measured from the baseline on.
  private static func measured(_ plan: Plan) -> [Int] {
    let order = plan.waves.flatMap(\.hosts)
    guard order.count > 2 * mostOfAnArm else { return order.sorted() }
    return (order.prefix(mostOfAnArm) + order.suffix(mostOfAnArm)).sorted()
  }
}
