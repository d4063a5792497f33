/// Exceedances of one quantile of the siblings, as a ratio: about 1 − q of theirs are beyond it, whatever the level
/// does.
struct LatencyTail: Hashable, Sendable {
  let quantile: Double
  let bets: [RateBet]
  /// Log-scale tolerance and pass margin.
  let tolerance: Double
  let passMargin: Double
  var wealth: BetWealth
  var tempering: PlaceboTempering
  var pass: RatePass?
  private var rates: InstanceRates
  private var windows: [RateWindow]

  init(quantile: Double, tolerance: Double, passMargin: Double?, beta: Double, instances: Int) {
    self.quantile = quantile
    self.tolerance = LogSpace.ofOnePlus(max(tolerance, 0))
    self.passMargin = LogSpace.ofOnePlus(max(passMargin ?? 0, 0))
    let odds = quantile >= 0.97 ? Odds.farTail : Odds.nearTail
    bets = odds.bets
    wealth = BetWealth(shares: odds.shares)
    tempering = PlaceboTempering(bets: bets.count)
    pass = passMargin.map { _ in
      RatePass(null: RateNull(ratio: 1, allowance: 0), odds: .notTail, beta: beta)
    }
    rates = InstanceRates(instances: instances)
    windows = [10, 60].map { RateWindow(length: $0, instances: instances) }
  }

  /// Tolerance in force after `seen` effective observations: see `RateSide.tolerated`. One observation tells about a
  /// shift of the tail what (1 − q)·3² says, 3 being how fast ln of the exceedance falls with ln latency, roughly.
  func tolerance(after seen: Double) -> Double {
    guard tolerance > 0 else { return 0 }
    return tolerance * seen / (seen + 1 / (9 * (1 - quantile) * tolerance * tolerance))
  }

  /// A few slow requests at a very quiet service are no regression.
  private var null: RateNull { RateNull(ratio: 1, allowance: quantile >= 0.97 ? 1e-4 : 0) }

  mutating func record(_ tick: RateTick) {
    guard tick.isComparable else { return }
    for index in bets.indices {
      wealth.multiply(index, byLog: tempering.temper[index] * bets[index].logFactor(tick, null: null))
    }
  }

  mutating func recordPass(_ tick: RateTick) {
    let temper = tempering.temper[min(1, bets.count - 1)]
    pass?.record(tick, temper: temper)
  }

  /// Takes the siblings' exceedances of a tick, for the placebo; others have exposure 0.
  mutating func learn(events: [Double], exposure: [Double], among old: [Int], second: Double) {
    rates.record(events: events, exposure: exposure, among: old)
    windows[0].add(events: events, exposure: exposure)
    // A long window ends where a short one does.
    let isLongFull = windows[1].closes(at: second)
    guard windows[0].closes(at: second) else { return }
    windows[1].add(events: windows[0].events, exposure: windows[0].exposure)
    play(0, among: old, second: second)
    if isLongFull { play(1, among: old, second: second) }
  }

  private mutating func play(_ window: Int, among old: [Int], second: Double) {
    let turn = PlaceboRates.turn(second: second, length: windows[window].length, of: old.count)
    PlaceboRates.play(windows[window], among: old, rates: rates, bets: bets, direction: 1, turn: turn) {
      tempering.record($1, bet: $0, window: window)
    }
    windows[window].clear()
  }

  mutating func forgetWindows() { for index in windows.indices { windows[index].clear() } }
}
