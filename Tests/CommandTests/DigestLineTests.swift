import RolloutCore
import Testing

@testable import CanaryCommands

@Suite struct DigestLineTests {
  static let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test(arguments: [
    ("\(hex)  app-1.tar.gz", "app-1.tar.gz"), ("\(hex) *dist/app-1.tar.gz", "app-1.tar.gz"),
    ("SHA256 (dist/app-1.tar.gz) = \(hex)", "app-1.tar.gz"), ("\(hex.uppercased())\tapp 1.tar.gz", "app 1.tar.gz"),
  ])
  func `a line names a file and its digest`(line: String, name: String) {
    #expect(DigestLine(line)?.name == name)
    #expect(DigestLine(line)?.digest.text == Self.hex)
  }

  @Test func `a digest alone names no file`() {
    #expect(DigestLine(Self.hex) != nil)
    #expect(DigestLine(Self.hex)?.name == nil)
  }

  @Test(arguments: ["", "abc  app", "\(hex)0  app", "SHA256 (app) = 12", "zz\(hex.dropFirst(2))  app"])
  func `other lines are none`(line: String) { #expect(DigestLine(line) == nil) }
}
