import ChildProcesses
import Foundation
import TestKit
import Testing

/// Real rollouts over SSH whose checks are read from a real metrics server, which dies and comes back while the canary
/// burns in, or from the datagrams of the service's own StatsD clients.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: LoopbackSSHD.program != nil, "needs openssh-server"))
struct MetricServerSystemTests {
  enum Release: CaseIterable { case good, bad }

  @Test(.enabled(if: RealPrometheus.program != nil, "needs prometheus"), arguments: Release.allCases)
  func `Prometheus decides, through a death of its own`(_ release: Release) async throws {
    try await Fleet.with { fleet in
      let targets = fleet.instances.map { RealPrometheus.Target("127.0.0.1:\($0.port)") }
      try await RealPrometheus.with(scraping: targets) { prometheus in
        let metrics = "{prometheus: {url: \"\(prometheus.url)\", instance: \"{host}:{port}\"}}"
        try await roll(
          release, fleet, metrics: metrics, checks: [.errorsByCode, .latency("http_request_duration_seconds")],
          traits: RegressionSystemTests.stretched, blamed: "latency",
          outage: Outage(begin: prometheus.kill, end: prometheus.start))
      }
    }
  }

  @Test(.enabled(if: RealGraphite.isInstalled, "needs graphite-web and graphite-carbon"), arguments: Release.allCases)
  func `Graphite decides, through a death of its own`(_ release: Release) async throws {
    try await Fleet.with { fleet in
      try await RealGraphite.with { graphite in
        try fleet.tell(["CARBON_PORT=\(graphite.linePort)"])
        try await roll(
          release, fleet, metrics: "{graphite: {url: \"\(graphite.url)\"}}", checks: [.errorsByName],
          teller: Fleet.tellingService, traits: ["error_rate": 0.08], blamed: "errors",
          outage: Outage(begin: graphite.kill, end: graphite.start))
      }
    }
  }

  @Test(arguments: Release.allCases)
  func `the datagrams of the service's StatsD clients decide`(_ release: Release) async throws {
    try await Fleet.with { fleet in
      let port = try await FreePort.next(.udp)
      try fleet.tell(["STATSD_PORT=\(port)"])
      try await roll(
        release, fleet, metrics: "{statsd: {listen: \"127.0.0.1:\(port)\"}}",
        checks: [.errorsByName, .latency("'{id}.took'")], teller: Fleet.tellingService,
        traits: RegressionSystemTests.stretched, blamed: "latency")
    }
  }
}

private struct Outage {
  var begin: () async -> Void
  var end: () async throws -> Void
}

/// Rolls a release that is as good as the last, or has `traits`, under load. The good one passes and the bad one is
/// turned back, its probes green all the time, also when the metrics server is away for a while.
private func roll(
  _ release: MetricServerSystemTests.Release, _ fleet: Fleet, metrics: String, checks: [Fleet.Check],
  teller: String? = nil, traits: [String: Double], blamed: String, outage: Outage? = nil
) async throws {
  try await fleet.deploy("1.0", teller: teller)
  try await Customers.with(rate: 390, fleet.instances.map(\.port)) { _ in
    try fleet.writePolicy([
      "metrics": metrics, "checks": checks.map(\.text).joined(), "baseline": "8s", "warm_up": "3s",
      "burn_in": "{min: 8s, max: 80s}", "wave_burn_in": "2s", "soak": "3s",
    ])
    try await fleet.pack("2.0", traits: release == .bad ? traits : [:], teller: teller)
    let rollout = try await fleet.canary.begin("start", "shop@2.0")
    try await rollout.reached("burnInStarted")
    if let outage {
      await outage.begin()
      let isNoticed = await rollout.log.contains("\"outcome\":\"no_data\"")
      try await outage.end()
      let said = await rollout.log.text
      #expect(isNoticed, "\(said)")
    }
    try expectDecided(release, await rollout.ended(), fleet, blamed: blamed)
  }
}

private func expectDecided(
  _ release: MetricServerSystemTests.Release, _ ended: BuiltCanary.Ended, _ fleet: Fleet, blamed: String
) throws {
  let verdicts = EventLine.all(in: ended.output).compactMap(\.verdict)
  switch release {
  case .good:
    #expect(ended.status == .exited(0), "\(ended)")
    #expect(fleet.versions == ["2.0", "2.0", "2.0"])
    #expect(verdicts.contains { $0.outcome == "pass" }, "\(ended)")
    #expect(!verdicts.contains { $0.outcome == "fail" }, "\(ended)")
  case .bad: #expect(try expectTurnedBackByChecks(ended, fleet).blamed == [blamed], "\(ended)")
  }
}

extension Fleet {
  struct Check {
    var text: String

    static let errorsByCode = errors(bad: "http_requests_total{code=\"500\"}", total: "http_requests_total")
    static let errorsByName = errors(bad: "'{id}.errors'", total: "'{id}.requests'")

    private static func errors(bad: String, total: String) -> Check {
      Check(
        text: """

              - name: errors
                bad: \(bad)
                total: \(total)
                tolerance: 50%
                pass_margin: 150%
                interval: 1s
          """)
    }

    static func latency(_ histogram: String) -> Check {
      Check(
        text: """

              - name: latency
                histogram: \(histogram)
                quantile: 0.99
                tolerance: 20%
                pass_margin: 50%
                interval: 1s
          """)
    }
  }

  /// A service in place of the demo's that tells a metrics server what it serves.
  static let tellingService =
    contents(of: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "telling_service.py").path) ?? ""

  /// Says to every instance where to tell it. Its StatsD client is a package of Debian's own interpreter.
  func tell(_ settings: [String]) throws {
    for (index, instance) in instances.enumerated() {
      let exported = (settings + ["NAME=\(instance.name)", "PATH=/usr/bin:$PATH"]).map { "export \($0)" }
      try append(environment: exported, of: index)
    }
  }
}
