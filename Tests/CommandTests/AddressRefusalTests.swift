import RolloutCore
import TestKit
import Testing

@testable import CanaryCommands

struct AddressRefusalTests {
  private static let cases = [
    ("probes: [{http: \"http://evil.example.com/healthz\", name: up}]", "probe up", "line\":11"),
    (
      "checks: [{name: errors, scrape: \"http://evil.example.com/metrics\", gauge: g, limit: 1}]", "check errors",
      "line\":12"
    ),
  ]

  private static func policy(_ line: String) -> String {
    line.hasPrefix("probes")
      ? CommandBench.policy.replacing("probes: [{tcp: \"{host}:80\"}]", with: line) : CommandBench.policy + "\n" + line
  }

  @Test(arguments: cases) func `an address on another host is refused before anything is asked`(
    line: String, name: String, place: String
  ) async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(Self.policy(line))
      // A host that cannot be asked would be refused with another status.
      await bench.fleet.unplug("b")
      for verb in ["plan", "start"] {
        let ended = await bench(verb, "shop@2.0")
        #expect(ended.status == 65, "\(ended)")
        #expect(ended.notes.contains("\(name) is not sent for a: http://evil.example.com/"), "\(ended)")
        #expect(ended.notes.contains("only the instance's own host a may be asked"), "\(ended)")
      }
      #expect(await bench.state() == nil)
    }
  }

  @Test(arguments: cases) func `lint says where such an address stands`(
    line: String, name: String, place: String
  ) async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(Self.policy(line))
      let ended = await bench("lint", "--output", "jsonl")
      #expect(ended.status == 65 && ended.answers.contains(name) && ended.answers.contains("CNY0612"), "\(ended)")
      #expect(ended.answers.contains(place), "\(ended)")
      try bench.writePolicy(Self.policy(line.replacing("evil.example.com", with: "{host}")))
      #expect(await bench("lint").status == 0)
    }
  }

  @Test func `lint reads the instances of a hosts file as well`() async throws {
    try await CommandBench.with { bench in
      _ = try bench.directory.file("hosts.txt", "a\nb\n")
      try bench.writePolicy(
        Self.policy(Self.cases[0].0).replacing("[{host: a}, {host: b}, {host: c}]", with: "{file: hosts.txt}"))
      let ended = await bench("lint")
      #expect(ended.status == 65 && ended.answers.contains("probe up is not sent for a"), "\(ended)")
    }
  }
}
