import CanaryJudge
import ImmuneSystem
import RolloutCore
import Testing

@Suite struct ForesightTests {
  private static let metrics = MetricSource.scrape("http://{host}/metrics")
  private static let checks = [
    CheckPolicy(name: "errors", source: metrics, measure: .ratio(events: "bad", total: "all")),
    CheckPolicy(name: "latency", source: metrics, measure: .histogram(name: "seconds", quantiles: [0.9, 0.99])),
    CheckPolicy(name: "orders", source: metrics, measure: .rate("orders")),
  ]

  private static func foresight(siblings: Int = 3, horizon: TimeSpan = .minutes(30)) -> Foresight {
    Foresight(
      checks: checks, falseAlarm: 0.01, horizon: horizon, baseline: .minutes(5), updated: 1, siblings: siblings)
  }

  /// A bell on a logarithmic scale around 20 ms, in buckets of 10 %: 4,000 values.
  private static let latencies: Histogram = {
    var bounds = [0.001]
    while bounds.count < 80 { bounds.append(bounds[bounds.count - 1] * 1.1) }
    let weights = bounds.indices.map { index -> Double in
      let distance = (Double(index) - 31) / 8
      return 1 / (1 + distance * distance * distance * distance)
    }
    let total = weights.reduce(0, +)
    return Histogram(
      upperBounds: bounds + [.infinity],
      buckets: weights.enumerated().map { .init(index: Int32($0.offset), count: 4000 * $0.element / total) })
  }()

  @Test func moreTrafficSeesSmallerWorseningAndPassesSooner() throws {
    var before: Foresight.Sight?
    for perSecond in [2.0, 20, 200] {
      let sight = Self.foresight().sight(of: 0, at: .requests(perSecond: perSecond, share: 0.002))
      let ratio = try #require(sight.byHorizon)
      #expect(ratio > 1.1)
      if let before {
        #expect(ratio < (before.byHorizon ?? .infinity))
        #expect((sight.passAfter ?? .infinity) < (before.passAfter ?? .infinity))
      }
      before = sight
    }
    let best = try #require(before)
    let soon = try #require(best.soon)
    #expect(soon.ratio == 3 && soon.seconds < 600)
    #expect(best.earnsPass)
  }

  /// The formula knows neither the doubt nor what is believed about natural differences, so it promises a little more.
  @Test func agreesWithTheFormulaOfExpectedGrowth() throws {
    let outlook = Judge.Outlook(
      baseRate: 0.002, updatedExposure: 50, siblingsExposure: 150, tolerance: 0.1, allowance: 1e-5)
    let formula = try #require(
      Judge.detectableRatio(outlook, seconds: 1800, falseAlarm: 0.01, share: 0.4 / 0.78))
    let played = try #require(
      Self.foresight().sight(of: 0, at: .requests(perSecond: 50, share: 0.002)).byHorizon)
    #expect(played > formula && played < 1.5 * formula, "\(played), \(formula)")
  }

  @Test func aLongerBurnInSeesMore() throws {
    let traffic = Foresight.Traffic.requests(perSecond: 20, share: 0.002)
    let short = try #require(Self.foresight(horizon: .minutes(10)).sight(of: 0, at: traffic).byHorizon)
    let long = try #require(Self.foresight(horizon: .minutes(120)).sight(of: 0, at: traffic).byHorizon)
    #expect(long < short)
  }

  @Test func tooLittleTrafficEarnsNoPassWithinTheHorizon() {
    let sight = Self.foresight().sight(of: 0, at: .requests(perSecond: 0.5, share: 0.001))
    #expect(sight.earnsPass)
    #expect((sight.passAfter ?? .infinity) > 1800)
  }

  @Test func latencyIsPlayedWithTheDistributionThatWasSeen() throws {
    let sight = Self.foresight().sight(of: 1, at: .observations(Self.latencies, seconds: 40))
    #expect(try #require(sight.byHorizon) < 1.6)
    let soon = try #require(sight.soon)
    #expect(soon.ratio == 2 && soon.seconds < 300)
    #expect(sight.earnsPass && sight.passAfter != nil)
  }

  @Test func ratesCanOnlyFail() throws {
    let sight = Self.foresight().sight(of: 2, at: .events(perSecond: 5))
    #expect(!sight.earnsPass && sight.passAfter == nil)
    #expect(try #require(sight.byHorizon) > 1)
  }

  @Test func aDropIsAFractionForWhatGetsWorseDownwards() throws {
    var checks = Self.checks
    checks[2].worseWhen = .down
    let foresight = Foresight(
      checks: checks, falseAlarm: 0.01, horizon: .minutes(30), baseline: .minutes(5), updated: 1, siblings: 9)
    #expect(try #require(foresight.sight(of: 2, at: .events(perSecond: 50)).byHorizon) < 1)
  }

  /// The stakes are spread over the whole rollout, and the burn-in is when it must have shown.
  @Test func itIsSeenWithinTheBurnInOfALongerRollout() throws {
    func sight(_ horizon: TimeSpan, _ burnIn: TimeSpan?, _ requests: Int? = nil) -> Foresight.Sight {
      Foresight(
        checks: Self.checks, falseAlarm: 0.01, horizon: horizon, burnIn: burnIn, untilRequests: requests,
        baseline: .minutes(5), updated: 1, siblings: 3
      ).sight(of: 0, at: .requests(perSecond: 20, share: 0.002))
    }
    let (whole, part) = (sight(.minutes(120), nil), sight(.minutes(120), .minutes(30)))
    #expect(try #require(part.byHorizon) > (try #require(whole.byHorizon)))
    #expect((part.soon?.seconds ?? 0) <= 1800)
    // Who asks for few requests is content with less.
    let few = try #require(sight(.minutes(120), .minutes(30), 500).passAfter)
    #expect(few < (part.passAfter ?? .infinity))
  }

  /// What was measured before the push stands for the siblings.
  @Test func withoutSiblingsOnlyABaselineLetsItSee() throws {
    let traffic = Foresight.Traffic.requests(perSecond: 100, share: 0.01)
    #expect(Self.foresight(siblings: 0).sight(of: 0, at: traffic).byHorizon != nil)
    let alone = Foresight(
      checks: Self.checks, falseAlarm: 0.01, horizon: .minutes(30), baseline: .zero, updated: 1, siblings: 0)
    let sight = alone.sight(of: 0, at: traffic)
    #expect(sight.byHorizon == nil && sight.soon == nil && sight.passAfter == nil)
  }

  @Test func hugeFleetsAndAbsurdTrafficEnd() {
    let foresight = Foresight(
      checks: Self.checks, falseAlarm: 0.01, horizon: .minutes(30), baseline: .zero, updated: 400, siblings: 600)
    for (perSecond, share) in [(1e-9, 0.0), (1e9, 1), (1e9, 1e-12)] {
      _ = foresight.sight(of: 0, at: .requests(perSecond: perSecond, share: share))
    }
  }
}
