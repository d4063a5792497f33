import CanaryJudge
import RolloutCore
import Testing

@testable import ImmuneSystem

/// Calm days, made up: seeded, so that every run sees the same.
struct CalmDay {
  static let errors = CheckPolicy(
    name: "errors", source: .scrape("http://{host}/metrics"), measure: .ratio(events: "bad", total: "all"))
  static let latency = CheckPolicy(
    name: "latency", source: .scrape("http://{host}/metrics"), measure: .histogram(name: "seconds", quantiles: [0.99]))

  static func policy(_ checks: [CheckPolicy], baseline: TimeSpan = .minutes(2)) -> Policy {
    var policy = Policy(
      service: "shop", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "a", directory: "/d"))
    policy.checks = checks
    policy.baseline = baseline
    policy.burnIn = BurnInPolicy(min: .minutes(4), max: .minutes(10), untilRequests: nil)
    return policy
  }

  static let start = Timestamp(milliseconds: 1_700_000_000_000)

  /// Looks of ten seconds: 400 requests of each instance, of which `rate` fail, times `factors`.
  static func recording(
    minutes: Int, rate: Double = 0.01, factors: [Double] = [1, 1, 1, 1], latency: Bool = false
  ) -> Recording {
    var chance = Chance(seed: 5)
    var recording = Recording(name: "day", instances: factors.indices.map { "web\($0 + 1)" })
    for number in 1...(minutes * 6) {
      let counts = factors.map { factor in
        Measurement.counts(events: chance.successes(of: 400, probability: rate * factor), exposure: 400)
      }
      var checks = [CheckLook(check: 0, readings: counts)]
      if latency {
        checks.append(CheckLook(check: 1, readings: factors.map { _ in .histogram(latencies(&chance)) }))
      }
      recording.looks.append(
        Look(at: start + .seconds(Int64(10 * number)), duration: .seconds(10), checks: checks))
    }
    return recording
  }

  static let bounds: [Double] = [0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16, 0.25, 0.5, 1, .infinity]

  /// 400 values around 40 ms.
  static func latencies(_ chance: inout Chance) -> Histogram {
    let parts = [0.01, 0.04, 0.08, 0.15, 0.22, 0.22, 0.13, 0.08, 0.04, 0.02, 0.008, 0.002]
    var histogram = Histogram(upperBounds: bounds, buckets: [])
    for (index, part) in parts.enumerated() {
      let count = chance.successes(of: 400, probability: part)
      if count > 0 { histogram.buckets.append(.init(index: Int32(index), count: count)) }
    }
    return histogram
  }

  static func report(_ bench: CalibrationBench) -> CalibrationReport {
    var course = CalibrationCourse(bench)
    while case let jobs = course.next(), !jobs.isEmpty { course.take(jobs.map { bench.play($0) }) }
    return course.report
  }
}

@Suite struct CalibrationTests {
  @Test func aCalmServiceCriesNoWolfAndGraveRegressionsAreCaught() throws {
    let policy = CalmDay.policy([CalmDay.errors, CalmDay.latency])
    let bench = CalibrationBench(policy, recordings: [CalmDay.recording(minutes: 36, latency: true)], runs: 100)
    let report = CalmDay.report(bench)
    #expect(report.windows == 3 && report.shortWindows == 0 && report.possible == 12)
    #expect(report.baseline == .minutes(2) && report.burnIn == .minutes(10))
    #expect(report.halted.hits == 0 && report.halted.of == 12)
    #expect(report.adjusted == nil)
    let errors = try #require(report.checks.first)
    #expect(errors.halted.hits == 0 && errors.culprits.isEmpty)
    let grave = try #require(errors.catches.first { $0.regression == .events(times: 10) })
    #expect(grave.caught.hits == grave.caught.of && grave.caught.of == 12)
    #expect(try #require(grave.after) < .seconds(60))
    let slight = try #require(errors.catches.first { $0.regression == .events(times: 1.5) })
    #expect(slight.caught.hits < grave.caught.hits)
    let slow = try #require(report.checks[1].catches.first { $0.regression == .slower(times: 2) })
    #expect(slow.caught.hits == slow.caught.of)
    let tail = try #require(report.checks[1].catches.first { $0.regression == .slowerTail(times: 2) })
    #expect(tail.caught.part > 0.5)
    #expect(report == CalmDay.report(bench), "the same data give the same report")
  }

  @Test func anInstanceUnlikeItsSiblingsCriesWolfAndAWiderToleranceIsFound() throws {
    let bench = CalibrationBench(
      // Nothing measured before the push, which would show that it was so before.
      CalmDay.policy([CalmDay.errors], baseline: .zero),
      recordings: [CalmDay.recording(minutes: 40, factors: [1, 1, 3, 1])], runs: 100)
    let report = CalmDay.report(bench)
    #expect(report.halted.hits >= 3 && report.halted.low > 0.01)
    let errors = report.checks[0]
    #expect(errors.culprits.first?.instance == "web3")
    guard case .tooTight(let found) = errors.advice else {
      Issue.record("\(errors.advice)")
      return
    }
    let suggestion = try #require(found)
    #expect(suggestion.tolerance > 0.1 && suggestion.halted.hits == 0)
    #expect(report.adjusted?.hits == 0)
    let grave = try #require(suggestion.catches.first { $0.regression == .events(times: 10) })
    #expect(grave.caught.hits > 0)
  }

  @Test func aToleranceFarTooWideIsCalledSo() {
    var check = CalmDay.errors
    check.tolerance = 4
    let bench = CalibrationBench(
      CalmDay.policy([check]), recordings: [CalmDay.recording(minutes: 24)], runs: 100)
    guard case .tooLoose(let suggestion) = CalmDay.report(bench).checks[0].advice else {
      Issue.record("a tolerance of 400 % hides a doubling")
      return
    }
    #expect(suggestion.tolerance < 1 && suggestion.halted.hits == 0)
  }

  @Test func aLimitThatCalmDataBreachIsNamedAndMutedChecksAreCalibratedToo() {
    var (limited, muted) = (CalmDay.errors, CalmDay.errors)
    limited.limit = 0.001
    let bench = CalibrationBench(
      CalmDay.policy([limited]), recordings: [CalmDay.recording(minutes: 12)], runs: 100)
    let report = CalmDay.report(bench)
    #expect(report.halted.hits == 4 && report.checks[0].limitBreaches == 4)
    #expect(report.checks[0].halted.hits == 0, "no tolerance helps against a limit")
    muted.muted = true
    let quiet = CalibrationBench(
      CalmDay.policy([muted]), recordings: [CalmDay.recording(minutes: 24, factors: [1, 1, 4, 1])], runs: 100)
    let played = CalmDay.report(quiet)
    #expect(played.halted.hits == 0)
    #expect(played.checks[0].halted.hits > 0)
  }

  @Test func windowsNeedThreeInstancesThroughoutAndTwoMinutes() {
    func cut(_ recordings: [Recording]) -> WindowCut {
      WindowCut(recordings, baseline: .minutes(2), burnIn: .minutes(10))
    }
    let short = cut([CalmDay.recording(minutes: 8)])
    #expect(short.windows.count == 1 && short.short == 1)
    #expect(short.windows.first?.baseline == .minutes(2) && short.windows.first?.burnIn == .minutes(6))
    #expect(cut([CalmDay.recording(minutes: 2)]).tooShort == 1)
    #expect(cut([CalmDay.recording(minutes: 12, factors: [1, 1])]).tooFew == 1)
    #expect(cut([Recording(name: "", instances: [])]).windows.isEmpty)
    // One that leaves early is nobody's sibling, and no canary.
    var leaving = CalmDay.recording(minutes: 12)
    for index in 20..<leaving.looks.count { leaving.looks[index].checks[0].readings[1] = .missing }
    #expect(cut([leaving]).windows.first?.members == [0, 2, 3])
  }

  @Test func aBreakEndsARecording() {
    var recording = CalmDay.recording(minutes: 30)
    recording.looks.removeSubrange(60..<130)
    #expect(recording.parts().map(\.looks.count) == [60, 50])
    #expect(Recording(name: "", instances: []).parts().isEmpty)
  }

  @Test func aChoiceOfBurnInsIsSpreadOverWindowsAndInstances() {
    let bench = CalibrationBench(
      CalmDay.policy([CalmDay.errors]), recordings: [CalmDay.recording(minutes: 96)], runs: 16)
    #expect(bench.possible == 32 && bench.trials.count == 16)
    #expect(Set(bench.trials.map(\.window)).count == 8)
    #expect(Set(bench.trials.map(\.canary)).count > 2)
  }

  @Test func withoutDataNothingIsSaid() {
    let report = CalmDay.report(CalibrationBench(CalmDay.policy([CalmDay.errors]), recordings: [], runs: 10))
    #expect(report.windows == 0 && report.halted.of == 0)
    let other = CalibrationBench(
      CalmDay.policy([CalmDay.errors, CalmDay.latency]), recordings: [CalmDay.recording(minutes: 12)], runs: 10)
    #expect(CalmDay.report(other).checks[1].advice == .noData)
  }

  // MARK: Parts

  /// Values of scipy's `binomtest(…).proportion_ci(method="wilson")`.
  @Test(arguments: [(0, 240, 0.0, 0.015754), (3, 48, 0.021483, 0.168354), (240, 240, 0.984246, 1.0)])
  func wilson(_ hits: Int, _ of: Int, _ low: Double, _ high: Double) {
    let share = CalibrationReport.Share(hits: hits, of: of)
    #expect(abs(share.low - low) < 1e-5 && abs(share.high - high) < 1e-5, "\(share.low) \(share.high)")
  }

  @Test(arguments: [(10.0, 0.3), (400, 0.01), (100_000, 0.0001), (5000, 0.4), (300, 0.97), (1e9, 1e-8)])
  func drawsHaveTheBinomialsMeanAndVariance(_ trials: Double, _ probability: Double) {
    var chance = Chance(seed: 11)
    let draws = (0..<4000).map { _ in chance.successes(of: trials, probability: probability) }
    #expect(draws.allSatisfy { $0 >= 0 && $0 <= trials && $0 == $0.rounded() })
    let mean = draws.reduce(0, +) / 4000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    let (wanted, spread) = (trials * probability, trials * probability * (1 - probability))
    #expect(abs(mean - wanted) < 5 * (spread / 4000).squareRoot() + 1e-9)
    #expect(abs(variance / spread - 1) < 0.15)
  }

  @Test(arguments: [(0.0, 0.5), (-3, 0.5), (.nan, 0.5), (.infinity, 0.5), (10, 0), (10, -1), (10, .nan)])
  func absurdChancesHaveNoSuccess(_ trials: Double, _ probability: Double) {
    var chance = Chance(seed: 1)
    #expect(chance.successes(of: trials, probability: probability) == 0)
  }

  @Test func aSlowerHistogramHasItsQuantilesMovedAndNothingLost() throws {
    var chance = Chance(seed: 2)
    let histogram = CalmDay.latencies(&chance)
    func total(_ histogram: Histogram) -> Double { histogram.buckets.reduce(0) { $0 + $1.count } }
    for factor in [1.05, 1.2, 2, 1000] {
      let slow = histogram.scaled(by: factor)
      #expect(abs(total(slow) - total(histogram)) < 1e-9)
      #expect(slow.buckets.allSatisfy { $0.count > 0 && slow.upperBounds.indices.contains(Int($0.index)) })
    }
    let before = try #require(histogram.value(at: 0.5))
    let after = try #require(histogram.scaled(by: 1.5).value(at: 0.5))
    #expect(abs(after / before - 1.5) < 0.15)
    let floor = try #require(histogram.value(at: 0.95))
    let tail = histogram.scaled(by: 2, above: floor)
    #expect(abs(try #require(tail.value(at: 0.5)) - before) < 1e-9)
    let (p99, slowP99) = (try #require(histogram.value(at: 0.99)), try #require(tail.value(at: 0.99)))
    #expect(abs(slowP99 / p99 - 2) < 0.3)
    #expect(histogram.scaled(by: 1) == histogram && histogram.scaled(by: .nan) == histogram)
    #expect(Histogram(upperBounds: [], buckets: []).value(at: 0.5) == nil)
  }

  @Test func addedErrorsAndLostOrdersAreAsManyAsSaid() {
    let looks = CalmDay.recording(minutes: 60).looks
    func mean(_ regression: Regression) -> Double {
      var injection = Injection(
        regression, check: CalmDay.errors, index: 0, canary: 0, members: [0, 1, 2, 3], looks: looks[...], seed: 3)
      var (before, after) = (0.0, 0.0)
      for look in looks {
        guard case .counts(let events, _) = look.checks[0].readings[0],
          case .counts(let worse, let exposure) = injection.worsen(look.checks[0].readings[0], second: 1)
        else { continue }
        #expect(worse <= exposure && worse >= 0)
        before += events
        after += worse
      }
      return after / before
    }
    #expect(abs(mean(.events(times: 2)) - 2) < 0.15)
    #expect(abs(mean(.events(times: 10)) - 10) < 0.5)
    #expect(abs(mean(.lost(part: 0.5)) - 0.5) < 0.1)
  }
}
