import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

/// The analysis on scrapes written down here, without network or clock.
@Suite struct AnalysisTests {
  /// One canary and three siblings; `counters` gives each instance's totals at each tick.
  struct Burn {
    var watch: BurnInWatch
    var time = Timestamp(milliseconds: 1_700_000_000_000)

    init(
      _ checks: [CheckPolicy], siblings: Int = 3, requests: Int? = nil, reportInterval: TimeSpan = .zero
    ) {
      let names = (0...siblings).map { Instance(id: HostID("web\($0)"), address: "127.0.0.1") }
      watch = BurnInWatch(
        AnalysisRequest(
          updated: [names[0]], siblings: Array(names.dropFirst()), checks: checks, falseAlarm: 0.01,
          horizon: .minutes(60), untilRequests: requests, reportInterval: reportInterval),
        start: time)
    }

    mutating func tick(_ answers: [String?]) -> Verdict? {
      let parsed: ScrapeGroup.Answers = answers.map { text in
        guard let text else { return .failure(ReadingProblem(isError: false, detail: "connection refused")) }
        do { return .success(try ExpositionParser.samples(in: Array(text.utf8))) } catch {
          return .failure(ReadingProblem(isError: true, detail: "\(error)"))
        }
      }
      time = time + .seconds(5)
      watch.record(parsed, of: 0, at: time)
      return watch.due(at: time)
    }
  }

  static func errors(limit: Double? = nil, muted: Bool = false) -> CheckPolicy {
    var check = CheckPolicy(
      name: "server-errors", scrape: "http://{host}/metrics",
      measure: .ratio(bad: #"requests_total{code=~"5.."}"#, total: "requests_total"))
    check.limit = limit
    check.muted = muted
    return check
  }

  static func requests(_ total: Int, bad: Int = 0) -> String {
    "requests_total{code=\"200\"} \(total - bad)\n" + (bad > 0 ? "requests_total{code=\"500\"} \(bad)\n" : "")
  }

  @Test func `errors of the canary alone fail, and the reason says how much worse`() {
    var burn = Burn([Self.errors()])
    var last: Verdict?
    for tick in 0..<20 where last?.outcome != .fail {
      let good = Self.requests(1000 + tick * 200, bad: tick / 5)
      last = burn.tick([Self.requests(tick * 200, bad: tick * 20), good, good, good])
    }
    #expect(last?.outcome == .fail)
    #expect(last?.reason.hasPrefix("server-errors: 10 % (") == true, "\(last?.reason ?? "")")
    #expect(last?.reason.hasSuffix(" at the siblings, more than the tolerated 10 % worse") == true)
    let evidence = last?.evidence.first
    #expect(evidence?.outcome == .fail && (evidence?.logEvidence ?? 0) >= (evidence?.logThreshold ?? 99))
    // Back to health: a failure stays one.
    for _ in 0..<5 {
      last = burn.tick([Self.requests(9000, bad: 400)] + Array(repeating: Self.requests(9000), count: 3))
    }
    #expect(last?.outcome == .fail)
  }

  @Test func `errors everywhere are not the canary's`() {
    var burn = Burn([Self.errors()])
    for tick in 0..<60 {
      let all = Self.requests(tick * 200, bad: tick < 20 ? 0 : (tick - 20) * 60)
      #expect(burn.tick([all, all, all, all])?.outcome != .fail)
    }
  }

  @Test func `a pass needs the requests and the evidence, and says what is missing`() {
    var burn = Burn([Self.errors()], requests: 2000)
    var outcomes: [Verdict.Outcome] = []
    var reasons: [String] = []
    for tick in 0..<40 {
      let text = Self.requests(tick * 100)
      guard let verdict = burn.tick([text, text, text, text]) else { continue }
      outcomes.append(verdict.outcome)
      reasons.append(verdict.reason)
    }
    #expect(reasons[5] == "500 of 2000 requests")
    #expect(outcomes[19] == .inconclusive && outcomes[20] == .pass, "\(reasons[19...20])")
    #expect(outcomes[20...].allSatisfy { $0 == .pass })
    #expect(reasons[20] == "the check shows the updated instances no worse after 2000 requests")
  }

  @Test func `silence of the canary is no data after three intervals and never a pass`() {
    var burn = Burn([Self.errors()], requests: 100)
    let good = (0..<30).map { Self.requests($0 * 1000) }
    for tick in 0..<12 { _ = burn.tick(Array(repeating: good[tick], count: 4)) }
    #expect(burn.watch.setup.analysis.verdict().outcome == .pass)
    var outcomes: [Verdict.Outcome?] = []
    for tick in 12..<16 { outcomes.append(burn.tick([nil, good[tick], good[tick], good[tick]])?.outcome) }
    #expect(outcomes == [.pass, .pass, .noData, .noData])
    let verdict = burn.watch.setup.analysis.verdict()
    #expect(verdict.reason == "server-errors: no data for 3 intervals: connection refused")
    #expect(verdict.evidence[0].outcome == .noData)
    #expect(burn.tick(Array(repeating: good[20], count: 4))?.outcome == .pass)
  }

  @Test func `an exposition that cannot be read is an error of the check, not zero`() {
    var burn = Burn([Self.errors()])
    for _ in 0..<3 { _ = burn.tick(["<html>\n", Self.requests(1), Self.requests(1), Self.requests(1)]) }
    let verdict = burn.watch.setup.analysis.verdict()
    #expect(verdict.outcome == .noData && verdict.evidence[0].outcome == .error)
    #expect(verdict.evidence[0].canary == nil)
  }

  @Test func `missing, stale and impossible series are no data`() {
    for text in ["other 1\n", "requests_total 5 1000\n", "requests_total NaN\n", "requests_total -1\n"] {
      var burn = Burn([Self.errors()])
      for _ in 0..<3 { _ = burn.tick([text, Self.requests(1), Self.requests(1), Self.requests(1)]) }
      #expect(burn.watch.setup.analysis.verdict().outcome == .noData, "\(text)")
    }
  }

  @Test func `a restart of the canary's process is no flood of errors`() {
    var burn = Burn([Self.errors()])
    for tick in 0..<40 {
      let sibling = Self.requests(100_000 + tick * 200, bad: 100 + tick / 10)
      let own = tick < 20 ? Self.requests(100_000 + tick * 200, bad: 100 + tick / 10) : Self.requests((tick - 19) * 200)
      #expect(burn.tick([own, sibling, sibling, sibling])?.outcome != .fail, "tick \(tick)")
    }
    guard case .measured(let check) = burn.watch.setup.analysis.checks[0] else { return #expect(Bool(false)) }
    #expect(check.canary.exposure == 39 * 200 && check.canary.events == 1)
  }

  @Test func `a muted check is measured and never acted on`() {
    var burn = Burn([Self.errors(limit: 0.01, muted: true)])
    var last: Verdict?
    for tick in 0..<20 {
      let good = Self.requests(tick * 200)
      last = burn.tick([Self.requests(tick * 200, bad: tick * 100), good, good, good])
    }
    #expect(last?.outcome == .pass && last?.reason == "no check to judge by")
    #expect(last?.evidence[0].outcome == .fail && last?.evidence[0].detail.hasPrefix("muted: ") == true)
  }

  @Test func `a limit is breached after three intervals, by both arms if both are beyond it`() {
    var burn = Burn([Self.errors(limit: 0.05)])
    var outcomes: [Verdict.Outcome?] = []
    var last: Verdict?
    for tick in 0..<5 {
      let all = Self.requests(tick * 100, bad: tick * 20)
      last = burn.tick([all, all, all, all])
      outcomes.append(last?.outcome)
    }
    #expect(outcomes == [.inconclusive, .inconclusive, .inconclusive, .fail, .fail])
    #expect(
      last?.reason == """
        server-errors: 20 %, beyond the limit 5 % for 3 intervals; the siblings are beyond it as well: \
        not the canary alone
        """)
  }

  @Test func `without siblings only limits apply, and it says so`() {
    var burn = Burn([Self.errors(limit: 0.05)], siblings: 0)
    for tick in 0..<3 { _ = burn.tick([Self.requests(tick * 100)]) }
    let waiting = burn.watch.setup.analysis.verdict()
    #expect(waiting.outcome == .inconclusive)
    #expect(waiting.reason.contains("no siblings to compare with: only the limit applies"), "\(waiting.reason)")
    #expect(burn.tick([Self.requests(300)])?.outcome == .pass)

    var blind = Burn([Self.errors()], siblings: 0)
    for tick in 0..<30 { _ = blind.tick([Self.requests(tick * 1000)]) }
    let verdict = blind.watch.setup.analysis.verdict()
    #expect(verdict.outcome == .inconclusive)
    #expect(verdict.reason.contains("no siblings to compare with and no limit"), "\(verdict.reason)")
  }

  @Test func `a gauge has only its limit`() {
    var memory = CheckPolicy(name: "memory", scrape: "http://{host}/metrics", measure: .gauge("memory_bytes"))
    memory.limit = 1e9
    var burn = Burn([memory])
    for _ in 0..<3 {
      _ = burn.tick(Array(repeating: "memory_bytes{a=\"1\"} 5e8\nmemory_bytes{a=\"2\"} 6e8\n", count: 4))
    }
    #expect(burn.watch.setup.analysis.verdict().outcome == .pass)
    #expect(burn.watch.setup.analysis.verdict().evidence[0].canary == 6e8)
    for _ in 0..<3 { _ = burn.tick(["memory_bytes 2e9\n"] + Array(repeating: "memory_bytes 5e8\n", count: 3)) }
    #expect(
      burn.watch.setup.analysis.verdict().reason == "memory: 2000000000, beyond the limit 1000000000 for 3 intervals")
  }

  static func latency(fast: Int, slow: Int) -> String {
    """
    seconds_bucket{le="0.1"} \(fast)
    seconds_bucket{le="0.5"} \(fast)
    seconds_bucket{le="+Inf"} \(fast + slow)

    """
  }

  @Test func `a slower canary fails by the siblings' quantile, an equal one passes`() {
    let check = CheckPolicy(
      name: "latency", scrape: "http://{host}/metrics", measure: .histogram(name: "seconds", quantile: 0.9))
    for (isSlow, wanted) in [(true, Verdict.Outcome.fail), (false, .pass)] {
      var burn = Burn([check], requests: 1000)
      var last: Verdict?
      for tick in 0..<200 where last?.outcome != wanted {
        let normal = Self.latency(fast: tick * 190, slow: tick * 10)
        let slow = Self.latency(fast: tick * 120, slow: tick * 80)
        last = burn.tick([isSlow ? slow : normal, normal, normal, normal])
        #expect(last?.outcome == wanted || last?.outcome == .inconclusive)
      }
      #expect(last?.outcome == wanted, "\(last?.reason ?? "")")
      if isSlow { #expect(last?.reason.contains("slower than 0.1 against 5 %") == true, "\(last?.reason ?? "")") }
    }
  }

  @Test func `nothing is judged within the initial delay`() {
    var check = Self.errors(limit: 0.01)
    check.initialDelay = .seconds(60)
    var burn = Burn([check])
    for tick in 0..<11 {
      let good = Self.requests(tick * 200)
      #expect(burn.tick([Self.requests(tick * 200, bad: tick * 200), good, good, good])?.outcome == .inconclusive)
    }
    var last: Verdict?
    for tick in 11..<14 {
      let good = Self.requests(tick * 200)
      last = burn.tick([Self.requests(tick * 200, bad: tick * 200), good, good, good])
    }
    #expect(last?.outcome == .fail)
  }

  @Test func `what can never be measured is an error that names the cause`() {
    var check = Self.errors()
    check.measure = .gauge("rate(x[5m])")
    let selector = Burn([check, Self.errors()]).watch.setup.analysis.verdict()
    #expect(selector.outcome == .error)
    #expect(selector.reason.contains("selector, column 5"), "\(selector.reason)")
    check = Self.errors()
    check.scrape = "http://metadata.internal/metrics"
    let elsewhere = Burn([check]).watch.setup.analysis.verdict()
    #expect(elsewhere.outcome == .error && elsewhere.reason.contains("only the instance's own host"))
    #expect(ScrapeAnalyst.refusal(of: check, on: [Instance(id: "web1")]) != nil)
    #expect(ScrapeAnalyst.refusal(of: Self.errors(), on: [Instance(id: "web1")]) == nil)
  }

  @Test func `reports come on change and otherwise at the report interval`() {
    var burn = Burn([Self.errors()], reportInterval: .seconds(20))
    let reports = (0..<9).map { tick in burn.tick(Array(repeating: Self.requests(tick), count: 4)) != nil }
    #expect(reports == [true, false, false, false, true, false, false, false, true])
  }
}
