/// Bets of a rate with the share of the stake on each. The grids reach from the smallest change worth noticing to total
/// failure; a bet's share costs ln(1/share) nats, so the likely changes have more.
struct Odds: Hashable, Sendable {
  let bets: [RateBet]
  let shares: [Double]

  init(_ pairs: [(odds: Double, share: Double)]) {
    bets = pairs.map { RateBet(odds: $0.odds) }
    shares = pairs.map(\.share)
  }

  static let higher = Odds([(1.4, 0.22), (2, 0.25), (4, 0.17), (10, 0.17), (50, 0.11), (1000, 0.08)])
  static let lower = Odds([(0.001, 0.08), (0.2, 0.12), (0.5, 0.2), (0.7, 0.22), (0.85, 0.22), (0.95, 0.16)])
  static let lowShare = Odds([(0.001, 0.4), (0.1, 0.2), (0.3, 0.2), (0.6, 0.2)])
  static let highShare = Odds([(1.5, 0.25), (3, 0.25), (10, 0.25), (100, 0.25)])
  static let farTail = Odds([(1.2, 0.2), (1.5, 0.22), (2, 0.2), (3.5, 0.18), (10, 0.12), (50, 0.08)])
  static let nearTail = Odds([(1.1, 0.2), (1.3, 0.25), (1.8, 0.25), (3, 0.18), (8, 0.12)])
  static let notHigher = Odds([(0.001, 0.08), (0.1, 0.1), (0.3, 0.17), (0.5, 0.3), (0.7, 0.25), (0.85, 0.1)])
  static let notLower = Odds([(1.03, 0.1), (1.06, 0.2), (1.12, 0.35), (1.25, 0.25), (1.5, 0.1)])
  static let notTail = Odds([(0.2, 0.1), (0.4, 0.15), (0.6, 0.3), (0.75, 0.3), (0.9, 0.15)])
}
