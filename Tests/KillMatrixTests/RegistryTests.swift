import FailPoints
import Foundation
import KillMatrix
import Testing

/// A new place that writes must have a row in the matrix.
struct RegistryTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func sources(under folder: String, ending: String = ".swift") throws -> [String: String] {
    let base = root.appendingPathComponent(folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(ending) }
    return try Dictionary(
      uniqueKeysWithValues: paths.map {
        ($0, try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8))
      })
  }

  // MARK: The store

  /// What GRDB lets a program write with.
  static let waysToWrite = [
    ".inTransaction(", ".inSavepoint", ".writeWithoutTransaction", ".write {", ".asyncWrite", ".barrierWrite",
    ".unsafeReentrantWrite", "sqlite3_exec",
  ]

  @Test func theStoreWritesOnlyThroughItsSites() throws {
    var found: [String: [String: Int]] = [:]
    var named: [String: Int] = [:]
    for (path, text) in try Self.sources(under: "Sources/RolloutStore") {
      let counts = WriteScan.count(Self.waysToWrite, in: text)
      if !counts.isEmpty { found[path] = counts }
      for match in text.matches(of: #/writer\.write\(\.([a-zA-Z]+)\)/#) { named[String(match.1), default: 0] += 1 }
    }
    // One transaction for all sites, one for a file's tables, and the settings of two connections: the one that lays a
    // new journal, and the one that writes.
    #expect(
      found == [
        "Connections.swift": [".inTransaction(": 1, ".inSavepoint": 1],
        "Schema.swift": [".inTransaction(": 1, ".writeWithoutTransaction": 2],
      ], "a write of the store has no site: give it a case in WriteSite")
    let sites = WriteSite.allCases.filter { $0 != .migrate }.map { "\($0)" }
    #expect(named == Dictionary(uniqueKeysWithValues: sites.map { ($0, 1) }), "each site is one place in the store")
  }

  /// Who makes the store write. A new call is a new place at which a process can be lost: see to it that a course of
  /// the matrix passes it, then add it here.
  static let callers: [String: [String: Int]] = [
    // The second is that of a planted bug, which no build of the product has.
    "RolloutEngine/RolloutRunner.swift": ["store.append(": 2],
    "RolloutEngine/LeaseKeeper.swift": ["store.renew(": 1],
    "RolloutEngine/Controller.swift": [
      "store.append(": 1, "store.acquire(": 1, "store.release(": 1, "store.offer(": 1, "store.pruneSamples(": 1,
    ],
    "RolloutEngine/Ports/Samples.swift": ["store.appendSamples(": 1],
    "CanaryCommands/Driving/OperatorDesk.swift": ["store.offer(": 1],
    "CanaryCommands/Planning/Ownership.swift": ["store.raiseEpoch(": 1],
    "CanaryCommands/Verbs/StartVerb.swift": ["store.acquire(": 1, "store.putAside(": 1, "store.release(": 1],
  ]

  @Test func everyCallThatWritesIsKnown() throws {
    let calls = [
      "append", "appendSamples", "pruneSamples", "acquire", "renew", "release", "offer", "raiseEpoch", "putAside",
    ]
    var found: [String: [String: Int]] = [:]
    for (path, text) in try Self.sources(under: "Sources") where !path.hasPrefix("RolloutStore/") {
      // A simulation has a store of its own.
      if path.hasPrefix("RolloutSimulation/") { continue }
      let counts = WriteScan.count(calls.map { "store.\($0)(" }, in: text)
      if !counts.isEmpty { found[path] = counts }
    }
    #expect(found == Self.callers)
  }

  @Test func everyMomentIsAPlaceInTheSources() throws {
    let text = try Self.sources(under: "Sources").values.joined()
    for moment in Moment.allCases {
      #expect(text.contains("FailPoints.reached(.\(moment)"), "\(moment) is nowhere")
    }
    for stage in WriteStage.allCases { #expect(text.contains(".\(stage))"), "\(stage) is nowhere") }
  }

  // MARK: The hosts

  @Test func everyFunctionOfTheHostScriptThatWritesHasARow() throws {
    let scripts = try Self.sources(under: "Sources/HostProtocol/Resources", ending: ".sh").sorted { $0.key < $1.key }
    let found = WriteScan.hostWrites(in: scripts.map(\.value).joined())
    let known = Dictionary(uniqueKeysWithValues: HostWriteSite.all.map { ($0.function, $0.lines) })
    #expect(found == known, "give it a row in HostWriteSite, and see to it that a course of the matrix passes it")
  }

  // MARK: That they can fail

  @Test func aNewWriteIsSeen() {
    let store = "func purge() { try queue.write { db in try db.execute(sql: sql) } }"
    #expect(WriteScan.count(Self.waysToWrite, in: store) == [".write {": 1])
    #expect(WriteScan.count(Self.waysToWrite, in: "  // queue.write { it }") == [:])
    #expect(WriteScan.count(["store.append("], in: "try await ports.store.append(batch)") == ["store.append(": 1])
    let script = """
      mark() {
        # mv is not meant here
        printf '%s' "$1" >"$place/mark"
        if [ -f "$2" ]; then mv -f "$2" "$3"; fi
      }
      look() {
        cat "$1" >/dev/null
      }
      drop() { rm -f "$1"; }
      """
    #expect(WriteScan.hostWrites(in: script) == ["mark": 2, "drop": 1])
  }
}
