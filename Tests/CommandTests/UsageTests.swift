import Testing

@testable import CanaryCommands

struct UsageTests {
  @Test(arguments: [
    ["nonsense"], ["start"], ["start", "shop"], ["start", "shop@"], ["start", "shop@../x"], ["start", "Shop@1"],
    ["start", "shop@1", "--timeout", "20"], ["start", "shop@1", "--timeout", "soon"],
    ["plan", "shop@1", "--output", "xml"],
    ["promote"], ["promote", "--reason", "  "], ["skip"], ["skip", "a"], ["abort", "--hold", "--rollback"],
    ["history", "--limit", "0"], ["explain", "CNY9999"], ["man", "nonsense"], ["completions", "tcsh"],
    ["status", "--nonsense"], ["rollback", "--to", "a/b"],
  ])
  func `what cannot be meant exits with 64`(arguments: [String]) async throws {
    try await CommandBench.with { bench in
      let ended = await bench.run(arguments)
      #expect(ended.status == 64, "\(ended)")
      #expect(ended.answers.isEmpty, "\(ended)")
      #expect(!ended.notes.isEmpty)
    }
  }

  @Test(arguments: [
    ("strat", "canary start"), ("stat", "canary status"), ("rolback", "canary rollback"), ("abrot", "canary abort"),
    ("lnit", "canary lint"), ("revrt", "canary rollback"),
  ])
  func `an unknown verb gets the nearest one`(typed: String, meant: String) async throws {
    try await CommandBench.with { bench in
      let ended = await bench(typed)
      #expect(ended.notes.contains("did you mean `\(meant)`?"), "\(ended)")
    }
  }

  @Test(arguments: [
    ("undo", "rollback"), ("revert", "rollback"), ("validate", "lint"), ("run", "start"), ("deploy", "start"),
    ("why", "explain"),
  ])
  func `hidden aliases are understood`(alias: String, verb: String) throws {
    #expect(try VerbNames.resolve([alias, "x", "--y"]) == [verb, "x", "--y"])
  }

  @Test func `help lists every verb, and no alias`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("--help")
      #expect(ended.status == 0)
      #expect(ended.notes.isEmpty)
      let listed = ended.answers.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
        .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { !$0.hasPrefix("-") && $0 != "See" }
      #expect(
        listed == [
          "plan", "start", "rollback", "status", "watch", "explain", "hosts", "history", "log", "replay", "pause",
          "resume", "promote", "retry", "skip", "abort", "lint", "simulate", "calibrate", "schema", "doctor", "demo",
          "completions", "man",
        ])
    }
  }

  @Test func `every verb has help, a manual page and the three common options`() async throws {
    try await CommandBench.with { bench in
      for verb in VerbNames.all {
        // A verb of verbs leaves the options to them.
        for words in verb == "history" ? [[verb, "list"], [verb, "verify"]] : [[verb]] {
          let help = await bench.run(words + ["--help"])
          #expect(help.status == 0)
          for option in ["--output", "--policy", "--state"] {
            #expect(help.answers.contains(option), "\(words) \(option)")
          }
        }
        let page = await bench("man", verb)
        #expect(page.answers.hasPrefix(".TH CANARY\\-\(verb.uppercased()) 1"), "\(page)")
        #expect(page.answers.contains(".SH NAME") && page.answers.contains(".SH OPTIONS"))
        #expect(!page.answers.contains("as\\-is"))
      }
    }
  }

  @Test func `completion scripts are answers`() async throws {
    try await CommandBench.with { bench in
      for shell in ["bash", "zsh", "fish"] {
        let ended = await bench("completions", shell)
        #expect(ended.status == 0 && ended.answers.contains("canary"))
      }
    }
  }

  @Test func `exit statuses are the documented ones`() {
    #expect(
      ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 64, 65, 129, 130, 143])
  }
}
