import Testing

@testable import CanaryJudge

/// The parts of the judge one by one.
@Suite struct JudgePartsTests {
  @Test func `fractional events keep the mean of a factor at most one`() {
    // Each of na canary samples counts 0.3 with chance p, or 1 with chance p: the mean event is at the null.
    let (na, nb, p) = (6, 12, 0.1)
    var mean = 0.0
    for part in 0...na {
      for whole in 0...(na - part) {
        let chance = binomial(na, part, p) * binomial(na - part, whole, p / (1 - p))
        for xb in 0...nb {
          let tick = RateTick(
            canaryExposure: Double(na), canaryEvents: 0.3 * Double(part) + Double(whole), baselineExposure: Double(nb),
            baselineEvents: Double(xb))
          let factor = RateBet(odds: 3).logFactor(tick, null: RateNull(ratio: 1, allowance: 0))
          mean += chance * binomial(nb, xb, 1.3 * p) * exponential(factor)
        }
      }
    }
    #expect(mean <= 1 && mean > 0.9)
  }

  @Test func `bounded scores have mean at most one when the arms are equal`() {
    // Two canary and three sibling samples, each uniform on four of the levels.
    let scores = [1, 5, 9, 14].map { BoundedScore.level($0) }
    for bet in [0.25, 1.8] {
      var mean = 0.0
      for code in 0..<1024 {
        var (canary, siblings) = (Levels(), Levels())
        for place in 0..<5 {
          let score = scores[code >> (2 * place) & 3]
          if place < 2 { canary.add(score: score, count: 1) } else { siblings.add(score: score, count: 1) }
        }
        mean +=
          exponential(
            BoundedScore.logFactor(bet: bet, sign: 1, mean: 0.4, canary: canary, siblings: siblings)) / 1024
      }
      #expect(mean <= 1 + 1e-12 && mean > 0.7)
    }
  }

  @Test func `stakes follow time, not ticks`() {
    for tick in [1.0, 7, 60] {
      var stakes = StakeSchedule.latency(warmUp: 60, horizon: 600)
      var (sum, start) = (0.0, 0.0)
      while start < 600 {
        sum += stakes.due(at: start)
        start += tick
      }
      sum += stakes.due(at: 600)
      #expect(abs(sum - (1 - stakes.heldBack)) < 1e-12)
      #expect(stakes.due(at: 5000) == 0)
    }
  }

  @Test func `clusters lower the exponent, independent events do not`() {
    for (cluster, lowers) in [(1.0, false), (8.0, true)] {
      var random = SplitMix64(seed: 7)
      let rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)
      let judge = JudgeKindsTests.play(rule, instances: 6, before: 400, seconds: 10) { _, _ in
        .counts(events: cluster * Double(random.poisson(1 / cluster)), exposure: 100)
      }
      #expect((judge.finding(0).temper < 0.6) == lowers, "\(judge.finding(0).temper)")
    }
  }

  @Test func `a fleet of equals keeps no offset, one of a kind keeps its own`() throws {
    let layout = try #require(HistogramLayout(bounds: (0..<400).map { exponential(0.02 * Double($0)) }))
    var offsets = LatencyOffsets(instances: 8, buckets: layout.count)
    for index in 0..<8 {
      // A triangle of 4000 observations; instance 0 is four buckets (8 %) to the right, instance 1 a fraction of one.
      for bucket in 0..<100 {
        let weight = Double(min(bucket, 99 - bucket)) * (4000.0 / 2450)
        let moved = bucket + 150 + (index == 0 ? 4 : 0)
        offsets.add(index, moved, index == 1 ? weight * 0.9 : weight)
        if index == 1 { offsets.add(index, moved + 1, weight * 0.1) }
      }
    }
    let found = offsets.beliefs(updated: [0, 1], siblings: [2, 3, 4, 5, 6, 7], layout: layout, dispersion: 1)
    #expect(abs(found[0].mean - 0.08) < 0.01)
    #expect(abs(found[1].mean) < 0.001 && found[1].deviation < 0.01)
  }

  @Test func `what instances differ by is learnt from all of them`() {
    func spread(_ levels: [Double]) -> Double {
      var rates = InstanceRates(instances: levels.count)
      for _ in 0..<20 {
        rates.record(
          events: levels.map { 5 * $0 }, exposure: levels.map { _ in 1000 }, among: Array(levels.indices))
      }
      let beliefs = rates.beliefs(dispersion: 1)
      return zip(beliefs, InstanceRates.spreads).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(spread([1, 1, 1, 1, 1, 1, 1, 1]) < 0.03)
    #expect(spread([0.6, 0.8, 1, 1.3, 1.7, 0.7, 1.1, 0.9]) > 0.15)
  }

  @Test func `a likely natural difference takes evidence away`() {
    var plain = NaturalDifference(direction: 1)
    var doubted = NaturalDifference(direction: 1)
    doubted.believe([.init(weight: 1, mean: 0.4, variance: 0.04)])
    let tick = RateTick(canaryExposure: 50, canaryEvents: 3, baselineExposure: 450, baselineEvents: 18)
    for _ in 0..<20 {
      plain.record(tick, null: RateNull(ratio: 1, allowance: 0), temper: 1, cap: 4, most: 0)
      doubted.record(tick, null: RateNull(ratio: 1, allowance: 0), temper: 1, cap: 4, most: 0)
    }
    #expect(plain.logValue == 0)
    #expect(doubted.logValue > 1)
  }

  @Test func `layouts that differ are brought to their common edges`() throws {
    var atlas = try #require(LayoutAtlas(bounds: [1, 2, 4, 8, .infinity]))
    let answer = atlas.admit([0, 2, 3, 8])
    #expect(answer.isKnown && answer.coarsening == [0, 0, 1, 1, 2])
    #expect(atlas.layout.bounds == [2, 8, .infinity])
    #expect(atlas.map([0, 2, 3, 8]) == [0, 0, 1, 1])
    #expect(!atlas.admit([5, 7]).isKnown)
    #expect(LayoutAtlas(bounds: [2, 1]) == nil && LayoutAtlas(bounds: [.infinity]) == nil)
  }

  @Test func `a shift moves parts of buckets, and more of coarse ones`() throws {
    let fine = try #require(HistogramLayout(bounds: (1...300).map { exponential(0.005 * Double($0)) }))
    let move = ScaleShift.Move(offset: 0, tolerance: 0.05)
    #expect(move.shift(width: fine.width(10)) == 0.05)
    #expect(move.shift(width: 0.7) > 0.14 && move.shift(width: 0.7) <= 0.15 + 1e-12)
    #expect(ScaleShift.Move(offset: 0, tolerance: 0.05, isPass: true).shift(width: 0.7) < 0.034)
  }

  @Test func `scores never fall and favour where the density is steep`() throws {
    let layout = try #require(HistogramLayout(bounds: (1...200).map { exponential(0.02 * Double($0)) }))
    let counts = (0...200).map { 1e5 * exponential(-0.5 * ((Double($0) - 90) / 20) * ((Double($0) - 90) / 20)) }
    let scores = ScoreShape.scores(counts: counts, total: counts.reduce(0, +), layout: layout)
    #expect(zip(scores, scores.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(scores.first ?? 1 >= 0 && scores.last ?? 0 <= 1)
    #expect(ScoreShape.isotonic([3, 1, 2, 5, 4]) == [2, 2, 2, 4.5, 4.5])
  }

  @Test func `outlook says what can be told`() throws {
    let busy = Judge.Outlook(baseRate: 1e-3, updatedExposure: 50, siblingsExposure: 450, tolerance: 0.1)
    let soon = try #require(Judge.detectableRatio(busy, seconds: 300, falseAlarm: 0.01, share: 0.44))
    let late = try #require(Judge.detectableRatio(busy, seconds: 3600, falseAlarm: 0.01, share: 0.44))
    #expect(late < soon && late > 1.1 && soon > 2 && soon < 4)
    let quiet = Judge.Outlook(baseRate: 1e-5, updatedExposure: 0.01, siblingsExposure: 0.01, tolerance: 0.1)
    #expect(Judge.detectableRatio(quiet, seconds: 10, falseAlarm: 0.01) == nil)
    let orders = Judge.Outlook(
      baseRate: 0.02, updatedExposure: 50, siblingsExposure: 450, worseWhen: .lower, tolerance: 0.05)
    let fewer = try #require(Judge.detectableRatio(orders, seconds: 1800, falseAlarm: 0.01, share: 0.1))
    #expect(fewer > 0.6 && fewer < 0.95)
    let pass = try #require(Judge.exposureNeeded(busy, passMargin: 0.5, passAllowance: 2e-4, beta: 0.05))
    #expect(pass > 10_000 && pass < 60_000)
    #expect(
      Judge.detectableRatio(
        Judge.Outlook(baseRate: .nan, updatedExposure: 1, siblingsExposure: 1, tolerance: 0), seconds: 1,
        falseAlarm: 0.01
      ) == nil)
  }

  /// A release at exactly the edge of the tolerance, which comes in only as the data can resolve it.
  @Test func `a release at the edge of the tolerance is hardly ever halted`() {
    var halts = 0
    for seed in 0..<60 {
      var random = SplitMix64(seed: UInt64(seed))
      let rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)
      var side = RateSide(direction: 1, ratio: 1 + rule.tolerance, allowance: 0, phasesIn: true, odds: .higher)
      side.wealth.place(1)
      for _ in 0..<400 {
        let tick = RateTick(
          canaryExposure: 50, canaryEvents: Double(random.poisson(1.1)), baselineExposure: 450,
          baselineEvents: Double(random.poisson(9)))
        side.record(tick, dispersion: 1, flat: 1)
        if side.logValue >= 4.6 {
          halts += 1
          break
        }
      }
    }
    #expect(halts <= 3, "\(halts) of 60")
  }
}
