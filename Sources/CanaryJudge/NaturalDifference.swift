#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What the updated instances' rate may differ by from the siblings' by nature, in steps of log units. Step j has the
/// probability p_j believed of it now, and R_j, the likelihood of everything seen since the deploy with that difference over the
/// likelihood without.
///
/// With N the mixture of alternatives and L_0 the null without a difference, the wealth E_0 = N/L_0 becomes
/// E = N/Σ p_j L_j = E_0/Σ p_j R_j: the Bayes factor against a null that has the difference as a random effect. What is
/// believed may change as the siblings show more; all evidence is then read anew, so none stays that an earlier, too
/// narrow belief made too large. Differences in the updated arm's favour count as none.
struct NaturalDifference: Hashable, Sendable {
  static let steps = [0, 0.07, 0.16, 0.28, 0.45, 0.75, 1.3, 2.5]
  private static let odds = steps.map { [RateBet(odds: LogSpace.exponential($0)), RateBet(odds: LogSpace.exponential(-$0))] }

  /// ln R_j.
  private var logs = Array(repeating: 0.0, count: steps.count)
  /// ln p_j.
  private var belief = [0.0] + Array(repeating: -Double.infinity, count: steps.count - 1)
  private let side: Int

  /// `direction` +1 where a higher rate is worse, −1 where a lower one is.
  init(direction: Double) { side = direction > 0 ? 0 : 1 }

  mutating func record(_ tick: RateTick, null: RateNull, temper: Double) {
    for step in 1..<Self.steps.count {
      logs[step] += temper * Self.odds[step][side].logFactor(tick, null: null)
    }
  }

  /// Takes the belief as a mixture of normal distributions of the log difference, arm over siblings.
  mutating func believe(_ parts: [InstanceRates.Part]) {
    var shares = Array(repeating: 0.0, count: Self.steps.count)
    for part in parts {
      let mean = side == 0 ? part.mean : -part.mean
      var below = 0.0
      for step in shares.indices {
        let isLast = step == Self.steps.count - 1
        let edge = isLast ? Double.infinity : (Self.steps[step] + Self.steps[step + 1]) / 2
        let upTo = Self.normal(edge, mean: mean, deviation: part.variance.squareRoot())
        shares[step] += part.weight * max(0, upTo - below)
        below = upTo
      }
    }
    belief = shares.map { LogSpace.of($0) }
  }

  private static func normal(_ x: Double, mean: Double, deviation: Double) -> Double {
    guard deviation > 0 else { return x >= mean ? 1 : 0 }
    return 0.5 * erfc((mean - x) / (deviation * 2.0.squareRoot()))
  }

  /// ln Σ p_j R_j.
  var logValue: Double { LogSpace.sum(zip(belief, logs).map { $0 + $1 }) }
}
