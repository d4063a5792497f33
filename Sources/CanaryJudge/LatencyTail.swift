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

  /// Takes the siblings' exceedances of a tick, for the placebo.
  mutating func learn(events: [Double], exposure: [Double], among old: [Int], second: Double) {
    rates.record(events: events, exposure: exposure, among: old)
    for window in windows.indices {
      for index in old { windows[window].add(index, events: events[index], exposure: exposure[index]) }
      guard windows[window].closes(at: second) else { continue }
      let turn = PlaceboRates.turn(second: second, length: windows[window].length, of: old.count)
      let data = windows[window]
      PlaceboRates.play(data, among: old, rates: rates, bets: bets, direction: 1, turn: turn) {
        tempering.record($1, bet: $0, window: window)
      }
      windows[window].clear()
    }
  }

  mutating func forgetWindows() { for index in windows.indices { windows[index].clear() } }
}
