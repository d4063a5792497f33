/// Wealth of one e-process, bet by bet: M_k ← (M_k + w·π_k)·L_k, E = R + Σ M_k with R the stake not yet placed and
/// π_k the bets' shares, Σ π_k = 1; kept as logarithms. Each L_k has mean at most 1 when nothing is wrong, so by
/// Ville's inequality P(E ever ≥ 1/α) ≤ α.
struct BetWealth: Hashable, Sendable {
  /// ln M_k.
  private(set) var logs: [Double]
  private(set) var reserve = 1.0

  /// ln π_k.
  private let shares: [Double]

  /// Most that one tick may add to a bet, in nats. Capping only lowers E, so it is always valid; it keeps one bad
  /// second from deciding alone.
  let cap: Double

  /// `shares` are scaled to sum to 1.
  init(shares: [Double], cap: Double = 4) {
    self.cap = cap
    logs = Array(repeating: -.infinity, count: shares.count)
    let total = shares.reduce(0, +)
    self.shares = shares.map { LogSpace.of($0 / total) }
  }

  init(bets: Int) { self.init(shares: Array(repeating: 1, count: bets)) }

  /// Places a share of the whole stake.
  mutating func place(_ stake: Double) {
    let share = min(stake, reserve)
    guard share > 0, !logs.isEmpty else { return }
    reserve -= share
    let log = LogSpace.of(share)
    for bet in logs.indices { logs[bet] = LogSpace.sum(logs[bet], log + shares[bet]) }
  }

  mutating func multiply(_ bet: Int, byLog factor: Double) {
    guard !factor.isNaN else { return }
    logs[bet] += min(cap, factor)
  }

  /// ln E.
  var logValue: Double { LogSpace.sum(LogSpace.of(reserve), LogSpace.sum(logs)) }

  /// What the best bet has multiplied its share by, in nats.
  var bestGrowth: Double { zip(logs, shares).map { $0 - $1 }.max() ?? 0 }
}
