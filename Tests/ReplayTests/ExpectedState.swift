import Foundation
import RolloutCore
import RolloutEngine

/// What a recorded journal must fold to, kept beside it as `NAME.state.json`.
struct ExpectedState: Codable, Hashable {
  var state: StateDescription
  /// Of `state`.
  var digest: String
  /// Of the states after each record.
  var course: String

  init(_ journal: RecordedJournal) throws {
    let states = try journal.states().map { StateDescription($0) }
    guard let last = states.last else { throw RecordedJournal.Unreadable(description: "\(journal.name) is empty") }
    state = last
    digest = last.digest
    course = StateDescription.digest(of: states)
  }

  static func file(of journal: String) -> URL { RecordedJournal.folder.appendingPathComponent(journal + ".state.json") }

  static func kept(for journal: RecordedJournal) throws -> ExpectedState {
    try JSONDecoder().decode(ExpectedState.self, from: Data(contentsOf: file(of: journal.name)))
  }

  /// Writes it where there is none; nothing that exists is touched.
  static func writeIfMissing(for journal: RecordedJournal) throws {
    let file = file(of: journal.name)
    if FileManager.default.fileExists(atPath: file.path) { return }
    let bytes = StateDescription.bytes(try ExpectedState(journal), isPretty: true) + Data("\n".utf8)
    try bytes.write(to: file, options: .atomic)
  }
}
