/// The pass side of a rate check: null "at least as bad as the pass margin", bets that it is better.
struct RatePass: Hashable, Sendable {
  let null: RateNull
  let bets: [RateBet]
  var process: NonInferiority

  init(null: RateNull, odds: [Double], beta: Double) {
    self.null = null
    bets = odds.map(RateBet.init)
    process = NonInferiority(bets: odds.count, beta: beta)
  }

  mutating func record(_ tick: RateTick, temper: Double) {
    guard tick.isComparable else { return }
    for index in bets.indices { process.multiply(index, byLog: temper * bets[index].logFactor(tick, null: null)) }
    process.finish(exposure: tick.canaryExposure)
  }
}
