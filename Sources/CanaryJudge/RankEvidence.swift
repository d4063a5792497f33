/// Conformal betting on ranks, for levels without counts: if nothing is wrong, the updated instance's increment is as
/// likely to take any rank r among all N. e = 1 − κ + κ·payoff, the payoff N for the top rank, or N/⌊N/2⌋ for the top
/// half. Growth is at most ln N a window, so a small fleet is slow. It lives in a coarser filtration than the counts
/// and is never averaged with them (Choe & Ramdas, arXiv 2402.09698): it has its own share of α. Ties count as not
/// exceeded.
struct RankEvidence: Hashable, Sendable {
  enum Payoff: Hashable, Sendable { case top, half }

  private(set) var wealth = BetWealth(bets: 4)
  static let bets: [(Payoff, Double)] = [(.top, 0.3), (.top, 0.9), (.half, 0.3), (.half, 0.9)]

  mutating func place(_ stake: Double) { wealth.place(stake) }

  /// `rank` 1…`count`, highest is worst.
  mutating func record(rank: Int, count: Int) {
    guard count > 1 else { return }
    for (index, bet) in Self.bets.enumerated() {
      wealth.multiply(index, byLog: LogSpace.of(Self.factor(rank: rank, count: count, kappa: bet.1, payoff: bet.0)))
    }
  }

  static func factor(rank: Int, count: Int, kappa: Double, payoff: Payoff) -> Double {
    let half = count / 2
    let won: Double
    switch payoff {
    case .top: won = rank == count ? Double(count) : 0
    case .half: won = rank > count - half ? Double(count) / Double(half) : 0
    }
    return 1 - kappa + kappa * won
  }
}
