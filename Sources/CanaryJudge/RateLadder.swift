/// An e-process of a rate for a ladder of nulls at once: column j holds that instances of one version differ by up to
/// e^(rung j) by nature. What is believed about that difference changes as data come in; it only chooses the column that is
/// read, so evidence that an earlier, narrower belief made too large is not kept. Reading column R is valid when the
/// true difference is at most R, because evidence falls as the null widens.
struct RateLadder: Hashable, Sendable {
  static let rungs = [0, 0.07, 0.16, 0.28, 0.45, 0.75, 1.3, 2.5]

  let bets: [RateBet]
  /// +1 bets on higher rates, −1 on lower ones: the way in which the null widens.
  let direction: Double
  private var columns: [BetWealth]

  init(bets: [RateBet], direction: Double) {
    self.bets = bets
    self.direction = direction
    columns = Array(repeating: BetWealth(bets: bets.count), count: Self.rungs.count)
  }

  mutating func place(_ stake: Double) {
    guard stake > 0 else { return }
    for column in columns.indices { columns[column].place(stake) }
  }

  mutating func record(_ tick: RateTick, null: RateNull, temper: [Double]) {
    guard tick.isComparable else { return }
    for column in columns.indices {
      let widened = RateNull(
        ratio: null.ratio * Self.widening[column][direction > 0 ? 0 : 1], allowance: null.allowance)
      for bet in bets.indices {
        columns[column].multiply(bet, byLog: temper[bet] * bets[bet].logFactor(tick, null: widened))
      }
    }
  }

  /// e^rung and e^−rung.
  private static let widening = rungs.map { [LogSpace.exponential($0), LogSpace.exponential(-$0)] }

  /// ln E for a natural difference of at most `difference` (log units), between columns on the straight line.
  func logValue(difference: Double) -> Double {
    let last = Self.rungs.count - 1
    guard difference > 0 else { return columns[0].logValue }
    // Beyond the ladder nothing can be told from nature.
    guard let above = Self.rungs.firstIndex(where: { $0 >= difference }) else { return min(0, columns[last].logValue) }
    let (low, high) = (Self.rungs[above - 1], Self.rungs[above])
    let part = (difference - low) / (high - low)
    return columns[above - 1].logValue * (1 - part) + columns[above].logValue * part
  }
}
