import CanaryJudge
import ImmuneSystem
import LoopbackFixtures
import Observers
import RolloutCore
import RolloutEngine
import TestKit
import Testing

@testable import CanaryCommands

/// `plan` and `doctor` on instances that answer scrapes.
@Suite struct SourceTests {
  private static func policy(_ server: LoopbackServer) -> String {
    let instances = ["a", "b", "c"].map { "{host: \($0), address: 127.0.0.1, labels: {port: \(server.port)}}" }
    return """
      service: shop
      instances: [\(instances.joined(separator: ", "))]
      transport: {local: {}}
      release:
        artifact: dist/shop-{version}.tar.gz
        directory: /srv/shop
      canary: {count: 1}
      burn_in: {min: 1m, max: 1h}
      waves: [100%]
      checks:
        - name: errors
          scrape: http://{host}:{port}/{id}/metrics
          bad: requests_total{code=~"5.."}
          total: requests_total
        - name: heap
          scrape: http://{host}:{port}/{id}/metrics
          gauge: heap_bytes
          limit: 1000000000
      """
  }

  private static func metrics(requests: Int, errors: Int, heap: Int = 400_000_000) -> LoopbackServer.Answer {
    LoopbackServer.Answer(
      body: """
        requests_total{code="200"} \(requests - errors)
        requests_total{code="500"} \(errors)
        heap_bytes \(heap)

        """)
  }

  private static func with(_ body: (CommandBench, LoopbackServer) async throws -> Void) async throws {
    let server = try LoopbackServer()
    try await CommandBench.with { bench in
      try bench.writePolicy(policy(server))
      try await body(bench, server)
    }
  }

  @Test func `plan says what the checks see at the traffic of now`() async throws {
    try await Self.with { bench, server in
      for host in ["a", "b", "c"] {
        try server.set(
          "/\(host)/metrics",
          [Self.metrics(requests: 10_000, errors: 10), Self.metrics(requests: 10_500, errors: 11)])
      }
      let text = await bench("plan", "shop@2.0")
      #expect(text.status == 0, "\(text)")
      #expect(text.answers.contains("what the checks can see · 1 updated against 2 siblings for up to 1h"), "\(text)")
      #expect(text.answers.contains("0.2 % fail"), "\(text)")
      #expect(text.answers.contains("400 MB now"), "\(text)")
      let json = await bench("plan", "shop@2.0", "--output", "json", "--no-traffic")
      #expect(!json.answers.contains("\"power\""))
    }
  }

  @Test func `plan without traffic asks no source`() async throws {
    try await Self.with { bench, server in
      let text = await bench("plan", "shop@2.0", "--no-traffic")
      #expect(text.status == 0 && !text.answers.contains("what the checks can see"), "\(text)")
      let asked = try server.count("/a/metrics")
      #expect(asked == 0)
    }
  }

  @Test func `plan says in one line why the traffic is not known`() async throws {
    try await Self.with { bench, server in
      for host in ["a", "b", "c"] { try server.set("/\(host)/metrics", [LoopbackServer.Answer(status: 500)]) }
      let text = await bench("plan", "shop@2.0")
      #expect(text.status == 0 && text.answers.contains("the traffic is not known: a: "), "\(text)")
      #expect(text.answers.contains("500, expected 200"), "\(text)")
    }
  }

  @Test func `doctor names the instances without data, and why`() async throws {
    try await Self.with { bench, server in
      for host in ["a", "b"] { try server.set("/\(host)/metrics", [Self.metrics(requests: 10, errors: 0)]) }
      try server.set("/c/metrics", [LoopbackServer.Answer(body: "heap_bytes 500000000\n")])
      let ill = await bench("doctor")
      #expect(ill.status == 1, "\(ill)")
      #expect(ill.answers.contains("check errors: data from 2 of 3 instances: c: no series requests_total"), "\(ill)")
      #expect(ill.answers.contains("check heap: data from 3 of 3 instances, 400 MB to 500 MB"), "\(ill)")
      try server.set("/c/metrics", [Self.metrics(requests: 10, errors: 0)])
      let well = await bench("doctor")
      #expect(well.status == 0, "\(well)")
    }
  }

  @Test func `doctor asks nothing of hosts on which nothing runs yet`() async throws {
    let server = try LoopbackServer()
    try await CommandBench.with(running: nil) { bench in
      try bench.writePolicy(Self.policy(server))
      let fresh = await bench("doctor")
      #expect(fresh.status == 0 && fresh.answers.contains("check errors: nothing runs on any instance yet"), "\(fresh)")
    }
  }

  /// Looks of one minute at 30 requests a second per instance, of which one in a hundred fails.
  @Test func `recorded samples of instances on the old version tell the traffic`() throws {
    let source = MetricSource.scrape("http://{host}/metrics")
    var policy = Policy(
      service: "shop", instances: .listed([]), transport: .local,
      release: ReleasePolicy(artifact: "a", directory: "/srv"))
    policy.checks = [
      CheckPolicy(name: "orders", source: source, measure: .rate("orders")),
      CheckPolicy(name: "errors", source: source, measure: .ratio(events: "bad", total: "all")),
    ]
    let now = Timestamp(milliseconds: 1_795_262_400_000)
    let reading = CheckLook(check: 0, readings: Array(repeating: .counts(events: 18, exposure: 1800), count: 3))
    let samples: [Sample] = [
      .segment(Segment(number: 1, stage: .comparison, hosts: [0, 1, 2], arms: [.updated, .sibling, .sibling])),
      .look(Look(at: now, duration: .minutes(1), checks: [reading])),
    ]
    let records = try samples.enumerated().map { try SampleCodec.encode($1, sequence: $0, at: now) }
    // The check was the first of its policy then, and is the second now.
    let tallies = StoredTraffic.tallies(records, names: ["errors"], for: policy)
    #expect(tallies[0].finding(policy.checks[0]) == .none(detail: "nothing to count"))
    #expect(tallies[1].seconds == 120 && tallies[1].exposure == 3600)
    let expected = TrafficTally.Finding.traffic(
      .requests(perSecond: 30, share: 0.01), CheckPower.Traffic(perSecond: 30, share: 0.01))
    #expect(tallies[1].finding(policy.checks[1]) == expected)
  }
}
