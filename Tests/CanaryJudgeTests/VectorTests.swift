// The members are named as in the vectors' file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import Testing

@testable import CanaryJudge

/// Numbers from independent code (mpmath, scipy): see `Fixtures/vectors.json`. Of the bench's vectors those are left
/// out that belong to other judges' methods: Mann-Whitney, confseq's mixtures and quantile bounds, Dirichlet
/// mixtures.
struct Vectors: Decodable {
  struct Cases<Case: Decodable & Sendable>: Decodable { var cases: [Case] }
  struct RateCase: Decodable, Sendable { var omega, r0, delta, ta, tb, xa, xb, log_e: Double }
  struct Expectation: Decodable, Sendable {
    var na, nb: Int
    var p_baseline, p_canary, r0, delta, omega, expectation: Double
  }
  struct Process: Decodable {
    struct Tick: Decodable { var na, nb, xa, xb: Double }
    var ticks: [Tick]
    var grid: [Double]
    var r0, delta, w0, horizon: Double
    var E_cap4, E_cap4_eta0_45: [Double]
  }
  struct Interval: Decodable { var alpha, lower_at_last_tick, upper_at_last_tick: Double }
  struct Scores: Decodable, Sendable {
    var g, q, sign, log_e: Double
    var canary, baseline: [Double]
  }
  struct Placebo: Decodable, Sendable {
    var log_placebo: [Double]
    var eta: Double
  }
  struct Rank: Decodable, Sendable {
    var N, rank: Int
    var kappa, e: Double
    var mode: String
  }
  var rate_kernel: Cases<RateCase>
  var rate_kernel_expectation: Cases<Expectation>
  var rate_process: Process
  var ratio_confidence_sequence: Interval
  var bounded_two_sample_kernel: Cases<Scores>
  var placebo_tempering: Cases<Placebo>
  var rank_evalue: Cases<Rank>

  static func load() throws -> Vectors {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/vectors.json")
    return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
  }

  var ticks: [RateTick] {
    rate_process.ticks.map {
      RateTick(canaryExposure: $0.na, canaryEvents: $0.xa, baselineExposure: $0.nb, baselineEvents: $0.xb)
    }
  }
}

@Suite struct VectorTests {
  let vectors: Vectors
  init() throws { vectors = try Vectors.load() }

  @Test func `rate factors`() {
    for row in vectors.rate_kernel.cases {
      let tick = RateTick(
        canaryExposure: row.ta, canaryEvents: row.xa, baselineExposure: row.tb, baselineEvents: row.xb)
      let value = RateBet(odds: row.omega).logFactor(tick, null: RateNull(ratio: row.r0, allowance: row.delta))
      #expect(abs(value - row.log_e) < 1e-9 * max(1, abs(row.log_e)))
    }
  }

  @Test func `rate factors have mean at most one at the edge of the null`() {
    for row in vectors.rate_kernel_expectation.cases {
      var mean = 0.0
      for xa in 0...row.na {
        for xb in 0...row.nb {
          let tick = RateTick(
            canaryExposure: Double(row.na), canaryEvents: Double(xa), baselineExposure: Double(row.nb),
            baselineEvents: Double(xb))
          let factor = RateBet(odds: row.omega).logFactor(tick, null: RateNull(ratio: row.r0, allowance: row.delta))
          mean += binomial(row.na, xa, row.p_canary) * binomial(row.nb, xb, row.p_baseline) * exponential(factor)
        }
      }
      #expect(abs(mean - row.expectation) < 1e-9)
      #expect(mean <= 1)
    }
  }

  @Test(arguments: [1.0, 0.45]) func `wealth with spread stakes and tempering`(temper: Double) {
    let process = vectors.rate_process
    let expected = temper == 1 ? process.E_cap4 : process.E_cap4_eta0_45
    var wealth = BetWealth(bets: process.grid.count)
    var stakes = StakeSchedule(
      opening: process.w0, heldBack: 0, horizon: process.horizon)
    for (second, tick) in vectors.ticks.enumerated() {
      wealth.place(stakes.due(at: Double(second)))
      for (bet, odds) in process.grid.enumerated() {
        let factor = RateBet(odds: odds).logFactor(tick, null: RateNull(ratio: process.r0, allowance: process.delta))
        wealth.multiply(bet, byLog: temper * factor)
      }
      #expect(abs(exponential(wealth.logValue) / expected[second] - 1) < 1e-9)
    }
  }

  @Test func `interval of the ratio`() {
    var strata = RatioStrata()
    for tick in vectors.ticks { strata.record(tick) }
    let expected = vectors.ratio_confidence_sequence
    let bounds = strata.bounds(alpha: expected.alpha)
    #expect(abs(bounds.low / expected.lower_at_last_tick - 1) < 1e-9)
    #expect(abs(bounds.high / expected.upper_at_last_tick - 1) < 1e-9)
  }

  @Test func `bounded scores`() {
    for row in vectors.bounded_two_sample_kernel.cases {
      var (canary, siblings) = (Levels(), Levels())
      for score in row.canary { canary.add(score: score, count: 1) }
      for score in row.baseline { siblings.add(score: score, count: 1) }
      let value = BoundedScore.logFactor(bet: row.g, sign: row.sign, mean: row.q, canary: canary, siblings: siblings)
      #expect(abs(value - row.log_e) < 1e-9)
    }
  }

  @Test func `placebo chooses the exponent`() {
    for row in vectors.placebo_tempering.cases {
      var tempering = PlaceboTempering(bets: 1, windows: 1)
      for value in row.log_placebo { tempering.record(value, bet: 0, window: 0) }
      tempering.settle()
      #expect(tempering.temper == [row.eta])
    }
  }

  @Test func `rank factors`() {
    for row in vectors.rank_evalue.cases {
      let value = RankEvidence.factor(
        rank: row.rank, count: row.N, kappa: row.kappa, payoff: row.mode == "top" ? .top : .half)
      #expect(abs(value - row.e) < 1e-12)
    }
    for count in 2...12 {
      for (payoff, kappa) in RankEvidence.bets {
        let mean = (1...count).reduce(0.0) {
          $0 + RankEvidence.factor(rank: $1, count: count, kappa: kappa, payoff: payoff) / Double(count)
        }
        #expect(abs(mean - 1) < 1e-12)
      }
    }
  }
}
