import CurlClient
import LoopbackFixtures
import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

/// The analyst on real scrapes; the clock jumps, so a burn-in lasts as long as its requests.
@Suite struct ScrapeAnalystTests {
  let server: LoopbackServer

  init() throws { server = try LoopbackServer() }

  func request(_ checks: [CheckPolicy], requests: Int? = nil) -> AnalysisRequest {
    let instances = (0..<4).map {
      Instance(
        id: HostID("web\($0)"), address: "127.0.0.1", labels: [.init(name: "port", value: "\(server.port)")])
    }
    return AnalysisRequest(
      updated: [instances[0]], siblings: Array(instances[1...]), checks: checks, falseAlarm: 0.01,
      horizon: .minutes(60), untilRequests: requests, reportInterval: .minutes(1))
  }

  func errors() -> CheckPolicy {
    var check = AnalysisTests.errors()
    check.scrape = "http://{host}:{port}/{id}"
    return check
  }

  /// The verdict that first has one of the outcomes.
  func verdict(_ request: AnalysisRequest, _ outcomes: [Verdict.Outcome]) async throws -> Verdict? {
    let analyst = ScrapeAnalyst(curl: try CurlClient(), clock: JumpingClock())
    let (verdicts, signal) = AsyncStream<Verdict>.makeStream()
    let task = Task { await analyst.observe(request) { signal.yield($0) } }
    var found: Verdict?
    for await verdict in verdicts where outcomes.contains(verdict.outcome) {
      found = verdict
      break
    }
    task.cancel()
    await task.value
    return found
  }

  func serve(bad: Int) throws {
    for id in 0..<4 {
      let answers = (0..<400).map { tick in
        LoopbackServer.Answer(body: AnalysisTests.requests(tick * 200, bad: id == 0 ? tick * bad : tick / 10))
      }
      try server.set("/web\(id)", answers)
    }
  }

  @Test func `a bad canary is told from its siblings`() async throws {
    try serve(bad: 20)
    let verdict = try await verdict(request([errors()], requests: 2000), [.fail, .pass])
    #expect(verdict?.outcome == .fail)
    #expect(verdict?.reason.hasPrefix("server-errors: 10 %") == true, "\(verdict?.reason ?? "")")
  }

  @Test func `a good one passes, and two checks of one address cost one scrape`() async throws {
    try serve(bad: 0)
    var second = errors()
    second.name = "again"
    let verdict = try await verdict(request([errors(), second], requests: 2000), [.fail, .pass])
    #expect(verdict?.outcome == .pass)
    #expect(verdict?.evidence.map(\.check) == ["server-errors", "again"])
    let (canary, sibling) = (try server.count("/web0"), try server.count("/web3"))
    #expect(abs(canary - sibling) <= 1, "\(canary) scrapes of the canary, \(sibling) of a sibling")
  }

  @Test func `a metrics address that is gone is no data with the answer that came`() async throws {
    try server.set("/web0", [.init(status: 503)])
    let verdict = try await verdict(request([errors()]), [.noData, .pass, .fail, .error])
    #expect(verdict?.outcome == .noData)
    #expect(
      verdict?.reason == "server-errors: no data for 3 intervals: GET \(server.url("/web0")): 503, expected 200")
  }

  @Test func `no checks: nothing to judge by, and watched to the end`() async throws {
    let verdict = try await verdict(request([]), [.pass])
    #expect(verdict?.reason == "no check to judge by")
  }
}
