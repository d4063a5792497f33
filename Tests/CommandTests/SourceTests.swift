import LoopbackFixtures
import RolloutCore
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
}
