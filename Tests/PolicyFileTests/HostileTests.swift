import Foundation
import PolicyFile
import Testing

/// Documents made to be slow or deep get an answer, on a small stack.
@Suite struct HostileTests {
  @Test(arguments: HostileDocuments.large + [HostileDocuments.aliasBomb])
  func largeDocumentIsAnswered(_ document: HostileDocuments.Document) {
    let parse = onSmallStack { PolicyFile.parse(document.bytes, path: "p") }
    #expect(parse.hasErrors == parse.diagnostics.contains { $0.severity == .error })
    #expect(parse.diagnostics.count <= 51)
    for diagnostic in parse.diagnostics {
      #expect(DiagnosticRenderer.render(diagnostic, colour: false).utf8.count < 4096)
    }
  }

  @Test func largeIncludedFileIsAnswered() {
    let checks = "checks:\n" + (0..<2800).map { "- {name: d\($0), rate: \"/{id}\"}\n" }.joined()
    let policy = HostileDocuments.large.first { $0.name == "all changes" }?.bytes ?? []
    let parse = onSmallStack {
      PolicyFile.parse(policy, path: "p", including: PolicySample.reader(["a.yaml": checks]))
    }
    #expect(Set(parse.diagnostics.map(\.code)) == [.unknownCheck, .moreProblems, .nothingToCompare])
    #expect(parse.diagnostics.count <= 102)
  }

  @Test(arguments: HostileDocuments.largeHosts)
  func largeHostsFileIsAnswered(_ document: HostileDocuments.Document) {
    let parse = onSmallStack { HostsFile.parse(document.bytes, path: "p") }
    #expect((parse.instances == nil) == parse.diagnostics.contains { $0.severity == .error })
  }

  @Test func aliasesAsKeysAreNotComposed() {
    let parse = PolicyFile.parse(HostileDocuments.aliasBomb.bytes, path: "p")
    #expect(parse.diagnostics.first?.code == .anchor)
    #expect(parse.hasErrors)
  }

  @Test(arguments: [33, 500, 7000]) func nestingIsBounded(_ depth: Int) {
    let parse = onSmallStack { PolicyFile.parse(HostileDocuments.brackets(depth).bytes, path: "p") }
    #expect(parse.diagnostics.map(\.code) == [.nestedTooDeeply])
  }

  @Test func nestingUpToTheBoundIsComposed() {
    let text = PolicySample.with(
      "waves: " + String(repeating: "[", count: 30) + String(repeating: "]", count: 30))
    let parse = onSmallStack { PolicySample.parse(text) }
    #expect(parse.diagnostics.map(\.code) == [.wrongShape])
  }

  @Test func aHundredThousandBracketsAreOneLine() {
    let parse = PolicyFile.parse(HostileDocuments.brackets(100_000).bytes, path: "p")
    #expect(parse.diagnostics.map(\.code) == [.lineTooLong])
  }

  @Test func oneByteMoreIsRefused() {
    let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: HostileDocuments.size + 1)
    #expect(PolicyFile.parse(bytes, path: "p").diagnostics.map(\.code) == [.fileTooLarge])
  }

  @Test(
    arguments: [
      ([0xFF], DiagnosticCode.notUTF8), ([0x61, 0xC3], .notUTF8), ([0xC0, 0x80], .notUTF8),
      ([0xED, 0xA0, 0x80], .notUTF8),
      ([0xEF, 0xBB, 0xBF, 0x61], .byteOrderMark), ([0x61, 0xEF, 0xBB, 0xBF], .byteOrderMark),
      ([0x00], .controlCharacter),
      ([0x61, 0x0D, 0x62], .controlCharacter), ([0x1B], .controlCharacter), ([0x7F], .controlCharacter),
      ([0xC2, 0x85], .controlCharacter), ([0xE2, 0x80, 0xA8], .controlCharacter),
      ([0xE2, 0x80, 0xAE], .controlCharacter),
      ([], .emptyFile), ([0x0A, 0x0A], .emptyFile), ([0x23], .emptyFile),
    ] as [([UInt8], DiagnosticCode)])
  func bytesThatAreNoTextAreRefused(_ bytes: [UInt8], _ code: DiagnosticCode) {
    #expect(PolicyFile.parse(bytes, path: "p").diagnostics.map(\.code) == [code])
  }

  @Test func windowsLineEndsAreRead() {
    let text = PolicySample.with("max_failures: 0").replacing("\n", with: "\r\n")
    #expect(PolicySample.parse(text).diagnostics == [])
  }

  /// Every prefix and every document with one byte changed is answered: with a policy or with an error.
  @Test func damagedDocumentsAreAnswered() {
    let bytes = Array(DecodingTests.sample.utf8)
    let damage = Array("[]{}&*!|>'\"%@`:-?#,\t\n \u{7}".utf8)
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var changed = bytes
      changed[index] = damage[(index / 7) % damage.count]
      for document in [Array(bytes[..<index]), changed, Array(bytes[index...])] {
        let parse = PolicyFile.parse(document, path: "p")
        #expect(parse.hasErrors == parse.diagnostics.contains { $0.severity == .error })
      }
    }
  }

  /// Runs on a thread with the stack of a small worker thread.
  private func onSmallStack<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
    nonisolated(unsafe) var result: Value?
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      result = body()
      done.signal()
    }
    thread.stackSize = 512 * 1024
    thread.start()
    done.wait()
    return result ?? body()
  }
}
