/// What is kept to invert the rate evidence: counts by the ratio of exposures, updated over siblings. The factor of a
/// tick depends on its exposures through that ratio alone, so adding up ticks of one ratio loses nothing. Ticks of
/// more ratios than there is room for are added to the nearest.
struct RatioStrata: Hashable, Sendable {
  struct Stratum: Hashable, Sendable {
    var exposures: Double
    var tick: RateTick
  }
  /// Ascending by ratio of exposures.
  private(set) var strata: [Stratum] = []

  static let capacity = 64
  static let up = [1.2, 1.5, 2, 3, 5, 10, 30, 100]

  mutating func record(_ tick: RateTick) {
    guard tick.isComparable else { return }
    let ratio = tick.canaryExposure / tick.baselineExposure
    let place = strata.firstIndex { $0.exposures >= ratio } ?? strata.count
    if place < strata.count, strata[place].exposures == ratio {
      strata[place].tick.add(tick)
    } else if strata.count < Self.capacity {
      strata.insert(Stratum(exposures: ratio, tick: tick), at: place)
    } else {
      let isNearerBelow =
        place > 0 && (place == strata.count || ratio / strata[place - 1].exposures < strata[place].exposures / ratio)
      strata[isNearerBelow ? place - 1 : place].tick.add(tick)
    }
  }

  /// {r : E(r) < 1/α}, holding at every moment at once at level 1 − `alpha` per side (Howard, Ramdas, McAuliffe,
  /// Sekhon, Ann. Stat. 2021); 0 and ∞ where nothing is excluded.
  func bounds(alpha: Double, from low: Double = 1e-6, to high: Double = 1e6) -> (low: Double, high: Double) {
    let threshold = EvidenceSum.logThreshold(falseAlarm: alpha)
    let (a, b) = (LogSpace.of(low), LogSpace.of(high))
    let lower = Self.border(from: a, to: b) { logEvidence(at: $0, odds: Self.up, inverted: false) >= threshold }
    let upper = Self.border(from: a, to: b) { logEvidence(at: $0, odds: Self.up, inverted: true) < threshold }
    return (
      lower <= a + 1e-9 ? 0 : LogSpace.exponential(lower), upper >= b - 1e-9 ? .infinity : LogSpace.exponential(upper)
    )
  }

  /// Where a statement that holds at the left end and fails to the right stops holding, by bisection.
  private static func border(from low: Double, to high: Double, holds: (Double) -> Bool) -> Double {
    var (a, b) = (low, high)
    for _ in 0..<60 {
      let middle = (a + b) / 2
      if holds(LogSpace.exponential(middle)) { a = middle } else { b = middle }
    }
    return a
  }

  private func logEvidence(at ratio: Double, odds: [Double], inverted: Bool) -> Double {
    let null = RateNull(ratio: ratio, allowance: 0)
    var logs = Array(repeating: 0.0, count: odds.count)
    for stratum in strata {
      for index in odds.indices {
        logs[index] += RateBet(odds: inverted ? 1 / odds[index] : odds[index]).logFactor(stratum.tick, null: null)
      }
    }
    return LogSpace.sum(logs) - LogSpace.of(Double(odds.count))
  }
}

extension RateTick {
  mutating func add(_ other: RateTick) {
    canaryExposure += other.canaryExposure
    canaryEvents += other.canaryEvents
    baselineExposure += other.baselineExposure
    baselineEvents += other.baselineEvents
  }

  static let none = RateTick(canaryExposure: 0, canaryEvents: 0, baselineExposure: 0, baselineEvents: 0)
}
