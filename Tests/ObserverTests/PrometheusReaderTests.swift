import CurlClient
import LoopbackFixtures
import RolloutCore
import Testing

@testable import Observers

/// The reader against answers that a Prometheus does not give, or should not. The real one is in MetricServerTests.
@Suite struct PrometheusReaderTests {
  static func instances(_ count: Int) -> [Instance] {
    (0..<count).map { Instance(id: HostID("web\($0)"), address: "10.0.0.\($0)") }
  }

  static func source(_ url: String, token: String? = nil) -> PrometheusSource {
    PrometheusSource(url: url, instance: "{host}:8080", tokenVariable: token)
  }

  static func problem(
    _ body: String, status: Int = 200, headers: [String: String] = [:], token: String? = nil,
    environment: @escaping @Sendable (String) -> String? = { _ in nil }
  ) async throws -> ReadingProblem? {
    let server = try LoopbackServer()
    try server.set("/base/api/v1/query", [.init(status: status, headers: headers, body: body)])
    let source = Self.source(server.url("/base/"), token: token)
    let observed = try await reader(source, environment: environment).read(at: SystemClock().now())
    #expect(observed.count == 1 && observed[0].count == 2)
    if case .none(let problem) = observed[0][0] { return problem }
    Issue.record("\(observed)")
    return nil
  }

  static func reader(
    _ source: PrometheusSource, environment: @escaping @Sendable (String) -> String? = { _ in nil }
  ) throws -> PrometheusReader {
    let check = CheckPolicy(name: "queue", source: .prometheus(source), measure: .gauge("queue"))
    let group = ReaderGroup(
      source: check.source, interval: .seconds(10), indices: [4], checks: [check], instances: instances(2))
    return try PrometheusReader(
      group, source: source,
      ReaderSurroundings(curl: try CurlClient(), clock: SystemClock(), environment: environment))
  }

  static func matrix(_ result: String, more: String = "") -> String {
    #"{"status":"success","data":{"resultType":"matrix","result":["# + result + "]}" + more + "}"
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "<html></html>", #"{"status":"success"}"#, #"{"status":7,"data":{}}"#,
    #"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
    #"{"status":"success","data":{"resultType":"matrix","result":{}}}"#,
    matrix(#"{"metric":{"instance":7},"values":[[1,"1"]]}"#), matrix(#"{"metric":[],"values":[[1,"1"]]}"#),
    matrix(#"{"metric":{},"values":[[1,1]]}"#), matrix(#"{"metric":{},"values":[["1","1"]]}"#),
    matrix(#"{"metric":{},"values":[[1]]}"#), matrix(#"{"metric":{},"values":[1,2]}"#),
    matrix(#"{"metric":{},"values":[[1,"much"]]}"#), matrix(#"{"metric":{},"values":[[1e300,"1"]]}"#),
    matrix(#"{"metric":{"__name__":"queue"},"histograms":[]}"#), "deep",
    matrix(#"{"metric":{"instance":"10.0.0.0:8080"},"values":[[1,"1"]"#),
  ])
  func `an answer of another kind is an error`(body: String) async throws {
    let problem = try #require(try await Self.problem(body == "deep" ? String(repeating: "[", count: 100_000) : body))
    #expect(problem.kind == .error, "\(problem)")
    #expect(problem.detail.hasPrefix("POST http://127.0.0.1:"), "\(problem.detail)")
  }

  @Test func `an error's reason is shown, in one line and bounded`() async throws {
    let body = #"{"status":"error","errorType":"bad_data","error":"no\nsuch \#(String(repeating: "x", count: 500))"}"#
    let refused = try #require(try await Self.problem(body, status: 422))
    #expect(refused.kind == .error)
    #expect(refused.detail.contains("422, expected 200: no\u{FFFD}such xxx"))
    #expect(refused.detail.count < 320)
    let said = try #require(try await Self.problem(body))
    #expect(said.kind == .error && said.detail.contains("no\u{FFFD}such"))
  }

  @Test(arguments: [429, 502, 503, 504]) func `a server that is busy or hidden gives no data`(status: Int) async throws
  {
    #expect(try await Self.problem("Service Unavailable", status: status)?.kind == .noData)
  }

  @Test(arguments: [301, 400, 401, 403, 404, 500]) func `any other status is an error`(status: Int) async throws {
    let headers = status == 301 ? ["Location": "http://127.0.0.1:1/"] : [:]
    #expect(try await Self.problem("", status: status, headers: headers)?.kind == .error)
  }

  @Test func `warnings make the answer partial`() async throws {
    let point = #"{"metric":{"instance":"10.0.0.0:8080"},"values":[[1,"1"]]}"#
    let problem = try await Self.problem(Self.matrix(point, more: #","warnings":["store web-2 is away"]"#))
    #expect(problem?.kind == .partial)
    #expect(problem?.detail.hasSuffix("store web-2 is away") == true)
  }

  @Test func `old samples are stale, other instances' are none, and no samples are no data`() async throws {
    let old = #"{"metric":{"__name__":"queue","instance":"10.0.0.0:8080"},"values":[[0,"0"]]}"#
    let server = try LoopbackServer()
    let path = "/api/v1/query"
    let reader = try Self.reader(Self.source(server.url("")))
    try server.set(path, [.init(body: Self.matrix(#"{"metric":{"instance":"10.9.9.9:8080"},"values":[[0,"0"]]}"#))])
    let empty = await reader.read(at: SystemClock().now())[0]
    #expect(empty.map(PacedCheckTests.kind) == [.noData, .noData])
    try server.set(path, [.init(body: Self.matrix(old))])
    _ = await reader.read(at: SystemClock().now())
    let stale = await reader.read(at: SystemClock().now())[0]
    #expect(stale.map(PacedCheckTests.kind) == [.stale, .noData])
  }

  @Test func `an answer without end is an error, and less is asked for then`() async throws {
    let server = try LoopbackServer()
    let path = "/api/v1/query"
    try server.set(path, [.init(body: String(repeating: " ", count: MetricServer.maxBody + 1))])
    let reader = try Self.reader(Self.source(server.url("")))
    let problem = await reader.read(at: SystemClock().now())[0][0]
    #expect(PacedCheckTests.kind(problem) == .error)
    #expect(try server.lastRequest(path)?.body.contains("%5B150000ms%5D") == true)
  }

  @Test func `one question is asked for all instances, with the token, which is never shown`() async throws {
    let server = try LoopbackServer()
    let path = "/api/v1/query"
    try server.set(path, [.init(status: 401, body: "secret-123?")])
    let source = Self.source(server.url(""), token: "PROMETHEUS_TOKEN")
    let reader = try Self.reader(source) { $0 == "PROMETHEUS_TOKEN" ? "secret-123" : nil }
    let observed = await reader.read(at: SystemClock().now())
    #expect(try server.count(path) == 1)
    let request = try #require(try server.lastRequest(path))
    #expect(request.headers["authorization"] == "Bearer secret-123")
    #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
    let hosts = ["0", "1"].map { #"10%5C%5C.0%5C%5C.0%5C%5C."# + $0 + "%3A8080" }
    let question = "query=queue%7Binstance%3D~%22\(hosts.joined(separator: "%7C"))%22%2C%7D%5B"
    #expect(request.body.hasPrefix(question), "\(request.body)")
    #expect(!"\(observed)".contains("secret-123"))
    #expect(!String(reflecting: BearerToken(secret: "secret-123")).contains("123"))
    var dumped = ""
    dump(BearerToken(secret: "secret-123"), to: &dumped)
    #expect(!dumped.contains("123"))
  }

  @Test func `a token that is not set, or no header's text, is an error that does not show it`() async throws {
    let unset = try #require(try await Self.problem("", token: "NO_SUCH_TOKEN"))
    #expect(unset.kind == .error && unset.detail.contains("NO_SUCH_TOKEN"))
    let broken = try #require(try await Self.problem("", token: "T", environment: { _ in "se\ncret" }))
    #expect(broken.kind == .error && !broken.detail.contains("cret\""), "\(broken.detail)")
    #expect(!broken.detail.contains("se\n"))
  }

  @Test func `nobody there is no data`() async throws {
    let reader = try Self.reader(Self.source("http://127.0.0.1:\(unusedPort())"))
    let observed = await reader.read(at: SystemClock().now())
    #expect(observed[0].map(PacedCheckTests.kind) == [.noData, .noData])
    #expect(await reader.history(from: .init(milliseconds: 0), to: .init(milliseconds: 1_000_000)).isEmpty)
  }

  @Test(arguments: [
    ("up", #"up{job=~"a\\.b|\\(c\\)|\"d",}"#), (" up ", #"up{job=~"a\\.b|\\(c\\)|\"d",}"#),
    ("up{}", #"up{job=~"a\\.b|\\(c\\)|\"d",}"#),
    (#"up { code =~ "5..", path!="/{x}" , }"#, #"up{job=~"a\\.b|\\(c\\)|\"d", code =~ "5..", path!="/{x}" , }"#),
  ])
  func `the instances become one more matcher`(selector: String, text: String) throws {
    let known = try PrometheusInstances(
      PrometheusSource(url: "", label: "job", instance: "{id}"),
      ["a.b", "(c)", "\"d"].map { Instance(id: HostID($0), address: "h") })
    #expect(try PrometheusQuery.text(selector, on: known) == text)
  }

  @Test(arguments: [
    (PrometheusSource(url: "ftp://h", instance: "{id}"), "gauge", "scheme"),
    (PrometheusSource(url: "http://h/?a=b", instance: "{id}"), "gauge", "no ?"),
    (PrometheusSource(url: "http://u:p@h", instance: "{id}"), "gauge", "http://h: a user name"),
    (PrometheusSource(url: "http://h/?token=x", instance: "{id}"), "gauge", "http://h/: a base address has no ?"),
    (PrometheusSource(url: "http://h", instance: "same"), "gauge", "web0 and web1 are both instance=\"same\""),
    (PrometheusSource(url: "http://h", label: "a b", instance: "{id}"), "gauge", "no label name"),
    (PrometheusSource(url: "http://h", label: "", instance: "{id}"), "gauge", "no label name"),
    (PrometheusSource(url: "http://h", instance: "{id}\n"), "gauge", "no label value"),
    (PrometheusSource(url: "http://h", instance: "{id}"), "rate(up[5m])", "selector, column 5"),
    (PrometheusSource(url: "http://h", instance: "{id}"), "up} or vector(0", "selector, column 3"),
  ])
  func `what can never be read is refused beforehand`(source: PrometheusSource, text: String, reason: String) throws {
    let check = CheckPolicy(name: "c", source: .prometheus(source), measure: .gauge(text))
    let detail = try #require(MetricReaders.refusal(of: check, on: Self.instances(2)))
    #expect(detail.contains(reason), "\(detail)")
  }

  @Test func `dates of HTTP are read, and nothing else`() {
    #expect(HTTPDate.milliseconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777_000)
    #expect(HTTPDate.milliseconds("Thu, 29 Feb 2024 23:59:60 GMT") == 1_709_251_200_000)
    for text in [
      "", "now", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT", "a b c d e GMT",
      "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06 Nov 1994 8 GMT",
    ] {
      #expect(HTTPDate.milliseconds(text) == nil, "\(text)")
    }
  }

  @Test func `forms carry any text`() {
    #expect(FormField(name: "a b", value: "é&=%+\n~").encoded == "a%20b=%C3%A9%26%3D%25%2B%0A~")
  }
}
