import CanaryJudge
import RolloutCore
import Testing

@testable import Observers

/// From the text of one instance to observations, without network or clock.
@Suite struct CheckReaderTests {
  struct Instance {
    var reader: CheckReader
    var now = Timestamp(milliseconds: 1_700_000_000_000)

    init(_ measure: CheckPolicy.Measure, worst: InstanceTally.Worst = .highest) throws {
      reader = CheckReader(try CheckSource(measure), worst: worst)
    }

    mutating func read(_ text: String, after seconds: Int64 = 5) throws -> Observation {
      now = now + .seconds(seconds)
      let samples = try ExpositionParser.samples(in: Array(text.utf8), named: reader.source.metricNames)
      return reader.read(samples, at: now, staleBefore: now.milliseconds - 300_000)
    }
  }

  static let errors = CheckPolicy.Measure.ratio(events: #"requests_total{code=~"5.."}"#, total: "requests_total")

  static func requests(_ total: Int, bad: Int = 0) -> String {
    "requests_total{code=\"200\"} \(total - bad)\n" + (bad > 0 ? "requests_total{code=\"500\"} \(bad)\n" : "")
  }

  @Test func `counters count from their first sight, and a restart begins at zero`() throws {
    var web = try Instance(Self.errors)
    #expect(try web.read(Self.requests(100_000, bad: 100)) == .first)
    #expect(try web.read(Self.requests(100_200, bad: 101)) == .measured(.counts(events: 1, exposure: 200)))
    #expect(try web.read(Self.requests(300, bad: 2)) == .measured(.counts(events: 2, exposure: 300)))
    #expect(try web.read(Self.requests(300, bad: 2)) == .measured(.counts(events: 0, exposure: 0)))
  }

  @Test func `no errors yet are none, and no total is no data`() throws {
    var web = try Instance(Self.errors)
    #expect(try web.read(Self.requests(10)) == .first)
    #expect(try web.read(Self.requests(30)) == .measured(.counts(events: 0, exposure: 20)))
    guard case .none(let problem) = try web.read("other 1\n") else { return #expect(Bool(false)) }
    #expect(problem.kind == .noData && problem.detail.contains("requests_total"))
  }

  @Test(arguments: [
    ("requests_total 5 1000\n", ReadingProblem.Kind.stale), ("requests_total NaN\n", .error),
    ("requests_total -1\n", .error), ("requests_total +Inf\n", .error),
  ])
  func `what is old or no count is never zero`(text: String, kind: ReadingProblem.Kind) throws {
    var web = try Instance(Self.errors)
    _ = try web.read(Self.requests(10))
    guard case .none(let problem) = try web.read(text) else { return #expect(Bool(false), "\(text)") }
    #expect(problem.kind == kind)
    #expect(try web.read(Self.requests(50)) == .measured(.counts(events: 0, exposure: 40)))
  }

  @Test(arguments: [CheckPolicy.Measure.rate("restarts_total"), .share("restarts_total")])
  func `rates and shares count seconds, over gaps too`(measure: CheckPolicy.Measure) throws {
    var web = try Instance(measure)
    #expect(try web.read("restarts_total 7\n") == .first)
    #expect(try web.read("restarts_total 9\n") == .measured(.counts(events: 2, exposure: 5)))
    guard case .none = try web.read("gone 1\n", after: 20) else { return #expect(Bool(false)) }
    #expect(try web.read("restarts_total 12\n") == .measured(.counts(events: 3, exposure: 25)))
  }

  @Test func `a gauge is the worst of its series`() throws {
    var web = try Instance(.gauge("memory_bytes"))
    let text = "memory_bytes{a=\"1\"} 5e8\nmemory_bytes{a=\"2\"} 6e8\nmemory_bytes{a=\"3\"} NaN\n"
    #expect(try web.read(text) == .measured(.gauge(6e8)))
    var low = try Instance(.gauge("memory_bytes"), worst: .init(.down))
    #expect(try low.read(text) == .measured(.gauge(5e8)))
    guard case .none(let problem) = try web.read("memory_bytes NaN\n") else { return #expect(Bool(false)) }
    #expect(problem.kind == .noData)
  }

  @Test func `a healthy series does not hide an infinitely bad one`() throws {
    for (worst, bad, good) in [(CheckPolicy.Direction.up, "+Inf", "-Inf"), (.down, "-Inf", "+Inf")] {
      var web = try Instance(.gauge("queue"), worst: .init(worst))
      guard case .none(let problem) = try web.read("queue{of=\"a\"} 3\nqueue{of=\"b\"} \(bad)\n") else {
        Issue.record("\(bad) gave a level")
        continue
      }
      #expect(problem == ReadingProblem(.error, detail: "queue is infinite"))
      #expect(try web.read("queue{of=\"a\"} 3\nqueue{of=\"b\"} \(good)\n") == .measured(.gauge(3)))
    }
  }

  static func latency(_ counts: [(String, Int)]) -> String {
    counts.map { "seconds_bucket{le=\"\($0.0)\"} \($0.1)\n" }.joined() + "seconds_sum 1\nseconds_count 2\n"
  }

  @Test func `a histogram becomes what is new in each bucket`() throws {
    var web = try Instance(.histogram(name: "seconds", quantiles: [0.9, 0.99]))
    #expect(try web.read(Self.latency([("0.1", 10), ("0.5", 12), ("+Inf", 12)])) == .first)
    let observed = try web.read(Self.latency([("0.1", 15), ("0.5", 17), ("+Inf", 20)]))
    let wanted = Histogram(
      upperBounds: [0.1, 0.5, .infinity], buckets: [.init(index: 0, count: 5), .init(index: 2, count: 3)])
    #expect(observed == .measured(.histogram(wanted)))
    guard case .none(let problem) = try web.read(Self.latency([("0.1", 15)])) else { return #expect(Bool(false)) }
    #expect(problem.kind == .error && problem.detail.contains("+Inf"))
  }

  @Test func `series of one edge are added up, and edges in any order`() {
    let histogram = Histogram(cumulative: [(.infinity, 4), (0.1, 1), (0.1, 2), (0.5, 2)])
    #expect(histogram.upperBounds == [0.1, 0.5, .infinity])
    #expect(histogram.buckets == [.init(index: 0, count: 3), .init(index: 2, count: 1)])
  }

  @Test func `selectors and quantiles that mean nothing are refused`() {
    #expect(throws: SeriesSelector.Mistake.self) { try CheckSource(.gauge("rate(x[5m])")) }
    #expect(throws: SeriesSelector.Mistake.self) { try CheckSource(.histogram(name: "x", quantiles: [0.9, 1])) }
  }
}
