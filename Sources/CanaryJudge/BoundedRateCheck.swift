/// Events per second against a known bound λ instead of siblings (process restarts). For bets a > 1:
/// ln L = x·ln a − λτ(a − 1), with mean at most 1 for Poisson events of rate at most λ.
struct BoundedRateCheck: Hashable, Sendable {
  private(set) var wealth = BetWealth(bets: bets.count)
  private(set) var total = RateTick.none
  private(set) var silentTicks = 0
  private(set) var silentSiblings = 0
  private let bound: Double
  private let instances: Int
  private var stakes: StakeSchedule

  static let bets = [30.0, 300, 3000]

  init(bound: Double, instances: Int, horizon: Double) {
    self.bound = max(bound, 0)
    self.instances = instances
    stakes = .spread(over: horizon)
  }

  mutating func record(_ readings: [Measurement], moment: Moment, judged: Double?) {
    let counts = ArmCounts(readings, instances: instances)
    guard !moment.isBeforeDeploy else { return }
    silentTicks = counts.hasReport(moment.serving) ? 0 : silentTicks + 1
    silentSiblings = counts.silent(moment.siblings)
    guard let judged else { return }
    wealth.place(stakes.due(at: judged))
    let tick = counts.tick(updated: moment.updated, siblings: moment.siblings)
    total.add(tick)
    for (index, bet) in Self.bets.enumerated() {
      wealth.multiply(index, byLog: Self.logFactor(bet: bet, bound: bound, tick: tick))
    }
  }

  static func logFactor(bet: Double, bound: Double, tick: RateTick) -> Double {
    tick.canaryEvents * LogSpace.of(bet) - bound * tick.canaryExposure * (bet - 1)
  }
}
