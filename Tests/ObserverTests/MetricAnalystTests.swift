import CanaryJudge
import CurlClient
import ImmuneSystem
import LoopbackFixtures
import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

/// The analyst on real scrapes; the clock jumps, so a burn-in lasts as long as its requests.
@Suite struct MetricAnalystTests {
  let server: LoopbackServer

  init() throws { server = try LoopbackServer() }

  func request(
    _ checks: [CheckPolicy], hosts: Int = 4, requests: Int? = nil, reportInterval: TimeSpan = .minutes(1)
  ) -> AnalysisRequest {
    let instances = (0..<hosts).map {
      Instance(
        id: HostID("web\($0)"), address: "127.0.0.1", labels: [.init(name: "port", value: "\(server.port)")])
    }
    return AnalysisRequest(
      instances: instances, checks: checks, falseAlarm: 0.01, horizon: .minutes(60), baseline: .minutes(5),
      untilRequests: requests, reportInterval: reportInterval)
  }

  static func errors() -> CheckPolicy {
    CheckPolicy(
      name: "server-errors", source: .scrape("http://{host}:{port}/{id}"),
      measure: .ratio(events: #"requests_total{code=~"5.."}"#, total: "requests_total"))
  }

  static let comparison = Analysis(number: 7, stage: .comparison, updated: [0], siblings: [1, 2, 3])

  struct Report: Sendable {
    var number: Int64
    var verdict: Verdict
  }

  /// Runs an analyst until `isEnough` and gives everything that it reported.
  @discardableResult
  func observe(
    _ request: AnalysisRequest, _ current: CurrentAnalysis = CurrentAnalysis(comparison), _ log: ShelfLog = ShelfLog(),
    clock: JumpingClock = JumpingClock(), until isEnough: @escaping (Report) async throws -> Bool
  ) async throws -> [Report] {
    let analyst = MetricAnalyst(curl: try CurlClient(), clock: clock)
    let (reports, signal) = AsyncStream<Report>.makeStream()
    let task = Task {
      await analyst.observe(request, current: current, samples: log) { signal.yield(Report(number: $0, verdict: $1)) }
    }
    var all: [Report] = []
    for await report in reports {
      all.append(report)
      if try await isEnough(report) { break }
    }
    task.cancel()
    await task.value
    return all
  }

  func decided(_ report: Report) -> Bool { [.pass, .fail, .error, .noData].contains(report.verdict.outcome) }

  func serve(bad: Int, hosts: Int = 4) throws {
    for id in 0..<hosts {
      let answers = (0..<400).map { tick in
        LoopbackServer.Answer(body: CheckReaderTests.requests(tick * 500, bad: id == 0 ? tick * bad : tick / 10))
      }
      try server.set("/web\(id)", answers)
    }
  }

  @Test func `a bad canary is told from its siblings`() async throws {
    try serve(bad: 50)
    let last = try await observe(request([Self.errors()]), until: decided).last
    #expect(last?.verdict.outcome == .fail && last?.number == 7)
    #expect(last?.verdict.reason.hasPrefix("server-errors: 10 %") == true, "\(last?.verdict.reason ?? "")")
  }

  @Test func `a good one passes, and two checks of one address cost one scrape`() async throws {
    try serve(bad: 0)
    var second = Self.errors()
    second.name = "again"
    let last = try await observe(request([Self.errors(), second], requests: 2000), until: decided).last
    #expect(last?.verdict.outcome == .pass, "\(last?.verdict.reason ?? "")")
    #expect(last?.verdict.evidence.map(\.check) == ["server-errors", "again"])
    let (canary, sibling) = (try server.count("/web0"), try server.count("/web3"))
    #expect(abs(canary - sibling) <= 1, "\(canary) scrapes of the canary, \(sibling) of a sibling")
  }

  @Test func `an instance that is gone is no data, and an address that answers nonsense an error`() async throws {
    try serve(bad: 0)
    try server.set("/web0", [.init(status: 503)])
    let gone = try await observe(request([Self.errors()]), until: decided).last?.verdict
    #expect(gone?.outcome == .noData)
    #expect(gone?.reason == "server-errors: no data for 3 intervals: GET \(server.url("/web0")): 503, expected 200")
    try server.set("/web0", [.init(body: "<html>\n")])
    let nonsense = try await observe(request([Self.errors()]), until: decided).last?.verdict
    #expect(nonsense?.outcome == .error && nonsense?.reason.contains("not a Prometheus exposition") == true)
  }

  @Test func `what can never be measured is refused with its cause`() async throws {
    var check = Self.errors()
    check.measure = .gauge("rate(x[5m])")
    let verdict = try await observe(request([check]), until: decided).last?.verdict
    #expect(verdict?.outcome == .error && verdict?.reason.contains("selector, column 5") == true)
    #expect(verdict?.lastSample == 0)
    check = Self.errors()
    check.source = .scrape("http://metadata.internal/metrics")
    #expect(MetricAnalyst.refusal(of: check, on: [Instance(id: "web1")])?.contains("own host") == true)
    check.source = .scrape("http://{host}/metrics")
    #expect(MetricAnalyst.refusal(of: check, on: [Instance(id: "web1")]) == nil)
  }

  /// What the record alone says at a sample.
  static func fold(_ records: [SampleRecord], _ request: AnalysisRequest, through last: Int?) throws -> Verdict {
    var immune = ImmuneSystem(
      checks: request.checks, falseAlarm: request.falseAlarm, horizon: request.horizon,
      untilRequests: request.untilRequests)
    for record in records.prefix((last ?? -1) + 1) {
      try immune.record(try SampleCodec.decode(record), sequence: record.sequence)
    }
    return immune.verdict
  }

  @Test func `a killed controller's successor has all evidence, and every verdict is in the record`() async throws {
    try serve(bad: 0)
    let request = request([Self.errors()], requests: 30_000, reportInterval: .zero)
    let (log, clock) = (ShelfLog(page: 7), JumpingClock())
    let current = CurrentAnalysis(Self.comparison)
    let first = try await observe(request, current, log, clock: clock) { ($0.verdict.lastSample ?? 0) >= 20 }
    let second = try await observe(request, current, log, clock: clock, until: decided)
    let records = await log.records
    #expect(second.first?.verdict == (try Self.fold(records, request, through: second.first?.verdict.lastSample)))
    #expect((second.first?.verdict.lastSample ?? 0) >= (first.last?.verdict.lastSample ?? 99))
    #expect(second.last?.verdict.outcome == .pass)
    for report in first + second {
      #expect(try Self.fold(records, request, through: report.verdict.lastSample) == report.verdict)
    }
    #expect(records.map(\.sequence) == Array(records.indices))
    #expect(records.count { $0.payload.hasPrefix("{\"s\"") } == 1, "one segment for one analysis")
  }

  @Test func `while the store cannot be written nothing is concluded, and nothing is lost`() async throws {
    try serve(bad: 0)
    let request = request([Self.errors()], reportInterval: .zero)
    let log = ShelfLog()
    var (before, isBack) = (0, false)
    let reports = try await observe(request, CurrentAnalysis(Self.comparison), log) { report in
      if before == 0, (report.verdict.lastSample ?? 0) >= 5 {
        before = report.verdict.lastSample ?? 0
        await log.refuse(with: .unavailable(detail: "disk full"))
        Task {
          while await log.refusals < 10 { await Task.yield() }
          await log.refuse(with: nil)
        }
      }
      isBack = before > 0 && (report.verdict.lastSample ?? 0) > before
      return isBack
    }
    let last = try #require(reports.last?.verdict.lastSample)
    #expect(last >= before + 10, "the samples of the outage came with the first write after it")
    let records = await log.records
    for report in reports {
      #expect(try Self.fold(records, request, through: report.verdict.lastSample) == report.verdict)
    }
  }

  @Test func `a lost lease ends the analyst without a word`() async throws {
    try serve(bad: 0)
    let log = ShelfLog()
    await log.refuse(with: .leaseLost(detail: "epoch 2 holds the service"))
    let analyst = MetricAnalyst(curl: try CurlClient(), clock: JumpingClock())
    await analyst.observe(request([Self.errors()]), current: CurrentAnalysis(Self.comparison), samples: log) { _, _ in
      Issue.record("nothing may be said")
    }
    #expect(await log.records.isEmpty)
  }

  @Test func `damaged samples are an error that names them, until another analysis begins`() async throws {
    try serve(bad: 0)
    let request = request([Self.errors()], reportInterval: .zero)
    let log = ShelfLog([SampleRecord(sequence: 0, at: Timestamp(milliseconds: 0), payload: "{\"l\":")])
    let current = CurrentAnalysis(Analysis(number: 0, stage: .comparison, updated: [0], siblings: [1, 2, 3]))
    let reports = try await observe(request, current, log) { report in
      if report.number == 0 { current.value.number = 8 }
      return report.number == 8
    }
    #expect(reports.first?.verdict.outcome == .error)
    #expect(reports.first?.verdict.reason.contains("sample 0") == true, "\(reports.first?.verdict.reason ?? "")")
    #expect(reports.last?.verdict.outcome == .inconclusive)
  }

  @Test func `arms follow the rollout, and another number begins anew`() async throws {
    try serve(bad: 0)
    let request = request([Self.errors()], reportInterval: .zero)
    let baseline = Analysis(number: 7, stage: .baseline, updated: [], siblings: [0, 1, 2, 3])
    let (log, current) = (ShelfLog(), CurrentAnalysis(baseline))
    let stages: [Analysis] = [
      Analysis(number: 7, stage: .comparison, updated: [], siblings: [1, 2, 3]), Self.comparison,
      Analysis(number: 7, stage: .comparison, updated: [0, 1], siblings: [2, 3]),
      Analysis(number: 7, stage: .soak, updated: [0, 1, 2, 3], siblings: []),
      Analysis(number: 12, stage: .comparison, updated: [0], siblings: [1, 2, 3]),
    ]
    var next = 0
    let reports = try await observe(request, current, log) { report in
      guard (report.verdict.lastSample ?? 0) >= 10 * (next + 1) else { return false }
      if next < stages.count { current.value = stages[next] }
      next += 1
      return next > stages.count
    }
    let segments = try await log.records.map { try SampleCodec.decode($0) }.compactMap { sample -> Segment? in
      if case .segment(let segment) = sample { segment } else { nil }
    }
    #expect(segments.map(\.stage) == [.baseline, .comparison, .comparison, .comparison, .soak, .comparison])
    #expect(segments[3].arms == [.updated, .updated, .sibling, .sibling])
    #expect(Set(reports.map(\.number)) == [7, 12])
    #expect(reports[0].verdict.reason.contains("before the push"))
    let fresh = try #require(reports.first { $0.number == 12 })
    #expect(fresh.verdict.evidence[0].canarySamples <= 500, "\(fresh.verdict.evidence[0].canarySamples)")
  }
}
