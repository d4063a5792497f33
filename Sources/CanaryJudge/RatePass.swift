/// The pass side of a rate check: null "at least as bad as the pass margin", bets that it is better.
struct RatePass: Hashable, Sendable {
  let null: RateNull
  let odds: Odds
  var process: NonInferiority

  init(null: RateNull, odds: Odds, beta: Double) {
    self.null = null
    self.odds = odds
    process = NonInferiority(shares: odds.shares, beta: beta)
  }

  mutating func record(_ tick: RateTick, temper: Double) {
    guard tick.isComparable else { return }
    for index in odds.bets.indices {
      process.multiply(index, byLog: temper * odds.bets[index].logFactor(tick, null: null))
    }
    process.finish(exposure: tick.canaryExposure)
  }
}
