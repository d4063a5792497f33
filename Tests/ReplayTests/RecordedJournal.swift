import Foundation
import RolloutCore
import RolloutEngine
import Testing

/// A journal as a real canary wrote it: one record a line with its payload byte for byte, and last the rollout's row in
/// the list of rollouts. `tools/record-journals` makes them.
struct RecordedJournal: Sendable, CustomTestStringConvertible {
  /// Version of canary and scenario, such as `0.1.0/three-hosts`.
  var name: String
  var records: [JournalRecord]
  var row: Row

  var testDescription: String { name }

  /// What the store's list said when the last record was written.
  struct Row: Decodable, Hashable, Sendable {
    var id: RolloutID
    var service: String
    var release: Version
    var kind: String
    var state: String
    var isEnded: Bool
    var startedBy: String
    var startedAt: Timestamp
    var endedAt: Timestamp?
    var provenAt: Timestamp?
  }

  struct Unreadable: Error, CustomStringConvertible {
    var description: String
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  /// Versions that left journals, oldest first by name.
  static var versions: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  static let all: [RecordedJournal] = versions.flatMap { version in
    names(in: version).compactMap { try? RecordedJournal(named: "\(version)/\($0)") }
  }

  /// Names of the journals of a version.
  static func names(in version: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + version)) ?? []
    return files.filter { $0.hasSuffix(".jsonl") }.map { String($0.dropLast(".jsonl".count)) }.sorted()
  }

  static func named(_ name: String) throws -> RecordedJournal { try RecordedJournal(named: "0.1.0/\(name)") }

  init(named name: String) throws {
    self.name = name
    let text = try String(contentsOf: Self.folder.appendingPathComponent(name + ".jsonl"), encoding: .utf8)
    var lines = text.split(separator: "\n").map(String.init)
    guard let last = lines.popLast(), last.hasPrefix(#"{"row":"#) else {
      throw Unreadable(description: "\(name): the last line is no row")
    }
    struct Wrapped: Decodable { var row: Row }
    row = try JSONDecoder().decode(Wrapped.self, from: Data(last.utf8)).row
    records = try lines.map { try Self.record($0, in: name) }
  }

  /// The payload is not decoded and written again: another version of Foundation might write it otherwise.
  private static func record(_ line: String, in name: String) throws -> JournalRecord {
    struct Head: Decodable {
      var sequence: Int
      var at: Timestamp
      var kind: String
    }
    guard let mark = line.firstRange(of: #","payload":"#), line.hasSuffix("}") else {
      throw Unreadable(description: "\(name): a line without payload")
    }
    let head = try JSONDecoder().decode(Head.self, from: Data((line[..<mark.lowerBound] + "}").utf8))
    return JournalRecord(
      sequence: head.sequence, at: head.at, kind: head.kind, payload: String(line[mark.upperBound...].dropLast()))
  }
}
