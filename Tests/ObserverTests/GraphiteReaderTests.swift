import CurlClient
import LoopbackFixtures
import RolloutCore
import Testing

@testable import Observers

/// The reader against answers that a Graphite does not give, or should not. The real one is in MetricServerTests.
@Suite struct GraphiteReaderTests {
  static func query(_ measure: CheckPolicy.Measure, instances: Int = 2) throws -> GraphiteQuery {
    let check = CheckPolicy(name: "c", source: .graphite(GraphiteSource(url: "http://h")), measure: measure)
    return try GraphiteQuery(check, PrometheusReaderTests.instances(instances))
  }

  static func reader(_ url: String, instances: Int = 2) throws -> GraphiteReader {
    let source = GraphiteSource(url: url)
    let check = CheckPolicy(name: "queue", source: .graphite(source), measure: .gauge("{id}.queue"))
    let group = ReaderGroup(
      source: check.source, interval: .seconds(10), indices: [1], checks: [check],
      instances: PrometheusReaderTests.instances(instances))
    return try GraphiteReader(
      group, source: source, ReaderSurroundings(curl: try CurlClient(), clock: SystemClock()))
  }

  static func problem(_ body: String, status: Int = 200) async throws -> ReadingProblem? {
    let server = try LoopbackServer()
    try server.set("/graphite/render", [.init(status: status, body: body)])
    let observed = try await reader(server.url("/graphite")).read(at: SystemClock().now())
    if case .none(let problem) = observed[0][0] { return problem }
    Issue.record("\(observed)")
    return nil
  }

  @Test(arguments: [
    "", "{}", "null", "7", "[1]", "<html></html>", #"[{"target":7,"datapoints":[]}]"#, #"[{"target":"a"}]"#,
    #"[{"target":"a","datapoints":[[1]]}]"#, #"[{"target":"a","datapoints":[["1",2]]}]"#,
    #"[{"target":"a","datapoints":[[1,"2"]]}]"#, #"[{"target":"a","datapoints":[[1,null]]}]"#,
    #"[{"target":"a","datapoints":[[1,1e300]]}]"#, #"[{"target":"a","datapoints":[[NaN,1]]}]"#,
    #"[{"target":"a","datapoints":{}}]"#, "deep", #"[{"target":"a","datapoi"#,
  ])
  func `an answer of another kind is an error`(body: String) async throws {
    let problem = try #require(try await Self.problem(body == "deep" ? String(repeating: "[", count: 100_000) : body))
    #expect(problem.kind == .error, "\(problem)")
  }

  @Test func `statuses are told apart, and a page of HTML is no reason`() async throws {
    #expect(try await Self.problem("", status: 503)?.kind == .noData)
    let broken = try #require(try await Self.problem("<html>Traceback", status: 500))
    #expect(broken.kind == .error && broken.detail.hasSuffix("500, expected 200"))
    let refused = try #require(try await Self.problem("Invalid parameters\nmore", status: 400))
    #expect(refused.detail.hasSuffix("400, expected 200: Invalid parameters"))
    #expect(try await Self.problem("[]")?.kind == .noData)
  }

  @Test func `empty buckets are left out, and series of one name told apart`() throws {
    let body = #"""
      [{"target":"a","tags":{"name":"x"},"datapoints":[[null,10],[1,20],[2.5,30]]},
       {"target":"a","tags":{"name":"y","n":1},"datapoints":[[3,20]]},
       {"target":"a","datapoints":[]}]
      """#
    let answer = try GraphiteAnswer(Array(body.utf8)).series
    #expect(answer.map(\.step) == [10_000, nil, nil])
    #expect(answer[0].series.points == [.init(at: 20_000, value: 1), .init(at: 30_000, value: 2.5)])
    #expect(Set(answer.map(\.series.sample.labels)).count == 3)
  }

  @Test func `every target is asked for by a name that says whose it is`() throws {
    let query = try Self.query(.ratio(events: "s.{id}.bad", total: "sumSeries(s.{id}.{a,b}.*)"))
    #expect(
      query.requests == [
        #"alias(sumSeries(s.web0.{a,b}.*),"canary 0 all")"#, #"alias(sumSeries(s.web1.{a,b}.*),"canary 1 all")"#,
        #"alias(s.web0.bad,"canary 0 bad")"#, #"alias(s.web1.bad,"canary 1 bad")"#,
      ])
    #expect(query.owner(of: "canary 1 bad")?.instance == 1)
    for key in ["canary 2 all", "canary -1 all", "canary 0", "canary 0 all x", "canary x all", "", "s.web0.bad"] {
      #expect(query.owner(of: key) == nil, "\(key)")
    }
  }

  @Test(arguments: [
    ("s.{id", "not closed"), ("s.{id}.x,other", "several targets"), ("alias(s.{id}", "not closed"),
    ("s.{id})", "not closed"), ("alias(s.{id},\"x)", "not closed"), ("", "not closed"), ("s.all.x", "is the same for"),
  ])
  func `targets that are not whole, or not the instance's own, are refused`(target: String, reason: String) throws {
    let source = MetricSource.graphite(GraphiteSource(url: "http://h"))
    let check = CheckPolicy(name: "c", source: source, measure: .rate(target))
    let detail = try #require(MetricReaders.refusal(of: check, on: PrometheusReaderTests.instances(2)))
    #expect(detail.contains(reason), "\(detail)")
  }

  @Test(arguments: ["a,b", "*", "a)", "a\"", "", "a b", "{x}"])
  func `an instance puts nothing but a name into a target`(value: String) throws {
    let host = Instance(id: HostID("web0"), address: "h", labels: [.init(name: "node", value: value)])
    let check = CheckPolicy(
      name: "c", source: .graphite(GraphiteSource(url: "http://h")), measure: .gauge("s.{node}.x"))
    #expect(MetricReaders.refusal(of: check, on: [host])?.contains("{node} of web0") == true)
  }

  @Test func `a histogram is refused with what to use`() {
    let check = CheckPolicy(
      name: "c", source: .graphite(GraphiteSource(url: "http://h")), measure: .histogram(name: "h", quantiles: [0.9]))
    let detail = MetricReaders.refusal(of: check, on: PrometheusReaderTests.instances(2))
    #expect(detail?.contains("`scrape` or `prometheus`") == true)
  }

  static func series(_ key: String, _ name: String, _ points: PacedCheckTests.Points) -> GraphiteAnswer.Series {
    GraphiteAnswer.Series(
      target: key, series: PacedCheckTests.series("", ["name": name], points), step: 10_000, isUnreadable: false)
  }

  @Test func `the newest buckets wait, and what is missing from an answer makes it partial`() throws {
    var sorter = GraphiteSorter(query: try Self.query(.ratio(events: "b.{id}.*", total: "t.{id}.*")))
    let whole = sorter.sort(
      [
        Self.series("canary 0 all", "x", [(10, 1), (20, 2), (30, 3)]), Self.series("canary 0 all", "y", [(10, 1)]),
        Self.series("canary 0 bad", "z", [(10, 1)]), Self.series("canary 1 bad", "w", [(10, 1)]),
        Self.series("somebody", "x", [(10, 1)]),
      ], before: 45_000)
    #expect(whole[0].series.map { $0.points.map(\.at) } == [[10_000, 20_000], [10_000]])
    #expect(whole[0].problem == nil)
    #expect(whole[1].problem?.kind == .partial, "events without a total")
    let half = sorter.sort([Self.series("canary 0 all", "x", [(40, 1)])], before: 65_000)
    #expect(half[0].problem?.kind == .partial)
    #expect(half[0].problem?.detail.contains("1 of 2 series") == true)
  }

  @Test func `coarser buckets than before are not counted`() throws {
    var sorter = GraphiteSorter(query: try Self.query(.gauge("{id}.q")))
    #expect(sorter.coarser([Self.series("canary 0 all", "x", [(10, 1)])]) == nil)
    var coarse = Self.series("canary 0 all", "x", [(0, 1)])
    coarse.step = 60_000
    #expect(sorter.coarser([coarse])?.kind == .partial)
    #expect(sorter.step == 10_000)
  }

  @Test func `many targets go in several requests`() async throws {
    let server = try LoopbackServer()
    try server.set("/render", [.init(body: "[]")])
    let reader = try Self.reader(server.url(""), instances: 501)
    #expect(await reader.read(at: SystemClock().now())[0].count == 501)
    #expect(try server.count("/render") == 2)
    let body = try #require(try server.lastRequest("/render")).body
    let target = "alias%28web500.queue%2C%22canary%20500%20all%22%29"
    #expect(body.hasPrefix("target=\(target)&from=-300s&until=now&format=json"), "\(body)")
  }
}
