/// One direction in which a rate can be worse: the null, the bets against it and their evidence.
struct RateSide: Hashable, Sendable {
  /// Name of the part in a finding; nil when the check has one side.
  let part: String?
  /// +1 when higher is worse, −1 when lower is.
  let direction: Double
  /// Tolerated ratio once the data can resolve it.
  let ratio: Double
  let allowance: Double
  /// Whether the tolerance comes in only as the data can resolve it; see `tolerated`.
  let phasesIn: Bool
  let bets: [RateBet]
  var wealth: BetWealth
  var tempering: PlaceboTempering
  /// What the arms may differ by on one version.
  var natural: NaturalDifference
  /// Expected events of the updated arm at the siblings' rate so far, in effective number n_a·n_b/(n_a + n_b) terms.
  private(set) var information = 0.0

  init(
    part: String? = nil, direction: Double, ratio: Double, allowance: Double, phasesIn: Bool, odds: Odds
  ) {
    self.part = part
    self.direction = direction
    self.ratio = ratio
    self.allowance = allowance
    self.phasesIn = phasesIn
    bets = odds.bets
    wealth = BetWealth(shares: odds.shares)
    natural = NaturalDifference(direction: direction)
    tempering = PlaceboTempering(bets: odds.bets.count)
  }

  /// Information, in units of τ⁻², at which half of the tolerance is in force.
  static let patience = 1.3

  /// The ratio held tolerable now: 1 ± τ·I/(I + 1.3·τ⁻²), I the information so far.
  ///
  /// While I is small no test could tell ratio 1 + τ from 1, so assuming the edge of the tolerance from the beginning
  /// would cost detection and save no false alarm. A release at exactly the edge gains at most ½τ²∫(1 − I/(I +
  /// 1.3·τ⁻²))² dI = 0.65 nats over an unlimited time this way. The chance of ever halting it was computed for rates
  /// from 1e-4 to 5e-2 over 30 minutes: at most 0.9 % at α = 1 % with weight 0.4, against 0.2 % with the full
  /// tolerance and 5 to 12 % with none.
  var tolerated: Double {
    guard phasesIn else { return ratio }
    let tolerance = abs(ratio - 1)
    guard tolerance > 0 else { return ratio }
    return 1 + (ratio - 1) * information / (information + Self.patience / (tolerance * tolerance))
  }

  /// Takes a tick of both arms. `widening` multiplies the tolerated ratio, 1 but in a soak; `flat` replaces the learnt
  /// tempering.
  mutating func record(_ tick: RateTick, dispersion: Double, flat: Double?, widening: Double? = nil) {
    guard tick.isComparable else { return }
    let null = RateNull(
      ratio: widening.map { ratio * (direction > 0 ? $0 : 1 / $0) } ?? tolerated, allowance: allowance)
    let factors = bets.indices.map { (flat ?? tempering.temper[$0]) * bets[$0].logFactor(tick, null: null) }
    for bet in bets.indices { wealth.multiply(bet, byLog: factors[bet]) }
    natural.record(
      tick, null: null, temper: flat ?? tempering.temper[0], cap: wealth.cap, most: factors.max() ?? 0)
    let whole = tick.canaryExposure + tick.baselineExposure
    information += tick.canaryExposure * tick.baselineEvents / whole / dispersion
  }

  /// ln E.
  var logValue: Double { wealth.logValue - natural.logValue }
}
