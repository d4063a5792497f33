/// The e-process of one check about rates: M_k ← (M_k + w_t/K)·L_k, E = unspent stake + Σ M_k, kept as logarithms.
/// By Ville's inequality P(E ever reaches 1/α) ≤ α while the null holds, however often one looks.
public struct RateEvidence: Hashable, Sendable {
  public let null: RateNull
  public let bets: [RateBet]
  public let stakes: StartStakes
  /// Most that one tick may add to a bet, in nats. Capping only lowers E, so it is always valid; it keeps one bad
  /// second from deciding alone.
  public let cap: Double
  private var logWealth: [Double]
  private var reserve: Double
  private var tick = 0

  public init(null: RateNull, bets: [RateBet], stakes: StartStakes, cap: Double = 4) {
    self.null = null
    self.bets = bets
    self.stakes = stakes
    self.cap = cap
    logWealth = Array(repeating: -.infinity, count: bets.count)
    reserve = 1
  }

  /// Takes one tick. A tick that compares nothing multiplies by 1 and only places its stake.
  public mutating func record(_ data: RateTick) {
    let stake = stakes.stake(at: tick)
    tick += 1
    reserve = max(0, reserve - stake)
    let share = LogSpace.of(stake / Double(max(bets.count, 1)))
    for index in bets.indices {
      logWealth[index] = LogSpace.sum(logWealth[index], share) + min(cap, bets[index].logFactor(data, null: null))
    }
  }

  /// ln E.
  public var logValue: Double { LogSpace.sum(LogSpace.of(reserve), LogSpace.sum(logWealth)) }
}
