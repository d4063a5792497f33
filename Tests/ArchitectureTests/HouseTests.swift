import Foundation
import Testing

/// The house rules, read from the sources: who imports whom, how long things are, what the core may not do.
struct HouseTests {
  struct Source {
    var path: String
    var target: String
    var lines: [Substring]
  }

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Which of our own targets each may import. Arrows point one way; `docs/ARCHITECTURE.md` draws them.
  static let allowed: [String: Set<String>] = [
    "RolloutCore": [],
    "CanaryJudge": [],
    "JudgeProtocol": ["CanaryJudge"],
    "ImmuneSystem": ["RolloutCore", "CanaryJudge"],
    "PolicyFile": ["RolloutCore"],
    "HostProtocol": ["RolloutCore"],
    "FailPoints": [],
    "RolloutEngine": ["RolloutCore", "FailPoints"],
    "RolloutSimulation": ["RolloutEngine", "RolloutCore"],
    "RolloutStore": ["RolloutEngine", "RolloutCore", "FailPoints"],
    "ChildProcesses": [],
    "Transports": ["RolloutEngine", "RolloutCore", "HostProtocol", "ChildProcesses", "FailPoints"],
    "CCurl": [],
    "CurlClient": ["CCurl"],
    "Observers": ["RolloutEngine", "RolloutCore", "ImmuneSystem", "CanaryJudge", "CurlClient", "ChildProcesses"],
    "CanaryCommands": [
      "RolloutCore", "CanaryJudge", "ImmuneSystem", "PolicyFile", "HostProtocol", "RolloutEngine", "RolloutStore",
      "ChildProcesses", "Transports", "CurlClient", "Observers", "JudgeProtocol", "FailPoints", "RolloutSimulation",
    ],
    "canary": ["CanaryCommands"],
  ]

  static func sources(under folder: String) throws -> [Source] {
    let base = root.appendingPathComponent(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path).sorted()
    return try paths.filter { $0.hasSuffix(".swift") }.map { path in
      let text = try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)
      return Source(
        path: "\(folder)/\(path)", target: String(path.prefix { $0 != "/" }),
        lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
  }

  static func imports(_ source: Source) -> [String] {
    source.lines.compactMap { line in
      let words = line.split(separator: " ")
      guard let position = words.firstIndex(of: "import"), position <= 2, !line.hasPrefix("//") else { return nil }
      return words.last.map { String($0.prefix { $0 != "." }) }
    }
  }

  @Test func importsPointOneWay() throws {
    let sources = try Self.sources(under: "Sources")
    #expect(sources.count > 50, "the sources were found")
    for source in sources {
      let allowed = try #require(Self.allowed[source.target], "\(source.target) has no place in the house yet")
      let ours = Set(Self.imports(source)).intersection(Self.allowed.keys)
      let wrong = ours.subtracting(allowed)
      #expect(wrong.isEmpty, "\(source.path) imports \(wrong.sorted())")
    }
  }

  @Test func thePureTargetsStayPure() throws {
    let words: Set<Substring> = ["async", "await", "Foundation", "FoundationEssentials", "Dispatch"]
    let calls = ["Date(", ".random(", "SystemRandomNumberGenerator", "UUID(", "print(", "try!", "clock_gettime"]
    // The C library stands for its logarithm.
    let mathematics: Set<String> = ["Glibc", "Musl", "Darwin"]
    let pure = ["RolloutCore", "CanaryJudge", "ImmuneSystem"]
    for source in try Self.sources(under: "Sources") where pure.contains(source.target) {
      let ours = Self.allowed[source.target, default: []]
      let foreign = Set(Self.imports(source)).subtracting(ours)
        .subtracting(source.target == "CanaryJudge" ? mathematics : [])
      #expect(foreign.isEmpty, "\(source.path) imports \(foreign.sorted())")
      for (number, line) in source.lines.enumerated() {
        let code = line[..<(line.range(of: "//")?.lowerBound ?? line.endIndex)]
        let used = Set(code.split { !$0.isLetter && $0 != "_" })
        let found = words.intersection(used).map(String.init) + calls.filter { code.contains($0) }
        #expect(found.isEmpty, "\(source.path):\(number + 1) has \(found)")
      }
    }
  }

  @Test func filesAndLinesStayShort() throws {
    for (folder, limit) in [("Sources", 400), ("Tests", 600)] {
      for source in try Self.sources(under: folder) {
        #expect(source.lines.count <= limit + 1, "\(source.path) has \(source.lines.count) lines, \(limit) are allowed")
        for (number, line) in source.lines.enumerated() where line.count > 120 {
          Issue.record("\(source.path):\(number + 1) has \(line.count) columns")
        }
      }
    }
  }

  /// A function is measured from its `func` or `init` line to the closing brace at the same indentation.
  @Test func functionsStayShort() throws {
    for source in try Self.sources(under: "Sources") {
      var open: (indent: Int, start: Int)?
      for (number, line) in source.lines.enumerated() {
        let indent = line.prefix { $0 == " " }.count
        let words = line.dropFirst(indent)
        if let function = open {
          guard indent == function.indent, words.hasPrefix("}") else { continue }
          let length = number - function.start + 1
          #expect(length <= 70, "\(source.path):\(function.start + 1) is a function of \(length) lines")
          open = nil
        } else if words.contains("func ") || words.hasPrefix("init(") || words.contains(" init(") {
          if line.hasSuffix("}") || words.hasPrefix("//") || words.hasPrefix("///") { continue }
          // A requirement without a body ends without a brace before anything deeper follows.
          let body = source.lines[number...].prefix(12).first { $0.hasSuffix("{") || $0.isEmpty }
          if body?.hasSuffix("{") == true { open = (indent, number) }
        }
      }
    }
  }

  @Test func nothingInTheTreeNamesAMachine() throws {
    let banned = ["/roo" + "t/", "/hom" + "e/", "/wor" + "k/"]
    for folder in ["Sources", "docs", "policies", "Examples", "tools"] {
      let base = Self.root.appendingPathComponent(folder)
      for path in try FileManager.default.subpathsOfDirectory(atPath: base.path) {
        guard let text = try? String(contentsOf: base.appendingPathComponent(path), encoding: .utf8) else { continue }
        for word in banned where text.contains(word) { Issue.record("\(folder)/\(path) names \(word)") }
      }
    }
  }

  /// Planted bugs are for the search that must find them. Only builds with a scratch path of their own, thrown away
  /// afterwards, may have them; nothing that is installed or tested otherwise can.
  @Test func noBuildThatIsUsedCanHavePlantedBugs() throws {
    let flag = "PLANTED" + "_BUGS"
    let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    #expect(!manifest.contains(flag) && !manifest.contains("unsafeFlags"), "Package.swift defines it for every build")
    for source in try Self.sources(under: "Sources") where source.path != "Sources/RolloutCore/PlantedBug.swift" {
      let found = source.lines.firstIndex { $0.contains(flag) }
      #expect(found == nil, "\(source.path):\((found ?? 0) + 1) compiles differently with planted bugs")
    }
    for path in ["Makefile", ".ci/run", "tools/test"] {
      let text = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
      for line in text.split(separator: "\n") where line.contains(flag) {
        #expect(line.contains("--scratch-path"), "\(path) builds planted bugs where other builds find them: \(line)")
      }
    }
    #if PLANTED_BUGS
      Issue.record("the tests were built with planted bugs")
    #endif
  }
}
