import CanaryJudge
import CurlClient
import LoopbackFixtures
import RolloutCore
import Testing

@testable import Observers

/// Documents of a real HTTP server.
@Suite(.serialized) struct JSONReaderTests {
  typealias Documents = JSONMeasureTests

  static func instances(port: Int) -> [Instance] {
    ["web1", "web2"].map {
      Instance(id: HostID($0), address: "127.0.0.1", labels: [.init(name: "port", value: "\(port)")])
    }
  }

  func reader(
    port: Int, _ measures: CheckPolicy.Measure..., path: String = "/{id}", interval: TimeSpan = .seconds(5)
  ) throws -> JSONReader {
    let address = "http://{host}:{port}\(path)"
    let group = ReaderGroup(.http(address), measures, of: Self.instances(port: port), interval: interval)
    return JSONReader(group, address: address, curl: try CurlClient())
  }

  static let start = Timestamp(milliseconds: 1_700_000_000_000)

  func orders(_ failed: Int, _ orders: Int) -> LoopbackServer.Answer {
    .init(body: "{\"orders\": {\"failed\": \(failed), \"all\": \(orders), \"open\": 3}}")
  }

  @Test func `several checks of a document cost one request of each instance`() async throws {
    let server = try LoopbackServer()
    try server.set("/web1", [orders(0, 100), orders(2, 150)])
    try server.set("/web2", [orders(5, 500), orders(5, 540)])
    let reader = try reader(
      port: server.port, .ratio(events: "/orders/failed", total: "/orders/all"), .gauge("/orders/open"))
    #expect(await reader.read(at: Self.start) == [[.first, .first], [.measured(.gauge(3)), .measured(.gauge(3))]])
    let seen = await reader.read(at: Self.start + .seconds(5))
    #expect(seen[0] == [Documents.counts(2, 50), Documents.counts(0, 40)])
    #expect(try server.count("/web1") == 2 && server.count("/web2") == 2)
  }

  @Test func `one instance's trouble is its own`() async throws {
    let server = try LoopbackServer()
    try server.set("/web1", [.init(status: 500, body: "{}"), .init(body: "<html>"), orders(1, 10)])
    try server.set("/web2", [orders(1, 10)])
    let reader = try reader(port: server.port, .gauge("/orders/open"))
    var seen = await reader.read(at: Self.start)
    #expect(
      seen[0] == [
        .none(ReadingProblem(.error, detail: "GET \(server.url("/web1")): 500, expected 200")), .measured(.gauge(3)),
      ])
    seen = await reader.read(at: Self.start + .seconds(5))
    #expect(
      seen[0][0] == .none(ReadingProblem(.error, detail: "GET \(server.url("/web1")): not a JSON document")))
    #expect(await reader.read(at: Self.start + .seconds(10))[0][0] == .measured(.gauge(3)))
  }

  @Test func `the death of a server is no data, and what it counted meanwhile is not lost`() async throws {
    var server = try LoopbackServer()
    let port = server.port
    let reader = try reader(port: port, .rate("/orders/all"), path: "/{id}")
    for id in ["/web1", "/web2"] { try server.set(id, [orders(0, 100)]) }
    #expect(await reader.read(at: Self.start) == [[.first, .first]])
    server.stop()
    let gone = await reader.read(at: Self.start + .seconds(5))[0][0].problem
    #expect(gone == ReadingProblem(.noData, detail: "GET \(server.url("/web1")): connection refused"))
    server = try LoopbackServer(port: port)
    for id in ["/web1", "/web2"] { try server.set(id, [orders(0, 200)]) }
    let back = Documents.counts(100, 10)
    #expect(await reader.read(at: Self.start + .seconds(10)) == [[back, back]])
  }

  @Test(arguments: [
    ("/huge", ReadingProblem.Kind.error), ("/garbage", .noData), ("/stall", .noData), ("/gone", .error),
  ])
  func `answers that are none`(_ path: String, _ kind: ReadingProblem.Kind) async throws {
    let server = try LoopbackServer()
    let reader = try reader(port: server.port, .rate("/orders"), path: path, interval: TimeSpan(milliseconds: 500))
    #expect(await reader.read(at: Self.start)[0].allSatisfy { $0.problem?.kind == kind })
  }

  @Test func `one that hangs leaves some of the interval, and no secret of an address is shown`() async throws {
    let server = try LoopbackServer()
    let half = TimeSpan(milliseconds: 500)
    let slow = try reader(port: server.port, .rate("/orders"), path: "/stall", interval: half)
    #expect(
      await slow.read(at: Self.start)[0][0].problem
        == ReadingProblem(.noData, detail: "GET \(server.url("/stall")): no answer within 400 ms"))
    let secret = try reader(port: server.port, .rate("/orders"), path: "/gone?token=geheim")
    #expect(
      await secret.read(at: Self.start)[0][0].problem?.detail == "GET \(server.url("/gone")): 404, expected 200")
    let check = CheckPolicy(name: "orders", source: .http(""), measure: .rate("/orders"))
    for address in [
      "http://user:geheim@{host}/", "http://user:ge?heim@{host}/", "http://example.net/?token=geheim",
      "ftp://{host}/?geheim@", "http://{host}:x/#geheim",
    ] {
      let refusal = try #require(JSONReader.refusal(of: check, address: address, on: Self.instances(port: 80)))
      #expect(!refusal.contains("heim") && !refusal.contains("user:"), "\(refusal)")
    }
  }

  @Test func `another host than the instance's own is refused`() async throws {
    let check = CheckPolicy(name: "orders", source: .http(""), measure: .rate("/orders"))
    let instances = Self.instances(port: 80)
    #expect(JSONReader.refusal(of: check, address: "http://{host}/orders", on: instances) == nil)
    #expect(
      JSONReader.refusal(of: check, address: "http://example.net/orders", on: instances)?.contains("own host") == true)
    let group = ReaderGroup(.http(""), [check.measure], of: instances)
    let reader = JSONReader(group, address: "http://example.net/orders", curl: try CurlClient())
    #expect(await reader.read(at: Self.start)[0].allSatisfy { $0.problem?.kind == .error })
  }
}
