import ChildProcesses
import Foundation
import TestKit
import Testing

/// Every directory under Examples runs and prints what it promises, in that order; so does the demo.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ExampleSystemTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let examples: [String] = {
    let isExample = { (name: String) in !name.hasSuffix(".md") }
    let path = root.appendingPathComponent("Examples").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter(isExample).sorted()
  }()

  @Test func thereAreExamples() { #expect(Self.examples.count >= 2) }

  @Test(arguments: examples)
  func example(name: String) async throws {
    let directory = Self.root.appendingPathComponent("Examples/\(name)").path
    let command = ProcessCommand([directory + "/run", CanaryCommand.binary], environment: ["NO_COLOR": "1"])
    let result = try await ChildProcess.run(command, timeout: .seconds(180), outputLimit: 1 << 20).get()
    let output = String(decoding: result.output, as: UTF8.self)
    #expect(result.status == .exited(0), "\(output)\(String(decoding: result.errorOutput, as: UTF8.self))")
    var rest = output[...]
    for line in (contents(of: directory + "/expect") ?? "").split(separator: "\n") {
      guard let range = rest.range(of: line) else {
        Issue.record("\(name) does not print `\(line)` where it should:\n\(output)")
        return
      }
      rest = rest[range.upperBound...]
    }
  }

  @Test func theDemoRollsAGoodAndABadReleaseAndLeavesNothingRunning() async throws {
    try await TemporaryDirectory.with { directory in
      let command = ProcessCommand(
        [CanaryCommand.binary, "demo"],
        environment: ["CANARY_DEMO_BURN_IN": "4s", "CANARY_DEMO_MARK": directory.path, "NO_COLOR": "1"])
      let result = try await ChildProcess.run(command, timeout: .seconds(240), outputLimit: 1 << 20).get()
      let output = String(decoding: result.output, as: UTF8.self)
      #expect(result.status == .exited(0), "\(output)\(String(decoding: result.errorOutput, as: UTF8.self))")
      #expect(output.contains("rolled_back") || output.contains("rolled back"))
      #expect(output.contains("where to look next"))
      let left = await eventually { processes(withEnvironment: "CANARY_DEMO_MARK=\(directory.path)").isEmpty }
      #expect(left, "\(processes(withEnvironment: "CANARY_DEMO_MARK=\(directory.path)").map { commandLine(of: $0) })")
    }
  }
}
