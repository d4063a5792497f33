import Foundation
import PolicyFile
import Testing

/// What people read, to the letter. A stanza of `Fixtures/*.golden` is a line `=== title`, a document, a line `-----`
/// and the answer. The document is put into the minimal policy; after `=== raw` it stands alone, after `=== hosts` it
/// is a hosts file. With `CANARY_UPDATE_GOLDEN=1` the answers are written anew, to be read before they are committed.
@Suite struct GoldenTests {
  struct Stanza: Sendable, CustomTestStringConvertible {
    var title: String
    var document: String
    var answer: String
    var testDescription: String { title }

    func produce() -> String {
      let diagnostics: [Diagnostic]
      if title.hasPrefix("hosts ") {
        diagnostics = HostsFile.parse(Array(document.utf8), path: "hosts.txt").diagnostics
      } else {
        let isRaw = title.hasPrefix("raw ")
        diagnostics = PolicySample.parse(isRaw ? document : PolicySample.with(document)).diagnostics
      }
      return DiagnosticRenderer.render(diagnostics, colour: false)
    }
  }

  static let files: [URL] = {
    let folder = TestFiles.directory.appendingPathComponent("Fixtures")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".golden") }.sorted().map { folder.appendingPathComponent($0) }
  }()

  static func stanzas(_ file: URL) -> [Stanza] {
    guard let text = try? TestFiles.text(file) else { return [] }
    return ("\n" + text).components(separatedBy: "\n=== ").dropFirst().map { part in
      let lines = part.components(separatedBy: "\n")
      let body = lines.dropFirst()
      let cut = body.firstIndex(of: "-----") ?? body.endIndex
      let answer = body[cut...].dropFirst().joined(separator: "\n")
      return Stanza(title: lines[0], document: body[..<cut].joined(separator: "\n"), answer: trimmed(answer))
    }
  }

  static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .newlines) }

  @Test(arguments: files.flatMap(stanzas)) func answerIsTheGoldenOne(_ stanza: Stanza) {
    #expect(Self.trimmed(stanza.produce()) == stanza.answer)
    #expect(!stanza.answer.isEmpty)
  }

  @Test func thereAreEnough() {
    let all = Self.files.flatMap(Self.stanzas)
    #expect(all.count >= 60)
    #expect(Set(all.map(\.title)).count == all.count)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["CANARY_UPDATE_GOLDEN"] == "1"))
  func write() throws {
    for file in Self.files {
      let parts = Self.stanzas(file).map { stanza in
        let document = stanza.document.isEmpty ? "" : stanza.document + "\n"
        return "=== \(stanza.title)\n\(document)-----\n\(Self.trimmed(stanza.produce()))\n"
      }
      try parts.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    }
  }
}
