/// Evidence that the updated arm is not worse than the pass margin: the machinery of the regression with the hypotheses
/// exchanged, everything staked at once. Earned for good when it reaches 1/β.
struct NonInferiority: Hashable, Sendable {
  private(set) var wealth: BetWealth
  let logThreshold: Double
  private(set) var isEarned = false
  /// ln E as of the last tick that was finished.
  private(set) var logValue: Double
  /// Exposure of the updated arm behind it.
  private(set) var exposure = 0.0

  init(shares: [Double], beta: Double) {
    wealth = BetWealth(shares: shares)
    wealth.place(1)
    logValue = wealth.logValue
    logThreshold = EvidenceSum.logThreshold(falseAlarm: beta)
  }

  mutating func multiply(_ bet: Int, byLog factor: Double) { wealth.multiply(bet, byLog: factor) }

  /// Ends a tick with `exposure` of the updated arm.
  mutating func finish(exposure: Double) {
    self.exposure += exposure
    logValue = wealth.logValue
    if logValue >= logThreshold { isEarned = true }
  }

  /// Exposure still missing if the best bet goes on earning what it earned so far; nil when it earns nothing.
  var exposureMissing: Double? {
    guard !isEarned, exposure > 0 else { return nil }
    let perExposure = wealth.bestGrowth / exposure
    guard perExposure > 0 else { return nil }
    return max(0, logThreshold - logValue) / perExposure
  }
}
