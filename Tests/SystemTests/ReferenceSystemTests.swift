import ChildProcesses
import Foundation
import TestKit
import Testing

/// What is generated and committed is what the binary says now; `make reference` writes it anew.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ReferenceSystemTests {
  @Test func theReferenceIsUpToDate() async throws {
    let root = ExampleSystemTests.root.path
    try await TemporaryDirectory.with { directory in
      try await runOrThrow([root + "/tools/reference", BuiltCanary.binary, directory.path])
      for file in ["docs/reference/cli.md", "policies/policy.schema.json", "policies/checks.schema.json"] {
        let committed = try #require(contents(of: root + "/" + file))
        #expect(contents(of: directory.path(file)) == committed, "\(file) is out of date: make reference")
      }
    }
  }

  @Test func everyShippedPolicyPassesLint() async throws {
    let root = ExampleSystemTests.root.path
    let policies = try FileManager.default.contentsOfDirectory(atPath: root + "/policies").sorted()
    for name in policies where name.hasSuffix(".yaml") {
      let ended = try await BuiltCanary(directory: root)("lint", "policies/" + name)
      #expect(ended.status == .exited(0), "\(name): \(ended)")
    }
  }
}
