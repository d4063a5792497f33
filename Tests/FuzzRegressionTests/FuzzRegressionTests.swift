import Foundation
import FuzzOracles
import Testing

/// Every input that fuzzing kept, through the oracles that it was found with.
@Suite struct FuzzRegressionTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzz")

  static func inputs(_ kind: String, _ target: String) throws -> [(name: String, bytes: [UInt8])] {
    let place = folder.appendingPathComponent("\(kind)/\(target)")
    guard FileManager.default.fileExists(atPath: place.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: place.path).sorted().map { name in
      ("\(kind)/\(target)/\(name)", Array(try Data(contentsOf: place.appendingPathComponent(name))))
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name)) func holdsForEveryKeptInput(_ name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let inputs = try Self.inputs("Corpus", name) + Self.inputs("Regressions", name)
    #expect(inputs.count >= 3, "the corpus of \(name) was found")
    for input in inputs {
      do { try target.check(input.bytes) } catch { Issue.record("Fuzz/\(input.name): \(error)") }
    }
  }

  @Test func everyFolderIsOfATarget() throws {
    let names = Set(FuzzTarget.all.map(\.name))
    #expect(names.count == FuzzTarget.all.count)
    for kind in ["Corpus", "Regressions"] {
      let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent(kind).path)
      #expect(Set(found).subtracting(names).isEmpty, "Fuzz/\(kind) has a folder of no target")
    }
  }
}
