import TestKit
import Testing

@testable import CanaryCommands

struct PolicyDiscoveryTests {
  private func policy(_ service: String) -> String {
    CommandBench.policy.replacing("service: shop", with: "service: \(service)")
      .replacing("dist/", with: "../dist/")
  }

  @Test func `canary yaml comes first, then the service's own file`() async throws {
    try await CommandBench.with { bench in
      _ = try bench.directory.directory("policies")
      try bench.writePolicy(policy("pay"), to: "policies/pay.yaml")
      try bench.writePolicy("never read", to: "policies/shop.yaml")
      #expect(await bench("plan", "shop@2.0").status == 0)
      let pay = await bench("plan", "pay@2.0", "--output", "json")
      #expect(pay.status == 0, "\(pay)")
      #expect(pay.answers.contains("\"pay\""))
    }
  }

  @Test func `another service's policy is refused with what was meant`() async throws {
    try await CommandBench.with { bench in
      let ended = await bench("start", "shpo@2.0")
      #expect(ended.status == 5)
      #expect(ended.notes.contains("canary.yaml is about shop") && ended.notes.contains("did you mean `shop`?"))
    }
  }

  @Test func `no policy says where it was looked for`() async throws {
    try await CommandBench.with { bench in
      try removeFile(bench.directory.path("canary.yaml"))
      let ended = await bench("plan", "shop@2.0")
      #expect(ended.status == 65)
      for name in ["canary.yaml", "canary.yml", ".canary.yaml", "policies/shop.yaml"] {
        #expect(ended.notes.contains(name), "\(ended)")
      }
      let named = await bench("plan", "shop@2.0", "--policy", "nowhere.yaml")
      #expect(named.status == 65 && named.notes.contains("nowhere.yaml"))
    }
  }

  @Test func `an invalid policy shows every diagnostic and exits with 65`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(CommandBench.policy + "\nwavs: [1]\nburn: 3\n")
      for verb in [["lint"], ["plan", "shop@2.0"], ["start", "shop@2.0"]] {
        let ended = await bench.run(verb)
        #expect(ended.status == 65, "\(ended)")
        let said = ended.answers + ended.notes
        #expect(said.contains("wavs") && said.contains("burn") && said.contains("canary.yaml:"), "\(ended)")
      }
      #expect(await bench.state() == nil)
    }
  }

  @Test func `lint answers in JSON`() async throws {
    try await CommandBench.with { bench in
      try bench.writePolicy(CommandBench.policy + "\nwavs: [1]\n")
      let ended = await bench("lint", "--output", "jsonl")
      #expect(ended.answers.contains("\"severity\":\"error\"") && ended.answers.contains("\"line\":12"), "\(ended)")
    }
  }

  @Test func `the state directory follows option, variable, XDG and home`() throws {
    func path(_ named: String?, _ environment: [String: String]) -> String? {
      let context = CommandContext(
        environment: environment, directory: "/here", console: .silent, composition: .live, operatorName: "t",
        takesSignals: false)
      return try? StateDirectory(named: named, in: context).path
    }
    let all = ["CANARY_STATE": "/c", "XDG_STATE_HOME": "/x", "HOME": "/h"]
    #expect(path("d", all) == "/here/d")
    #expect(path(nil, all) == "/c")
    #expect(path(nil, ["CANARY_STATE": "", "XDG_STATE_HOME": "/x", "HOME": "/h"]) == "/x/canary")
    #expect(path(nil, ["HOME": "/h"]) == "/h/.local/state/canary")
    #expect(path(nil, [:]) == nil)
  }

  @Test func `the operator is named by people, then CI, then the login`() {
    #expect(Operator.name(["CANARY_USER": "ann", "GITHUB_ACTOR": "bot", "USER": "u"]) == "ann")
    #expect(Operator.name(["GITHUB_ACTOR": "bot", "USER": "u"]) == "bot")
    #expect(Operator.name(["GITLAB_USER_LOGIN": "lab"]) == "lab")
    #expect(Operator.name(["USER": "u"]) == "u@\(Operator.hostName)")
  }
}
