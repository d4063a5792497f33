import CanaryJudge
import RolloutCore
import Testing

@testable import Observers

/// From what a metrics server has to observations, without network or clock.
@Suite struct PacedCheckTests {
  /// Seconds and values of one series.
  typealias Points = [(Int64, Double)]

  static func series(_ name: String = "n", _ labels: [String: String] = [:], _ points: Points) -> PointSeries {
    PointSeries(
      MetricSample(name: name, labels: labels.map { MetricLabel(name: $0.key, value: $0.value) }, value: 0),
      points: points.map { .init(at: $0.0 * 1000, value: $0.1) })
  }

  static func found(_ points: Points, bad: Points = [], step: Int64? = nil) -> PacedCheck.Found {
    PacedCheck.Found(
      series: points.isEmpty ? [] : [series("n", [:], points)],
      bad: bad.isEmpty ? [] : [series("n", ["code": "500"], bad)], step: step.map { $0 * 1000 })
  }

  static func check(
    _ kind: InstanceTally.Kind = .ratio, _ style: CountLedger.Style = .growing, instances: Int = 1
  ) -> PacedCheck {
    PacedCheck(name: "n", kind, style, instances: instances, patience: 3)
  }

  static func counts(_ events: Double, _ exposure: Double) -> Observation {
    .measured(.counts(events: events, exposure: exposure))
  }

  static func kind(_ observation: Observation) -> ReadingProblem.Kind? {
    if case .none(let problem) = observation { problem.kind } else { nil }
  }

  @Test func `counting begins with the sample before the first look, wherever the first answer comes`() {
    var check = Self.check()
    // The first answer comes late: origin 100, and samples of after it.
    let found = Self.found([(80, 5), (95, 10), (110, 30), (125, 70)], bad: [(80, 1), (95, 2), (110, 4), (125, 4)])
    #expect(check.look([found], origin: 100_000, now: 126_000) == [Self.counts(2, 60)])
    #expect(check.look([found], origin: 100_000, now: 127_000) == [.pending], "nothing counts twice")
  }

  @Test func `what is handed over says where its stretch begins, by our clock`() {
    func since(_ check: PacedCheck, _ seen: [Observation]) -> [Int64?] {
      check.dated(seen, ahead: .seconds(3)).map { observation in
        if case .covering(_, let since) = observation { since.milliseconds / 1000 } else { nil }
      }
    }
    for style in [CountLedger.Style.growing, .perBucket] {
      var check = Self.check(.ratio, style, instances: 2)
      let start = Self.found([(80, 5), (90, 10)], step: 10)
      let first = check.look([start, start], origin: 93_000, now: 94_000)
      #expect(since(check, first) == [nil, nil])
      let some = Self.found([(100, 20), (110, 30)], step: 10)
      let held = check.look([some, start], origin: 93_000, now: 111_000)
      #expect(since(check, held) == [nil, nil])
      let more = Self.found([(100, 20), (110, 30), (120, 40)], step: 10)
      let seen = check.look([more, more], origin: 93_000, now: 121_000)
      #expect(since(check, seen) == (style == .growing ? [87, 87] : [97, 97]))
      let last = Self.found([(130, 50)], step: 10)
      let next = check.look([last, last], origin: 93_000, now: 131_000)
      #expect(since(check, next) == (style == .growing ? [117, 117] : [127, 127]))
    }
    var level = Self.check(.gauge(worst: .highest))
    let shown = level.look([Self.found([(60, 5), (90, 10)])], origin: 93_000, now: 94_000)
    #expect(since(level, shown) == [87])
  }

  @Test func `resets between two looks are found, and errors wait for their requests`() {
    var check = Self.check()
    #expect(check.look([Self.found([(0, 10), (15, 20)])], origin: 20_000, now: 20_000) == [.first])
    // A restart at 30, a series of errors that is new, and errors of a scrape that the requests do not show yet.
    let found = Self.found([(15, 20), (30, 4), (45, 9)], bad: [(45, 3), (60, 50)])
    #expect(check.look([found], origin: 20_000, now: 46_000) == [Self.counts(3, 9)])
    let next = Self.found([(45, 9), (60, 99)], bad: [(45, 3), (60, 50)])
    #expect(check.look([next], origin: 20_000, now: 61_000) == [Self.counts(47, 90)])
  }

  @Test func `instances are handed over together, and a stale one holds nobody back`() {
    var check = Self.check(instances: 2)
    let begin = Self.found([(0, 0), (10, 0), (20, 0)])
    #expect(check.look([begin, begin], origin: 20_000, now: 20_000) == [.first, .first])
    #expect(check.look([Self.found([(30, 7)]), Self.found([])], origin: 20_000, now: 31_000) == [.pending, .pending])
    #expect(
      check.look([Self.found([(30, 7)]), Self.found([(35, 9)])], origin: 20_000, now: 36_000)
        == [Self.counts(0, 7), Self.counts(0, 9)])
    #expect(check.look([Self.found([(40, 8)]), Self.found([])], origin: 20_000, now: 50_000)[0] == .pending)
    let late = check.look([Self.found([(40, 8), (60, 12)]), Self.found([])], origin: 20_000, now: 66_000)
    #expect(late[0] == Self.counts(0, 5))
    #expect(Self.kind(late[1]) == .stale)
    #expect(
      check.look([Self.found([(70, 12)]), Self.found([(70, 30)])], origin: 20_000, now: 71_000)
        == [Self.counts(0, 0), Self.counts(0, 21)], "what came meanwhile is not lost")
  }

  @Test(arguments: [Double.nan, -1, .infinity])
  func `what is no count is an error and neither zero nor a reset`(value: Double) {
    var check = Self.check()
    _ = check.look([Self.found([(0, 100), (10, 100)])], origin: 10_000, now: 10_000)
    let bad = check.look([Self.found([(20, 110), (30, value)])], origin: 10_000, now: 30_000)
    #expect(Self.kind(bad[0]) == .error)
    #expect(check.look([Self.found([(40, 130)])], origin: 10_000, now: 40_000) == [Self.counts(0, 30)])
  }

  @Test func `a series that was never there is no data`() {
    var check = Self.check(instances: 2)
    let looks = check.look([PacedCheck.Found(), PacedCheck.Found()], origin: 0, now: 0)
    #expect(looks.map(Self.kind) == [.noData, .noData])
  }

  @Test func `rates count the seconds between their samples`() {
    var check = Self.check(.rate)
    #expect(check.look([Self.found([(0, 3), (15, 3)])], origin: 16_000, now: 16_000) == [.first])
    #expect(check.look([Self.found([(30, 4), (60, 9)])], origin: 16_000, now: 61_000) == [Self.counts(6, 45)])
  }

  @Test func `buckets of time count once, late ones too, and nothing of before`() {
    var check = Self.check(.ratio, .perBucket)
    #expect(
      check.look([Self.found([(10, 50), (20, 60)], bad: [(20, 6)], step: 10)], origin: 25_000, now: 25_000) == [.first])
    let found = Self.found([(10, 50), (20, 60), (30, 70), (50, 90)], bad: [(20, 6), (30, 2)], step: 10)
    #expect(check.look([found], origin: 25_000, now: 51_000) == [Self.counts(2, 160)])
    #expect(check.look([found], origin: 25_000, now: 52_000) == [.pending])
    let late = Self.found([(30, 70), (40, 80), (50, 90)], bad: [(30, 2), (40, 3)], step: 10)
    #expect(check.look([late], origin: 25_000, now: 60_000) == [Self.counts(3, 80)])
  }

  @Test func `a rate of buckets counts the seconds of the buckets that are there`() {
    var check = Self.check(.rate, .perBucket)
    _ = check.look([Self.found([(0, 5), (10, 5)], step: 10)], origin: 15_000, now: 15_000)
    let next = Self.found([(20, 5), (40, 7)], step: 10)
    #expect(check.look([next], origin: 15_000, now: 41_000) == [Self.counts(12, 20)])
  }

  @Test func `the worst of several levels stands for the instance`() {
    for (worst, value) in [(InstanceTally.Worst.highest, 9.0), (.lowest, 2)] {
      var check = Self.check(.gauge(worst: worst))
      let found = PacedCheck.Found(series: [
        Self.series("q", ["of": "a"], [(10, 100), (20, 9)]), Self.series("q", ["of": "b"], [(20, 2)]),
        Self.series("q", ["of": "c"], [(20, .nan)]),
      ])
      #expect(check.look([found], origin: 0, now: 20_000) == [.measured(.gauge(value))])
      #expect(check.look([found], origin: 0, now: 21_000) == [.pending])
    }
  }

  @Test func `a level that is infinitely bad is an error, whatever the other series and the look before say`() {
    var check = Self.check(.gauge(worst: .highest), instances: 2)
    func levels(_ at: Int64, _ other: Double) -> PacedCheck.Found {
      PacedCheck.Found(series: [
        Self.series("q", ["of": "a"], [(at, 3)]), Self.series("q", ["of": "b"], [(at, other)]),
      ])
    }
    _ = check.look([levels(10, 3), levels(10, 3)], origin: 0, now: 10_000)
    #expect(check.look([levels(20, 4), levels(10, 3)], origin: 0, now: 20_000) == [.pending, .pending])
    let bad = check.look([levels(30, .infinity), levels(30, 3)], origin: 0, now: 30_000)
    #expect(Self.kind(bad[0]) == .error)
    #expect(check.look([levels(30, .infinity), levels(35, 3)], origin: 0, now: 35_000)[0] == .pending)
    #expect(check.look([levels(40, 5), levels(40, 3)], origin: 0, now: 40_000)[0] == .measured(.gauge(5)))
  }

  @Test func `histograms share their edges, and one without +Inf is an error`() {
    func shown(_ small: Double, _ all: Double, at second: Int64) -> PacedCheck.Found {
      PacedCheck.Found(series: [
        Self.series("h_bucket", ["le": "0.5"], [(second, small)]),
        Self.series("h_bucket", ["le": "+Inf"], [(second, all)]),
      ])
    }
    var check = Self.check(.histogram, instances: 2)
    #expect(
      check.look([shown(1, 2, at: 0), shown(5, 5, at: 0)], origin: 0, now: 1000) == [.first, .first])
    let looks = check.look([shown(4, 6, at: 10), shown(7, 9, at: 10)], origin: 0, now: 11_000)
    let buckets = [Histogram.Bucket(index: 0, count: 3), Histogram.Bucket(index: 1, count: 1)]
    #expect(looks.first == .measured(.histogram(Histogram(upperBounds: [0.5, .infinity], buckets: buckets))))
    let cut = PacedCheck.Found(series: [Self.series("h_bucket", ["le": "0.5"], [(20, 8)])])
    #expect(Self.kind(check.look([cut, cut], origin: 0, now: 21_000)[0]) == .error)
    let strange = PacedCheck.Found(series: [Self.series("h_bucket", ["le": "much"], [(20, 8)])])
    #expect(Self.kind(check.look([strange, strange], origin: 0, now: 21_000)[1]) == .error)
  }

  @Test func `looks of the past leave out what nobody can say`() {
    var looks = PastLooks(
      [Self.check(instances: 2)], from: .init(milliseconds: 100_000), to: .init(milliseconds: 200_000),
      interval: .seconds(10))
    // The one is there from the beginning, the other from 150 on.
    let (long, short) = (
      (0...20).map { (Int64($0) * 10 + 1, Double($0)) }, (15...20).map { (Int64($0) * 10 + 3, Double($0)) }
    )
    let answer = Result<[PacedCheck.Found], MetricServer.Failure>.success([Self.found(long), Self.found(short)])
    looks.add([answer], from: -50_000, to: 200_000)
    let seen = looks.finished.map { ($0.at.milliseconds / 1000, $0.duration.milliseconds / 1000) }
    #expect(seen.map(\.0) == [110, 120, 130, 140, 150, 160, 170, 180, 190, 200])
    #expect(seen.allSatisfy { $0.1 == 10 })
    let first = looks.finished[0].observations[0]
    #expect(first[0] == Self.counts(0, 1))
    #expect(Self.kind(first[1]) == .noData)
  }

  @Test func `a look back begins before the first look, grows with an outage and is bounded`() {
    var back = LookBack(first: .seconds(150), cap: .minutes(30))
    #expect(back.span(at: .init(milliseconds: 1_000_000), margin: 45_000) == 150_000)
    #expect(back.span(at: .init(milliseconds: 1_060_000), margin: 45_000) == 210_000, "nobody has answered yet")
    back.noteAnswer(at: .init(milliseconds: 1_060_000))
    #expect(back.span(at: .init(milliseconds: 1_065_000), margin: 45_000) == 50_000)
    #expect(back.span(at: .init(milliseconds: 99_000_000), margin: 45_000) == 1_800_000)
    back.shorten()
    #expect(back.span(at: .init(milliseconds: 99_000_000), margin: 45_000) == 900_000)
    #expect(back.span(at: .init(milliseconds: 0), margin: 45_000) == 1000, "a clock set back")
  }
}
