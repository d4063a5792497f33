import Foundation
import RolloutCore
import RolloutSimulation
import TestKit
import Testing

@testable import CanaryCommands

/// `canary simulate`: the real controller on made-up hosts, as a person sees it.
@Suite struct SimulateTests {
  private static let policies = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("policies")

  static let shipped = [
    "batch-worker", "cautious", "fast", "low-traffic", "reference", "stateful", "web-tier-prometheus", "web-tier",
  ]

  @Test func `every shipped policy is simulated here`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.policies.path)
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(names.sorted() == Self.shipped.sorted())
  }

  @Test(arguments: shipped) func `a shipped policy succeeds without faults and keeps its promises with three`(
    _ name: String
  ) async throws {
    try await CommandBench.with { bench in
      let path = Self.policies.appendingPathComponent(name + ".yaml").path
      let calm = await bench("simulate", path, "--hosts", "5", "--seed", "1", "--faults", "0")
      #expect(calm.status == 0, "\(calm)")
      #expect(calm.answers.contains("\nended          succeeded after "), "\(calm)")
      #expect(calm.answers.contains("no faults\n") && calm.answers.contains("promises       all kept"), "\(calm)")
      let rough = await bench("simulate", path, "--hosts", "5", "--runs", "8", "--faults", "3")
      #expect(rough.status == 0, "\(rough)")
      #expect(rough.answers.contains("promises       none broken in 8 runs\n"), "\(rough)")
    }
  }

  @Test func `one seed tells what happened, the same way every time`() async throws {
    try await CommandBench.with { bench in
      let first = await bench("simulate", "--seed", "7", "--faults", "4")
      let second = await bench("simulate", "canary.yaml", "--seed", "7", "--faults", "4")
      #expect(first.status == 0 && first.answers == second.answers, "\(first) \(second)")
      let head = "shop  canary.yaml on 3 simulated instances, seed 7, 4 faults\n08:00:00Z release r1"
      #expect(first.answers.hasPrefix(head), "\(first)")
      #expect(first.answers.contains("max_unavailable allows 1\n"), "\(first)")
      let struck = first.answers.split(separator: "\n").filter { $0.contains("Z ✖ ") }
      #expect((1...4).contains(struck.count), "\(first)")
      let other = await bench("simulate", "--seed", "8", "--faults", "4")
      #expect(other.answers != first.answers)
      #expect(await bench.state() == nil, "nothing was written")
      #expect(await bench.fleet.versions() == ["1.0", "1.0", "1.0"])
    }
  }

  @Test func `many seeds are counted, each end with a seed that shows it`() async throws {
    try await CommandBench.with { bench in
      let text = await bench("simulate", "--runs", "40", "--faults", "2")
      #expect(text.status == 0 && text.answers.contains("END  "), "\(text)")
      #expect(text.answers.contains("promises       none broken in 40 runs\n"), "\(text)")
      let json = await bench("simulate", "--runs", "40", "--faults", "2", "--output", "json")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let answer = try decoder.decode(Answer.self, from: Data(json.answers.utf8))
      #expect(answer.ends.reduce(0) { $0 + $1.runs } == 40 && answer.ends.count > 1, "\(json)")
      #expect(answer.worstDown <= 1 && answer.broken.isEmpty && answer.median <= answer.longest, "\(json)")
      for ending in answer.ends {
        let one = await bench("simulate", "--seed", "\(ending.seed)", "--faults", "2")
        #expect(one.answers.contains("\nended          \(ending.end.state) after "), "\(one)")
        if let remedy = ending.end.waitsFor { #expect(one.answers.contains("waits for a person: canary \(remedy)\n")) }
      }
    }
  }

  private struct Answer: Decodable {
    struct Ending: Decodable {
      struct End: Decodable {
        var state: String
        var waitsFor: String?
      }
      var end: End
      var runs: Int
      var seed: UInt64
    }
    var ends: [Ending]
    var worstDown: Int
    var median: Double
    var longest: Double
    var broken: [[String: String]]
  }

  @Test func `one run for programs`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("simulate", "--seed", "3", "--output", "jsonl")
      #expect(ended.status == 0 && ended.answers.split(separator: "\n").count == 1, "\(ended)")
      #expect(ended.answers.hasPrefix(#"{"v":1,"type":"simulation","service":"shop","policy":"canary.yaml""#))
      #expect(ended.answers.contains(#""event":"planned","state":"#), "\(ended)")
    }
  }

  @Test func `a person who must approve does, and named canaries are among the made-up hosts`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(
        CommandBench.policy.replacing("canary: {count: 1}", with: "canary: {hosts: [b]}\napproval: canary"))
      let ended = await bench("simulate", "--hosts", "2", "--seed", "1", "--faults", "0")
      #expect(ended.answers.contains("promoted by ") && ended.answers.contains("succeeded after"), "\(ended)")
      #expect(ended.answers.contains("b staging (wave 1/2, canary)"), "\(ended)")
    }
  }

  @Test func `bad input is refused with what to do`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("simulate", "nowhere.yaml").status == 65)
      #expect(await bench("simulate", "--faults", "-1").status == 64)
      #expect(await bench("simulate", "--faults", "many").status == 64)
      #expect(await bench("simulate", "--runs", "0").status == 64)
      #expect(await bench("simulate", "--hosts", "1001").status == 64)
      #expect(await bench("simulate", "--seed", "18446744073709551615").status == 64)
      #expect(await bench("simulate", "canary.yaml", "--policy", "canary.yaml").status == 64)
      try bench.writePolicy(CommandBench.policy.replacing("canary: {count: 1}", with: "canary: {hosts: [z]}"))
      let refused = await bench("simulate", "--runs", "1")
      #expect(refused.status == 65 || refused.status == 5, "\(refused)")
      #expect(refused.notes.contains("z") && refused.answers.isEmpty, "\(refused)")
      try bench.writePolicy("service: [")
      let broken = await bench("simulate")
      #expect(broken.status == 65 && broken.answers.isEmpty, "\(broken)")
    }
  }
}
