import Crypto
import Foundation
import RolloutCore
import RolloutEngine
import Testing

/// The recorded journals stay as they were recorded. `CANARY_RECORD_STATES=1 swift test --filter ReplayTests` writes
/// the expected states of new ones and adds both to the list of sums; it changes nothing that is there.
@Suite(.serialized) struct FixtureTests {
  /// The digest of each released version's `SHA256SUMS`. A release adds its line; none is ever changed. The version
  /// under work has none, so that journals can be added to it.
  static let released: [String: String] = [:]

  static let isRecording = ProcessInfo.processInfo.environment["CANARY_RECORD_STATES"] == "1"

  private static func sums(of version: String) -> URL {
    RecordedJournal.folder.appendingPathComponent(version + "/SHA256SUMS")
  }

  private static func digest(_ file: URL) throws -> String {
    StateDescription.hexadecimal(SHA256.hash(data: try Data(contentsOf: file)))
  }

  /// File names and their sums, as `sha256sum` writes and checks them.
  private static func listed(in version: String) throws -> [(name: String, sum: String)] {
    guard FileManager.default.fileExists(atPath: sums(of: version).path) else { return [] }
    return try String(contentsOf: sums(of: version), encoding: .utf8).split(separator: "\n").map { line in
      (String(line.dropFirst(66)), String(line.prefix(64)))
    }
  }

  private static func files(of version: String) -> [String] {
    RecordedJournal.names(in: version).flatMap { [$0 + ".jsonl", $0 + ".state.json"] }
  }

  private static func currentVersion() throws -> String {
    let source = RecordedJournal.folder.appendingPathComponent("../../../Sources/CanaryCommands/CanaryCommand.swift")
    let text = try String(contentsOf: source.standardizedFileURL, encoding: .utf8)
    return String(try #require(text.firstMatch(of: /version = "([^"]+)"/)).1)
  }

  @Test(arguments: RecordedJournal.versions) func nothingRecordedHasChanged(_ version: String) throws {
    if Self.isRecording { try record(version) }
    let listed = try Self.listed(in: version)
    for (name, sum) in listed {
      let file = RecordedJournal.folder.appendingPathComponent("\(version)/\(name)")
      #expect(try Self.digest(file) == sum, "\(version)/\(name) is not as it was recorded; restore it")
    }
    let missing = Set(Self.files(of: version)).symmetricDifference(listed.map(\.name))
    #expect(missing.isEmpty, "not what \(version)/SHA256SUMS lists; for new ones see tools/record-journals")
    #expect(listed.map(\.name) == listed.map(\.name).sorted())
  }

  @Test func everyReleaseIsSealed() throws {
    let current = try Self.currentVersion()
    #expect(RecordedJournal.versions.contains(current), "no journal of \(current): tools/record-journals")
    for version in RecordedJournal.versions where version != current {
      let found = try Self.digest(Self.sums(of: version))
      #expect(Self.released[version] == found, "put \(version)'s sum into FixtureTests.released: \(found)")
    }
  }

  private func record(_ version: String) throws {
    guard Self.released[version] == nil else { return }
    for name in RecordedJournal.names(in: version) {
      try ExpectedState.writeIfMissing(for: try RecordedJournal(named: "\(version)/\(name)"))
    }
    var listed = Dictionary(uniqueKeysWithValues: try Self.listed(in: version))
    for name in Self.files(of: version) where listed[name] == nil {
      listed[name] = try Self.digest(RecordedJournal.folder.appendingPathComponent("\(version)/\(name)"))
    }
    let lines = listed.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
    try Data(lines.joined().utf8).write(to: Self.sums(of: version))
  }

  @Test func everyFileCanBeRead() {
    let names = RecordedJournal.versions.flatMap { version in
      RecordedJournal.names(in: version).map { "\(version)/\($0)" }
    }
    #expect(RecordedJournal.all.map(\.name) == names)
  }

  @Test func everyEndAndEveryKindOfRecordIsThere() {
    let ends = Set(RecordedJournal.all.map(\.row.state))
    let wanted: Set = [
      "succeeded", "rolled_back", "aborted", "superseded", "halted", "stuck", "paused", "burning_in", "rolling",
    ]
    #expect(ends.isSuperset(of: wanted), "missing: \(wanted.subtracting(ends).sorted())")
    let kinds = Set(RecordedJournal.all.flatMap { $0.records.map(\.kind) })
    #expect(kinds.isSuperset(of: Self.kinds), "missing: \(Self.kinds.subtracting(kinds).sorted())")
    #expect(Set(RecordedJournal.all.map(\.row.kind)) == ["release", "rollback"])
  }

  private static let kinds: Set<String> = [
    "planned", "controllerTookOver", "controllerStopped", "clocksShifted", "waveStarted", "stepIntended",
    "stepFinished", "stepFailed", "stepDeferred", "stepQuestioned", "stepReissued", "questionRepeated",
    "healthChanged", "hostVerified", "hostFailed", "burnInStarted", "verdictReached", "burnInExtended", "wavePassed",
    "approvalAwaited", "baselineStarted", "baselineEnded", "soakStarted", "paused", "resumed", "promoted",
    "hostSkipped", "retried", "abortRequested", "halted", "rollbackStarted", "stuck", "ended",
  ]
}
