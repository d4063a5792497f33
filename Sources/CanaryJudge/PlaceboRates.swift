/// Placebo of rates: each instance on the old version against the others of its kind in one window.
enum PlaceboRates {
  /// Instances that play canary in one window: all of a small fleet; of a large one five, in turns.
  static func players(of count: Int) -> Int { count <= 12 ? count : 5 }

  /// ln L for every player and bet, with the null at the player's usual level, given to `body(bet, ln L)`.
  static func play(
    _ window: RateWindow, among old: [Int], rates: InstanceRates, bets: [RateBet], direction: Double, turn: Int,
    body: (Int, Double) -> Void
  ) {
    var (total, base) = (0.0, 0.0)
    for index in old {
      total += window.events[index]
      base += window.exposure[index]
    }
    guard total >= 1, old.count > 1 else { return }
    for step in 0..<players(of: old.count) {
      let index = old[(turn + step) % old.count]
      let tick = RateTick(
        canaryExposure: window.exposure[index], canaryEvents: window.events[index],
        baselineExposure: base - window.exposure[index], baselineEvents: total - window.events[index])
      let usual = rates.usual(index)
      let null = RateNull(ratio: direction > 0 ? max(1, usual) : min(1, usual), allowance: 0)
      for (bet, odds) in bets.enumerated() { body(bet, odds.logFactor(tick, null: null)) }
    }
  }

  /// First player of a window that ends at `second`.
  static func turn(second: Double, length: Double, of count: Int) -> Int {
    guard count > players(of: count) else { return 0 }
    let window = Int((min(max(second, 0), 1e9) / max(length, 1)).rounded(.down))
    return window * players(of: count) % count
  }
}
