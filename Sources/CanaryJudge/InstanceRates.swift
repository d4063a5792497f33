#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What instances differ by on the old version, learnt from counts: θ_i, the log of an instance's rate against the
/// common level, is N(0, v) over the fleet. The data before a deploy are too thin to know one instance's θ, so the
/// spread v of all of them is learnt as well (empirical Bayes), with its own uncertainty: v runs over a short list of
/// values, weighted by the likelihood of all instances' counts (gamma-Poisson with shape 1/v) times a prior.
struct InstanceRates: Hashable, Sendable {
  /// Events on the old version, per instance, and what the common level of the same moments would have brought.
  private(set) var events: [Double]
  private(set) var expected: [Double]

  /// Standard deviations considered, with their prior weights.
  static let spreads = [0, 0.08, 0.15, 0.25, 0.4, 0.6]
  static let prior = [0, 0.1, 0.3, 0.3, 0.2, 0.1]
  /// Prior probability that instances differ at all: 1 % for each instance that can show it, at most 12 %. Few
  /// instances teach nothing about their spread, so doubting them would blind the check for good; many soon settle
  /// the doubt.
  static func doubt(instances: Int) -> Double { min(0.12, 0.01 * Double(instances)) }

  init(instances: Int) {
    events = Array(repeating: 0, count: instances)
    expected = events
  }

  /// Takes one tick of the instances on the old version; others have exposure 0.
  mutating func record(events x: [Double], exposure: [Double], among old: [Int]) {
    var (total, base) = (0.0, 0.0)
    for index in old {
      total += x[index]
      base += exposure[index]
    }
    guard total > 0, base > 0 else { return }
    for index in old where exposure[index] > 0 {
      events[index] += x[index]
      expected[index] += total * exposure[index] / base
    }
  }

  /// Usual share of an instance against the common level, drawn to 1 while little is known.
  func usual(_ index: Int, pull: Double = 20) -> Double { (events[index] + pull) / (expected[index] + pull) }

  /// One normal part of a belief.
  struct Part: Hashable, Sendable {
    var weight: Double
    var mean: Double
    var variance: Double
  }

  /// Belief about the difference of two groups: the average θ over `updated` minus that over `siblings`, in log units.
  /// `dispersion` φ ≥ 1 divides counts that come in clusters.
  func difference(updated: [Int], siblings: [Int], dispersion: Double) -> [Part] {
    beliefs(dispersion: dispersion).enumerated().filter { $0.element > 0 }.map { index, weight in
      let spread = Self.spreads[index] * Self.spreads[index]
      let a = group(updated, spread: spread, dispersion: dispersion)
      let b = group(siblings, spread: spread, dispersion: dispersion)
      return Part(weight: weight, mean: a.mean - b.mean, variance: a.variance + b.variance)
    }
  }

  /// Posterior mean and variance of a group's average θ for one spread.
  private func group(_ members: [Int], spread: Double, dispersion: Double) -> (mean: Double, variance: Double) {
    guard spread > 0, !members.isEmpty else { return (0, 0) }
    var (mean, variance) = (0.0, 0.0)
    for index in members {
      let known = expected[index] / dispersion
      let precision = 1 / spread + known
      mean += known * log((events[index] + 0.5 * dispersion) / (expected[index] + 0.5 * dispersion)) / precision
      variance += 1 / precision
    }
    let count = Double(members.count)
    return (mean / count, variance / (count * count))
  }

  /// Weights of the spreads after the counts.
  func beliefs(dispersion: Double) -> [Double] {
    let doubt = Self.doubt(instances: expected.count { $0 > 0 })
    var logs = Self.prior.map { log(doubt * $0) }
    logs[0] = log(1 - doubt)
    for (index, deviation) in Self.spreads.enumerated() where deviation > 0 {
      let shape = 1 / (deviation * deviation)
      for instance in events.indices where expected[instance] > 0 {
        logs[index] += Self.gain(
          events: events[instance] / dispersion, expected: expected[instance] / dispersion, shape: shape)
      }
    }
    let total = LogSpace.sum(logs)
    return logs.map { exp($0 - total) }
  }

  /// ln of gamma-Poisson over Poisson likelihood: Γ(x+a)/Γ(a) · (1+m/a)^−(x+a) · e^m / a^x, with a the shape.
  static func gain(events x: Double, expected m: Double, shape a: Double) -> Double {
    lgamma(x + a) - lgamma(a) - x * log(a) - (x + a) * log1p(m / a) + m
  }
}
