import RolloutCore
import RolloutEngine
import TestKit
import Testing

@testable import CanaryCommands

/// Verbs from their words to the hosts in memory.
@Suite(.timeLimit(.minutes(2)))
struct RolloutCommandTests {
  @Test func `a good release reaches every host`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("start", "shop@2.0")
      #expect(ended.status == 0, "\(ended)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
      #expect(await bench("plan", "shop@2.0", "--exit-code").status == 0)
      #expect(await bench("plan", "shop@2.1", "--exit-code").status == 10)
      #expect(await bench("watch").status == 0)
      for verb in ["status", "explain", "history", "log", "hosts"] {
        for output in ["text", "json", "jsonl"] {
          let answer = await bench(verb, "--output", output)
          #expect(answer.status == 0 && !answer.answers.isEmpty && answer.notes.isEmpty, "\(verb) \(answer)")
        }
      }
    }
  }

  @Test func `a sick canary goes back and exits with 2`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(CommandBench.policy + "\nhealthy_deadline: 1s\n")
      await bench.fleet.makeSick("2.0")
      #expect(await bench("start", "shop@2.0").status == 2)
      #expect(await bench.fleet.versions() == ["1.0", "1.0", "1.0"])
    }
  }

  @Test func `a sick canary halts where the policy says so, and nobody starts beside it`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(CommandBench.policy + "\nhealthy_deadline: 1s\non_fail: halt\n")
      await bench.fleet.makeSick("2.0")
      #expect(await bench("start", "shop@2.0").status == 3)
      let second = await bench("start", "shop@2.1")
      #expect(second.status == 5 && second.notes.contains("canary explain"), "\(second)")
      #expect(second.notes.contains("--supersede") && !second.notes.contains("canary resume"), "\(second)")
      let promoted = await bench("promote", "--reason", "no")
      #expect(promoted.status == 5 && promoted.notes.contains("canary retry"), "\(promoted)")
      let back = await bench("rollback", "--reason", "broken")
      #expect(back.status == 0, "\(back)")
      #expect(await bench.fleet.versions() == ["1.0", "1.0", "1.0"])
      #expect(await bench.state()?.state == "rolled_back")
    }
  }

  @Test func `a halted rollout can be superseded`() async throws {
    try await CommandBench.with { bench in
      // The sick host is down already when the next rollout begins.
      try bench.writePolicy(
        CommandBench.policy + "\nhealthy_deadline: 1s\non_fail: halt\nmax_unavailable: 2\n")
      await bench.fleet.makeSick("2.0")
      #expect(await bench("start", "shop@2.0").status == 3)
      let first = await bench.state()?.id.text ?? ""
      let ended = await bench("start", "shop@2.1", "--supersede")
      #expect(ended.status == 0, "\(ended)")
      #expect(await bench.state(first)?.state == "superseded")
      #expect(await bench.fleet.versions() == ["2.1", "2.1", "2.1"])
    }
  }

  @Test func `every problem of a plan is told with code and remedy, and nothing is recorded`() async throws {
    try await CommandBench.with { bench in
      await bench.fleet.unplug("b")
      let ended = await bench("start", "shop@2.0", "--exclude", "aa", "--reason", "x")
      #expect(ended.status == 5)
      #expect(ended.notes.contains("CNY0303 b:") && ended.notes.contains("CNY0310 aa:"), "\(ended)")
      #expect(ended.notes.contains("did you mean `a`?"), "\(ended)")
      #expect(await bench.state() == nil)
      let json = await bench("plan", "shop@2.0", "--output", "jsonl")
      #expect(json.status == 5 && json.answers.contains("\"code\":\"CNY0303\""), "\(json)")
    }
  }

  @Test func `an unknown version names its neighbours`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("start", "shop@2.2")
      #expect(ended.status == 5)
      #expect(ended.notes.contains("did you mean `2.0`?") && ended.notes.contains("1.0, 2.0, 2.1"), "\(ended)")
    }
  }

  @Test func `a digest that is not the artifact's is refused before anything is asked`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(
        CommandBench.policy.replacing(
          "  directory:", with: "  sha256: dist/shop-{version}.tar.gz.sha256\n  directory:"))
      let wrong = String(repeating: "a", count: 64)
      _ = try bench.directory.file("dist/shop-2.0.tar.gz.sha256", "\(wrong)  shop-2.0.tar.gz\n")
      let ended = await bench("start", "shop@2.0")
      #expect(ended.status == 65 && ended.notes.contains(wrong), "\(ended)")
      let missing = await bench("start", "shop@2.1")
      #expect(missing.status == 5 && missing.notes.contains("sha256sum shop-2.1.tar.gz"), "\(missing)")
      _ = try bench.directory.file("dist/shop-2.1.tar.gz.sha256", "\(wrong)  other.tar.gz\n")
      #expect(await bench("start", "shop@2.1").status == 65)
      let right = try sha256(ofFile: bench.directory.path("dist/shop-2.1.tar.gz"))
      _ = try bench.directory.file("dist/shop-2.1.tar.gz.sha256", "\(right)  shop-2.1.tar.gz\n")
      #expect(await bench("start", "shop@2.1").status == 0)
    }
  }

  @Test func `a saved plan runs, and is refused once the world has changed`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("plan", "shop@2.0", "--out", "plan.json").status == 0)
      #expect(await bench("start", "shop@2.0", "--plan", "plan.json").status == 0)
      let again = await bench("start", "shop@2.0", "--plan", "plan.json")
      #expect(again.status == 5 && again.notes.contains("a: runs 2.0 now, 1.0 in the plan"), "\(again)")
      _ = try bench.directory.file("no.json", "{}")
      #expect(await bench("start", "shop@2.0", "--plan", "no.json").status == 65)
    }
  }

  @Test func `rollback goes to the last proven version, or lists what there is`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("start", "shop@2.0").status == 0)
      let nothing = await bench("rollback")
      #expect(nothing.status == 5 && nothing.notes.contains("1.0"), "\(nothing)")
      #expect(await bench("start", "shop@2.1").status == 0)
      let back = await bench("undo")
      #expect(back.status == 0, "\(back)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
      // Not forward again to what was left.
      #expect(await bench("rollback").status == 5)
      let named = await bench("rollback", "--to", "2.1")
      #expect(named.status == 0, "\(named)")
      let unknown = await bench("rollback", "--to", "2.2")
      #expect(unknown.status == 5 && unknown.notes.contains("did you mean"), "\(unknown)")
    }
  }

  @Test func `detach prints the id alone and the rollout goes on`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("start", "shop@2.0", "--detach")
      #expect(ended.status == 0, "\(ended)")
      let id = ended.answers.split(separator: "\n").joined()
      #expect(id.hasPrefix("shop-2"))
      #expect(await bench.state(id) != nil)
      #expect(await bench("watch", id).status == 0)
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
    }
  }

  @Test func `a timeout hands over and exits with 6`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(CommandBench.policy.replacing("min: 0s, max: 1m", with: "min: 5m, max: 6m"))
      let ended = await bench("start", "shop@2.0", "--timeout", "1s")
      #expect(ended.status == 6 && ended.notes.contains("canary watch shop-"), "\(ended)")
      #expect(await bench.reaches("burning_in"))
      let promoted = await bench("promote", "--full", "--reason", "enough")
      #expect(promoted.status == 0, "\(promoted)")
      #expect(await bench("watch").status == 0)
    }
  }

  @Test func `hosts that another journal drove are not touched before they are adopted`() async throws {
    try await CommandBench.with { bench in
      #expect(await bench("start", "shop@2.0").status == 0)
      #expect(await bench("start", "shop@2.1").status == 0)
      let foreign = await bench("start", "shop@2.0", "--state", "other")
      #expect(foreign.status == 5 && foreign.notes.contains("epoch 2"), "\(foreign)")
      #expect(await bench.fleet.versions() == ["2.1", "2.1", "2.1"])
      let adopted = await bench("start", "shop@2.0", "--state", "other", "--adopt")
      #expect(adopted.status == 0, "\(adopted)")
      #expect(await bench.fleet.versions() == ["2.0", "2.0", "2.0"])
      #expect(await bench("start", "shop@2.1").status == 5)
    }
  }

  @Test func `doctor finds nothing wrong, then what is`() async throws {
    try await CommandBench.with { bench in
      let well = await bench("doctor", "shop@2.0")
      #expect(well.status == 0 && well.answers.contains("no problem found"), "\(well)")
      await bench.fleet.unplug("b")
      let ill = await bench("doctor", "shop@9.0", "--output", "json")
      #expect(ill.status == 1 && ill.answers.contains("connection refused") && ill.answers.contains("\"artifact\""))
    }
  }
}
