import Foundation
import RolloutCore
import Testing

/// Law 6: replay asks nothing of the world, so the core's sources cannot.
@Suite struct PurityTests {
  @Test func coreReadsNoClockDrawsNoNumberAndWaitsForNothing() throws {
    let sources = try Self.coreSources()
    #expect(sources.count >= 20)
    for (name, text) in sources {
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        let code = Self.withoutComment(line)
        for word in Self.banned where code.contains(word) {
          Issue.record("\(name):\(number + 1) says \(word): \(line)")
        }
      }
    }
  }

  /// Their order differs between runs. Looking one key up is fine; the core has no need of it so far.
  @Test func coreKeepsNothingInUnorderedCollections() throws {
    for (name, text) in try Self.coreSources() where name.hasPrefix("Machine/") {
      for line in text.split(separator: "\n") {
        let code = Self.withoutComment(line)
        let isUnordered = code.contains("Set<") || code.contains("Dictionary") || code.contains("[:]")
        #expect(!isUnordered, "\(name): \(line)")
      }
    }
  }

  private static let banned = [
    "import Foundation", "import Glibc", "import Dispatch", "import Synchronization", " async ", "await ", "Date()",
    "Date.now", "Clock()", ".random", "SystemRandom", "Task {", "Task.", "print(", "getenv", "ProcessInfo",
  ]

  private static func withoutComment(_ line: Substring) -> Substring {
    line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
  }

  private static func coreSources() throws -> [(name: String, text: String)] {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let root = package.appending(path: "Sources/RolloutCore")
    let names = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
    return try names.sorted().map { ($0, try String(contentsOf: root.appending(path: $0), encoding: .utf8)) }
  }
}
