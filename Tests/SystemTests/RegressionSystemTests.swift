import ChildProcesses
import Foundation
import TestKit
import Testing

/// Regressions that thresholds miss and a release that is only different, on real instances under load over SSH.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: LoopbackSSHD.program != nil, "needs openssh-server"))
struct RegressionSystemTests {
  /// Four answers in a hundred take 5.5 times as long, all others 15 % less: p99 is doubled, the mean what it was.
  static let stretched = ["median_ms": 16.95, "slow_share": 0.04, "slow_factor": 5.5]

  @Test func aDoubledTailWithTheSameMeanIsTurnedBackWhileItsProbesAreGreen() async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try await Customers.with(rate: 390, fleet.instances.map(\.port)) { customers in
        try fleet.writeJudgedPolicy()
        try await fleet.pack("2.0", traits: Self.stretched)
        let before = try await customers.seen()
        let ended = try await fleet.canary("start", "shop@2.0", "--output", "jsonl")
        let after = try await customers.seen()
        let (_, _, blamed) = try expectTurnedBackByChecks(ended, fleet)
        #expect(blamed == ["latency"], "\(ended)")

        let canary = try #require(after.releases["2.0"])
        let siblings = try #require(after.releases["1.0"]).since(before.releases["1.0"] ?? Customers.Seen())
        print("mean \(ms(canary.mean)) against \(ms(siblings.mean)), p99 \(ms(canary.p99)) against \(ms(siblings.p99))")
        #expect(abs(canary.mean / siblings.mean - 1) < 0.05, "a check of the mean sees nothing")
        #expect(canary.p99 < 1, "nor does an absolute limit")
        #expect(canary.p99 > 1.5 * siblings.p99)
        let explained = try await fleet.canary("explain")
        #expect(explained.output.contains("latency"), "\(explained)")
      }
    }
  }

  @Test(.enabled(if: Balancer.program != nil, "needs haproxy"))
  func aBlackHoleBehindALeastConnectionsBalancerIsTurnedBack() async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try await Balancer.with(fleet) { port in
        try await Customers.with(rate: 200, [port]) { customers in
          try fleet.writeJudgedPolicy()
          try await fleet.pack("2.0", traits: ["error_rate": 1])
          let before = try await customers.seen()
          let ended = try await fleet.canary("start", "shop@2.0", "--output", "jsonl")
          let after = try await customers.seen()
          let (verdict, seconds, blamed) = try expectTurnedBackByChecks(ended, fleet)
          #expect(blamed.isSubset(of: ["errors", "traffic"]) && !blamed.isEmpty, "\(ended)")
          let traffic = verdict.evidence.first { $0.check == "traffic" }
          #expect((traffic?.canary ?? 0) > 1.5 * (traffic?.baseline ?? .infinity), "fast errors drew the traffic")

          let hole = try #require(after.releases["2.0"])
          let siblings = try #require(after.releases["1.0"]).since(before.releases["1.0"] ?? Customers.Seen())
          let failed = "\(after.failed - before.failed) of \(after.sent - before.sent) requests failed"
          print("\(failed), judged in \(seconds) s")
          #expect(hole.failed == hole.answers)
          #expect(hole.answers > 0 && siblings.failed < siblings.answers / 20, "only the canary's customers suffered")
        }
      }
    }
  }

  @Test func aGoodReleaseEarnsItsPassUnderTheSameLoad() async throws {
    try await Fleet.with { fleet in
      try await fleet.deploy("1.0")
      try await Customers.with(rate: 390, fleet.instances.map(\.port)) { customers in
        try fleet.writeJudgedPolicy()
        try await fleet.pack("2.0")
        let ended = try await fleet.canary("start", "shop@2.0", "--output", "jsonl")
        #expect(ended.status == .exited(0), "\(ended)")
        #expect(fleet.versions == ["2.0", "2.0", "2.0"])
        let lines = EventLine.all(in: ended.output)
        #expect(lines.contains { $0.verdict?.outcome == "pass" }, "\(ended)")
        #expect(!lines.contains { $0.verdict?.outcome == "fail" }, "\(ended)")
      }
    }
  }
}

/// A rollout that its checks turned back: the canary alone was touched and no probe ever failed. Gives the verdict, the
/// seconds from the burn-in's start to it, and the checks that failed.
func expectTurnedBackByChecks(
  _ ended: BuiltCanary.Ended, _ fleet: Fleet
) throws -> (verdict: EventLine.VerdictLine, seconds: Double, blamed: Set<String>) {
  #expect(ended.status == .exited(2), "\(ended)")
  #expect(fleet.versions == ["1.0", "1.0", "1.0"])
  #expect(fleet.restarts == [["1.0", "2.0", "1.0"], ["1.0"], ["1.0"]])
  let lines = EventLine.all(in: ended.output)
  let start = try #require(lines.firstIndex { $0.event == "burnInStarted" }, "\(ended)")
  let index = try #require(lines.firstIndex { $0.verdict?.outcome == "fail" }, "\(ended)")
  let isGreen = !lines[start..<index].contains { $0.event == "healthChanged" && $0.health == "unhealthy" }
  #expect(isGreen, "probes stayed green from the restart to the verdict: \(ended)")
  let verdict = try #require(lines[index].verdict)
  let blamed = verdict.evidence.filter { $0.outcome == "fail" }.map(\.check)
  return (verdict, lines[start].seconds(until: lines[index]) ?? .nan, Set(blamed))
}

private func ms(_ seconds: Double) -> String { "\((seconds * 10_000).rounded() / 10) ms" }

extension Fleet {
  /// A policy that is decided within seconds at a hundred requests a second and instance.
  fileprivate func writeJudgedPolicy() throws {
    let checks = """

        - name: errors
          bad: http_requests_total{code="500"}
          total: http_requests_total
          tolerance: 50%
          pass_margin: 150%
          interval: 1s
        - name: latency
          histogram: http_request_duration_seconds
          quantile: 0.99
          tolerance: 20%
          pass_margin: 50%
          limit: 1
          interval: 1s
        - name: traffic
          share: http_requests_total
          interval: 1s
      """
    try writePolicy([
      "metrics": "{scrape: \"http://{host}:{port}/metrics\"}", "checks": checks, "baseline": "8s", "warm_up": "3s",
      "burn_in": "{min: 8s, max: 80s}", "wave_burn_in": "2s", "soak": "3s",
    ])
  }
}
