#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What the updated instances' rate may differ by from the siblings' by nature, in steps of log units. Step j has the
/// probability p_j believed of it now, and R_j, the likelihood of everything seen since the deploy if the difference is
/// up to step j (the best within it) over the likelihood without a difference.
///
/// With N the mixture of alternatives and L_0 the null without a difference, the wealth E_0 = N/L_0 becomes
/// E = N/Σ p_j L_j = E_0/Σ p_j R_j: the Bayes factor against a null that has the difference as a random effect. What is
/// believed may change as the siblings show more; all evidence is then read anew, so none stays that an earlier, too
/// narrow belief made too large. Differences in the updated arm's favour count as none.
struct NaturalDifference: Hashable, Sendable {
  static let steps = [
    0, 0.05, 0.1, 0.16, 0.22, 0.29, 0.37, 0.46, 0.56, 0.68, 0.82, 1, 1.25, 1.6, 2.1, 3,
  ]
  private static let odds = steps.map {
    [RateBet(odds: LogSpace.exponential($0)), RateBet(odds: LogSpace.exponential(-$0))]
  }

  /// ln of the likelihood at each step over that at 0: concave in the step.
  private var logs = Array(repeating: 0.0, count: steps.count)
  /// p_j.
  private var belief = [1.0] + Array(repeating: 0.0, count: steps.count - 1)
  private let side: Int
  /// ln Σ p_j R_j of everybody who was compared before those of now.
  private var carried = 0.0

  /// `direction` +1 where a higher rate is worse, −1 where a lower one is.
  init(direction: Double) { side = direction > 0 ? 0 : 1 }

  /// Others are compared from now on, who differ by something of their own: what was seen so far stays divided by what
  /// was believed of those it was seen of. E is then the Bayes factor against a random effect for each set of
  /// instances, and no belief about one set is ever laid on another's data.
  mutating func close() {
    carried = logValue
    logs = Array(repeating: 0, count: Self.steps.count)
  }

  /// Takes a tick in which no bet counted for more than `cap`, `most` being the factor of the best without it. A step that
  /// would itself count for more is cut to the cap like a bet of its odds, and to less where the tick speaks against it by
  /// more than the cap: total failure is not what an instance is like by nature.
  mutating func record(_ tick: RateTick, null: RateNull, temper: Double, cap: Double, most: Double) {
    for step in 1..<Self.steps.count {
      let factor = temper * Self.odds[step][side].logFactor(tick, null: null)
      let against = most - factor
      if against > 4 * cap {
        logs[step] += min(0, factor)
      } else {
        logs[step] += factor <= cap ? factor : against <= cap ? cap : max(0, 2 * cap - against)
      }
    }
  }

  /// Takes the belief as a mixture of normal distributions of the log difference, arm over siblings.
  mutating func believe(_ parts: [InstanceRates.Part]) {
    belief = Array(repeating: 0, count: Self.steps.count)
    for part in parts {
      let mean = side == 0 ? part.mean : -part.mean
      var below = 0.0
      for step in belief.indices {
        let isLast = step == Self.steps.count - 1
        let upTo = Self.normal(
          isLast ? .infinity : Self.steps[step] + 1e-9, mean: mean, deviation: part.variance.squareRoot())
        belief[step] += part.weight * max(0, upTo - below)
        below = upTo
      }
    }
  }

  private static func normal(_ x: Double, mean: Double, deviation: Double) -> Double {
    guard deviation > 0 else { return x >= mean ? 1 : 0 }
    return 0.5 * erfc((mean - x) / (deviation * 2.0.squareRoot()))
  }

  /// ln Σ p_j R_j, over all sets of instances that were compared.
  var logValue: Double {
    var (best, sum) = (0.0, -Double.infinity)
    for step in logs.indices {
      best = max(best, logs[step], peak(below: step))
      if belief[step] > 0 { sum = LogSpace.sum(sum, LogSpace.of(belief[step]) + best) }
    }
    return carried + sum
  }

  /// Top of the parabola through a step and its neighbours, where that lies between this step and the one before.
  private func peak(below step: Int) -> Double {
    guard step > 0 else { return 0 }
    let middle =
      step > 1 && (step == logs.count - 1 || logs[step - 1] >= logs[step]) ? step - 1 : min(step, logs.count - 2)
    let (a, b, c) = (Self.steps[middle - 1], Self.steps[middle], Self.steps[middle + 1])
    let left = (logs[middle] - logs[middle - 1]) / (b - a)
    let right = (logs[middle + 1] - logs[middle]) / (c - b)
    let bend = (right - left) / (c - a)
    guard bend < 0 else { return 0 }
    // f(x) = f(b) + m(x − b) + bend·(x − b)² with m the slope at b.
    let slope = left + bend * (b - a)
    let top = b - slope / (2 * bend)
    guard top > Self.steps[step - 1], top <= Self.steps[step] else { return 0 }
    return logs[middle] - slope * slope / (4 * bend)
  }
}
