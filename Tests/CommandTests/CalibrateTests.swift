import CanaryJudge
import Observers
import RolloutCore
import RolloutEngine
import TestKit
import Testing

@testable import CanaryCommands
@testable import ImmuneSystem

/// Policies on recorded data: of a real journal, and of tables.
@Suite struct CalibrateTests {
  static let policy = """
    service: shop
    instances: [{host: a}, {host: b}, {host: c}, {host: d}]
    transport: {local: {}}
    release:
      artifact: dist/shop-{version}.tar.gz
      directory: /srv/shop
    canary: {count: 1}
    baseline: 1m
    burn_in: {min: 0s, max: 10m}
    soak: 0s
    wave_burn_in: 0s
    waves: [100%]
    min_healthy_time: 0s
    probes: [{tcp: "{host}:80"}]
    checks:
      - {name: errors, scrape: "http://{host}:80/metrics", bad: bad, total: all}
      - {name: queue, scrape: "http://{host}:80/metrics", gauge: queue}
    """

  @Test func `what a rollout recorded of the old version is calm, whatever its canary did`() async throws {
    try await CommandBench.with(["a", "b", "c", "d"]) { plain in
      var bench = plain
      bench.analyst = CalmAnalyst()
      try bench.writePolicy(Self.policy.replacing("baseline: 1m", with: "baseline: 0s"))
      let ended = await bench("start", "shop@2.0")
      #expect(ended.status == 0, "\(ended)")
      try bench.writePolicy(Self.policy)
      let text = await bench("calibrate")
      #expect(text.status == 0, "\(text)")
      // The canary's own readings are of the new version: three are left to play, in the one window there is.
      #expect(text.answers.contains("cried wolf   0 of 3 calm burn-ins, by chance at most"), "\(text)")
      #expect(text.answers.contains("1 window of 1m before a push and 10m of burn-in"), "\(text)")
      #expect(text.answers.contains("×10 all in "), "\(text)")
      #expect(text.answers.contains("nothing was recorded of it"), "\(text)")
      #expect(text.answers.contains("early pass   none: nothing was recorded of queue"), "\(text)")
      let written = await bench("calibrate", "canary.yaml", "--write-csv", "calm.csv", "--output", "json")
      let again = await bench("calibrate", "--csv", "calm.csv", "--output", "json")
      #expect(written.status == 0 && again.status == 0, "\(written) \(again)")
      #expect(written.answers == again.answers, "a table says the same as the journal it was written from")
      #expect(written.answers.contains("\"halted\": {\n      \"count\": 0"), "\(written)")
      let few = await bench("calibrate", "--runs", "1", "--output", "jsonl")
      #expect(few.status == 0 && few.answers.contains("\"possible_runs\":3"), "\(few)")
      // Measured otherwise now than then.
      try bench.writePolicy(Self.policy.replacing("bad: bad", with: "bad: worse"))
      let other = await bench("calibrate")
      #expect(other.status == 5 && other.notes.contains("measured otherwise then, left out: errors"), "\(other)")
    }
  }

  @Test func `without data it says how to get some`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("calibrate").notes.contains("has no checks"))
      try bench.writePolicy(Self.policy)
      let none = await bench("calibrate")
      #expect(none.status == 5 && none.answers.isEmpty, "\(none)")
      #expect(none.notes.contains("no rollout of shop has recorded anything"), "\(none)")
      #expect(none.notes.contains("canary calibrate --csv FILE"), "\(none)")
      let servers = await bench("calibrate", "--since", "1h")
      #expect(servers.status == 5 && servers.notes.contains("is read from a metrics server"), "\(servers)")
      #expect(await bench("calibrate", "--since", "1h", "--csv", "x").status == 64)
      #expect(await bench("calibrate", "--range", "2026-11-22T00:00:00Z..2026-11-21T00:00:00Z").status == 64)
      #expect(await bench("calibrate", "--range", "2026-11-21T00:00:00Zx..2026-11-22T00:00:00Z").status == 64)
      #expect(await bench("calibrate", "--runs", "0").status == 64)
      #expect(await bench("calibrate", "--csv", "nowhere.csv").status == 65)
      let lines = (1...60).map { "\(1_700_000_000 + 10 * $0),web\($0 % 2),errors,1,100\n" }.joined()
      _ = try bench.directory.file("two.csv", "time,instance,check,events,exposure\n" + lines)
      let two = await bench("calibrate", "--csv", "two.csv")
      #expect(two.status == 5 && two.notes.contains("fewer than three instances"), "\(two)")
      _ = try bench.directory.file("bad.csv", "time,instance,check,events,exposure\n1,a,errors,1\n")
      let bad = await bench("calibrate", "--csv", "bad.csv")
      #expect(bad.status == 65 && bad.notes.hasPrefix("canary: bad.csv:2: 4 cells under 5 columns"), "\(bad)")
    }
  }

  // MARK: Tables

  private static let source = MetricSource.scrape("http://{host}/metrics")
  private static let checks = [
    CheckPolicy(name: "errors", source: source, measure: .ratio(events: "bad", total: "all")),
    CheckPolicy(name: "latency", source: source, measure: .histogram(name: "took", quantiles: [0.9])),
    CheckPolicy(name: "queue", source: source, measure: .gauge("queue")),
    CheckPolicy(name: "orders", source: source, measure: .rate("orders")),
  ]

  private static func parse(_ text: String) throws(RecordingCSV.Damage) -> [Recording] {
    try RecordingCSV.parse(Array(text.utf8), checks: checks)
  }

  @Test func `a table of every measure is read`() throws {
    let found = try Self.parse(
      "\u{FEFF}time,instance,check,seconds,events,exposure,value,le=+Inf,le=0.1,le=0.5\r\n"
        + "2023-11-14T22:13:30Z,\"web,1\",errors,10,1,100,,,,\r\n\r\n"
        + "1700000010,web2,errors,10,0,90.5,,,,\n"
        + "1700000010,web2,latency,10,,,,7,2,\n"
        + "2023-11-14T22:13:30.000Z,web2,queue,,,,-3e2,,,\n"
        + "1700000020,web2,orders,10,4,,,,,")
    let recording = try #require(found.first)
    #expect(found.count == 1 && recording.instances == ["web,1", "web2"])
    #expect(recording.looks.map(\.at.milliseconds) == [1_700_000_010_000, 1_700_000_010_000, 1_700_000_020_000])
    let first = recording.looks[0]
    #expect(first.duration == .seconds(10) && first.checks.map(\.check) == [0, 1])
    #expect(first.checks[0].readings == [.counts(events: 1, exposure: 100), .counts(events: 0, exposure: 90.5)])
    let histogram = Histogram(
      upperBounds: [0.1, .infinity], buckets: [.init(index: 0, count: 2), .init(index: 1, count: 5)])
    #expect(first.checks[1].readings == [.missing, .histogram(histogram)])
    #expect(recording.looks[1].checks[0].readings == [.missing, .gauge(-300)])
    #expect(recording.looks[2].checks[0].readings == [.missing, .counts(events: 4, exposure: 10)])
  }

  @Test func `lengths follow from the times where no column says them`() throws {
    let found = try Self.parse("time,instance,check,value\n100,a,queue,1\n130,a,queue,2\n140,a,queue,3\n9999999,a,queue,3\n")
    #expect(found.first?.looks.map(\.duration) == [.seconds(5), .seconds(30), .seconds(10), .seconds(5)])
  }

  @Test func `tables with names are recordings of their own`() throws {
    let found = try Self.parse(
      "recording,time,instance,check,value\nx,100,a,queue,1\ny,90,b,queue,2\nx,110,c,queue,3\n")
    #expect(found.map(\.name) == ["x", "y"])
    #expect(found.map(\.instances) == [["a", "c"], ["b"]])
  }

  static let head = "time,instance,check,seconds,events,exposure,value,le=1,le=+Inf\n"

  @Test(arguments: [
    ("", 1, "a header is wanted"), ("\n\n", 1, "a header is wanted"), ("time,instance\n", 1, "at least time"),
    ("time,instance,check,time\n", 1, "two columns `time`"),
    ("time,instance,check,host\n", 1, "no known column `host`"),
    ("time,instance,check,le=x\n", 1, "expected le=0.25"), ("time,instance,check,le=1,le=1.0\n", 1, "of the edge 1.0"),
    ("time,instance,check,le=nan\n", 1, "expected le=0.25"),
    (head + "1,a,errors,,1,2,,,,\n", 2, "10 cells under 9 columns"),
    (head + "yesterday,a,errors,,1,2,,,\n", 2, "`yesterday` is no time"),
    (head + "2026-13-45T00:00:00Z,a,errors,,1,2,,,\n", 2, "is no time"),
    (head + "2026-11-21T00:00:00,a,errors,,1,2,,,\n", 2, "is no time"),
    (head + "-5,a,errors,,1,2,,,\n", 2, "is no time"), (head + "1e300,a,errors,,1,2,,,\n", 2, "is no time"),
    (head + "1,,errors,,1,2,,,\n", 2, "no instance"),
    (head + "1,a,error,,1,2,,,\n", 2, "no check `error`; did you mean `errors`?"),
    (head + "1,a,errors,,1,,,,\n", 2, "errors wants `events` and `exposure`"),
    (head + "1,a,errors,,1,2,3,,\n", 2, "and nothing else"), (head + "1,a,queue,,,,,,\n", 2, "queue wants `value`"),
    (head + "1,a,orders,,4,,,,\n", 2, "`exposure` in seconds"), (head + "1,a,latency,,1,2,,,\n", 2, "`le=…` columns"),
    (head + "1,a,latency,,,,,5,4\n", 2, "never fall"), (head + "1,a,latency,,,,,-1,4\n", 2, "never fall"),
    (head + "1,a,errors,,-1,2,,,\n", 2, "negative"), (head + "1,a,errors,,1e15,2,,,\n", 2, "beyond 1e15"),
    (head + "1,a,errors,,nan,2,,,\n", 2, "which is no number"), (head + "1,a,errors,,0x1,2,,,\n", 2, "no number"),
    (head + "1,a,errors,,inf,2,,,\n", 2, "no number"), (head + "1,a,errors,0,1,2,,,\n", 2, "expected 0.001 to 3600"),
    (head + "1,a,errors,1,1,2,,,\n2,b,errors,1,1,2,,,\n2,a,errors,2,1,2,,,\n", 4, "differs from line 3"),
    (head + "2,a,errors,,1,2,,,\n2,a,errors,,1,2,,,\n", 3, "not after line 2"),
    (head + "2,a,errors,,1,2,,,\n1,a,errors,,1,2,,,\n", 3, "not after line 2"),
    (head + "1,\"a,errors,,1,2,,,\n", 2, "does not close"), (head + "1,a\"b,errors,,1,2,,,\n", 2, "a quote within"),
    (head + "1,\"a\"b,errors,,1,2,,,\n", 2, "behind a closing quote"), (head + "1,a\0,errors,,1,2,,,\n", 2, "no text"),
  ])
  func `a hostile table is refused at its line`(_ text: String, _ line: Int, _ fragment: String) {
    let damage = #expect(throws: RecordingCSV.Damage.self) { _ = try Self.parse(text) }
    #expect(damage?.line == line && damage?.detail.contains(fragment) == true, "\(String(describing: damage))")
  }

  @Test func `bytes that are no text are refused, and sparse tables take no room`() {
    #expect(throws: RecordingCSV.Damage(2, "text that is not UTF-8")) {
      _ = try RecordingCSV.parse(Array(Self.head.utf8) + [0x31, 0x2C, 0xFF, 0x2C], checks: Self.checks)
    }
    #expect(throws: RecordingCSV.Damage(2, "a line of no text, or of more than 64 KiB")) {
      _ = try Self.parse(Self.head + "1," + String(repeating: "a", count: 70_000) + ",errors,,1,2,,,\n")
    }
    let crowd = (0...RecordingCSV.mostInstances).map { "1,i\($0),queue,1\n" }.joined()
    let damage = #expect(throws: RecordingCSV.Damage.self) {
      _ = try Self.parse("time,instance,check,value\n" + crowd)
    }
    #expect(damage?.detail == "more than 1000 instances")
  }

  @Test func `the times of rollouts are cut out of a history`() {
    func look(_ second: Int64) -> Look {
      Look(at: Timestamp(milliseconds: second * 1000), duration: .seconds(10), checks: [])
    }
    let busy = [Timestamp(milliseconds: 100_000)...Timestamp(milliseconds: 200_000)]
    let cut = HistoryRecordings.cut(
      (1...40).map { look(10 * Int64($0)) }, busy, Recording(name: "past", instances: ["a"]))
    #expect(cut.map { $0.looks.map(\.at.milliseconds).min() } == [10_000, 220_000])
    #expect(cut.map { $0.looks.map(\.at.milliseconds).max() } == [90_000, 400_000])
    #expect(cut.map(\.name) == ["past", "past (2)"])
  }
}

/// What people read.
@Suite struct CalibrationScreenTests {
  private static func share(_ hits: Int, _ of: Int) -> CalibrationReport.Share { .init(hits: hits, of: of) }

  private static func check(_ check: Int, halted: Int, _ advice: CheckCalibration.Advice) -> CheckCalibration {
    CheckCalibration(
      check: check, tolerance: 0.1, halted: share(halted, 240), limitBreaches: check,
      culprits: halted > 0 ? [.init(instance: "web3", count: halted)] : [],
      catches: [
        .init(regression: .events(times: 1.5), caught: share(4, 40), after: .minutes(12)),
        .init(regression: .lost(part: 0.2), caught: share(0, 40), after: nil),
        .init(regression: .slowerTail(times: 2), caught: share(40, 40), after: .seconds(75)),
      ], advice: advice)
  }

  private static func result(_ checks: [CheckCalibration], halted: Int, adjusted: Int?) throws -> CalibrationResult {
    var policy = Policy(
      service: "shop", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "a", directory: "/d"))
    policy.checks = ["errors", "latency"].map {
      CheckPolicy(name: $0, source: .scrape("http://{host}"), measure: .ratio(events: "bad", total: "all"))
    }
    let report = CalibrationReport(
      recordings: 3, instances: 4, length: .minutes(600), windows: 80, shortWindows: 2, baseline: .minutes(5),
      burnIn: .minutes(60), tooShort: 1, tooFew: 2, possible: 1320, falseAlarm: 0.01, halted: share(halted, 240),
      passed: share(228, 240), passAfter: .minutes(14), adjusted: adjusted.map { share($0, 240) }, checks: checks)
    return CalibrationResult(policy: policy, path: "canary.yaml", report: report, notes: ["shop-1: damaged"])
  }

  @Test func `a calm service`() throws {
    let result = try Self.result([Self.check(0, halted: 0, .keep)], halted: 0, adjusted: nil)
    #expect(
      CalibrationRenderer.text(result, palette: .plain) == """
        shop  canary.yaml, on 10h of 4 instances that ran one version, 3 recordings
          played       80 windows of 5m before a push and 1h of burn-in, each instance in turn as the canary: 240 of 1,320
                       2 shorter than the policy's 1h05m: their recordings are
          cried wolf   0 of 240 calm burn-ins, by chance at most 1.6 %; promised: at most 1 %
          early pass   228 of 240, after 14m in the median

        check   tolerance  cried wolf  would have caught, and when in the median
        errors  10 %       0 of 240    ×1.5 10 % in 12m · −20 % none · p99 ×2 all in 1m15s

          left out: 1 shorter than two minutes, 2 with fewer than three instances throughout
          shop-1: damaged

        """)
  }

  @Test func `advice`() throws {
    let suggestion = CheckCalibration.Suggestion(
      tolerance: 0.3, halted: Self.share(1, 240),
      catches: [.init(regression: .drift(perMinute: 0.05), caught: Self.share(40, 40), after: .minutes(9))])
    let tight = try Self.result(
      [Self.check(0, halted: 12, .tooTight(suggestion)), Self.check(1, halted: 0, .tooLoose(suggestion))], halted: 12,
      adjusted: 1)
    let text = CalibrationRenderer.text(tight, palette: .plain)
    #expect(text.contains("12 of 240 calm burn-ins, 5 %, by chance 2.9 % to 8.5 %; promised: at most 1 %"), "\(text)")
    #expect(text.contains("! errors: 10 % is too tight: each time with web3 as the canary"), "\(text)")
    #expect(
      text.contains("    with tolerance: 30%  1 of 240 halted; catches +5 %/min all in 9m\n! latency: 10 % could be"),
      "\(text)")
    #expect(text.contains("with these tolerances  1 of 240 calm burn-ins, 0.42 %"), "\(text)")
    #expect(text.contains("latency: its limit would have been breached in 1 calm burn-ins"), "\(text)")
    let hopeless = try Self.result([Self.check(0, halted: 200, .tooTight(nil))], halted: 200, adjusted: nil)
    #expect(CalibrationRenderer.text(hopeless, palette: .plain).contains("no tolerance up to 500 % keeps the promise"))
    let json = CalibrationJSON.json(tight).line
    #expect(json.contains(#""advice":"too_tight","suggestion":{"tolerance":0.3"#), "\(json)")
  }
}

/// Eleven minutes at once: all on the old version for one, then the first updated. What is updated fails half of its
/// requests and nobody minds.
private struct CalmAnalyst: Analyst {
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    while current.value.updated.isEmpty, !Task.isCancelled { await Task.yield() }
    let analysis = current.value
    let before = Analysis(
      number: analysis.number, stage: .baseline, updated: [], siblings: analysis.updated + analysis.siblings)
    var records: [SampleRecord] = []
    func note(_ sample: Sample) throws {
      records.append(
        try SampleCodec.encode(
          sample, sequence: records.count, at: Timestamp(milliseconds: Int64(records.count) * 1000)))
    }
    do {
      try note(.segment(Segment(before, hosts: request.measured, refusals: [])))
      for tick in 1...66 {
        if tick == 7 { try note(.segment(Segment(analysis, hosts: request.measured, refusals: []))) }
        let readings = request.measured.map { host -> Measurement in
          let events = tick > 6 && analysis.updated.contains(host) ? 500 : Double((tick * 7 + host * 3) % 5)
          return .counts(events: events, exposure: 1000)
        }
        let at = Timestamp(milliseconds: 1_700_000_000_000 + 10_000 * Int64(tick))
        try note(.look(Look(at: at, duration: .seconds(10), checks: [CheckLook(check: 0, readings: readings)])))
      }
      try await samples.append(records)
    } catch { Issue.record("\(error)") }
    await report(analysis.number, Verdict(outcome: .pass, reason: "nobody minds"))
  }
}
