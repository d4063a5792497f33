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
    let command = ProcessCommand([directory + "/run", BuiltCanary.binary], environment: ["NO_COLOR": "1"])
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

  @Test func theDemoRollsAGoodAndASlowReleaseAndLeavesNothingRunning() async throws {
    try await TemporaryDirectory.with { directory in
      let result = try await ChildProcess.run(
        demo(marked: directory), timeout: .seconds(280), outputLimit: 1 << 20
      ).get()
      let output = String(decoding: result.output, as: UTF8.self)
      #expect(result.status == .exited(0), "\(output)\(String(decoding: result.errorOutput, as: UTF8.self))")
      #expect(output.contains("rolled_back: latency"), "the judge turned it back, for its latency: \(output)")
      #expect(!output.contains("unhealthy"), "every probe stayed green: \(output)")
      #expect(output.contains("where to look next"))
      await expectNothingRuns(marked: directory)
    }
  }

  @Test func anInterruptedDemoLeavesNothingRunning() async throws {
    try await TemporaryDirectory.with { directory in
      let process = try await ProcessSession.start(demo(marked: directory)).get()
      let log = LineLog()
      Task.detached {
        while let piece = await process.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
        await log.end()
      }
      let isUnderWay = await log.contains("canary start shop@1.1.0")
      #expect(isUnderWay)
      // What a terminal sends on Ctrl-C goes to everything in front.
      kill(-(await process.processID), SIGINT)
      #expect(await process.end() == .exited(130))
      await expectNothingRuns(marked: directory)
    }
  }

  private func demo(marked directory: TemporaryDirectory) -> ProcessCommand {
    ProcessCommand(
      [BuiltCanary.binary, "demo"], environment: ["CANARY_DEMO_MARK": directory.path, "NO_COLOR": "1"])
  }

  private func expectNothingRuns(marked directory: TemporaryDirectory) async {
    let left = await eventually { processes(withEnvironment: "CANARY_DEMO_MARK=\(directory.path)").isEmpty }
    #expect(left, "\(processes(withEnvironment: "CANARY_DEMO_MARK=\(directory.path)").map { commandLine(of: $0) })")
  }
}
