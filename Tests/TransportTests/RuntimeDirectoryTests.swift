import FoundationEssentials
import Glibc
import TestKit
import Testing

@testable import Transports

@Suite struct RuntimeDirectoryTests {
  private func names(_ directory: TemporaryDirectory) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()
  }

  @Test func whatADeadProcessLeftIsRemoved() async throws {
    try await TemporaryDirectory.with { base in
      // As after kill -9: the files are there, and nobody holds the lock.
      for file in ["owner", "s1", "s2.Xa4kPq0rLm9sT2vW"] { try base.file("canary-aaaaaa/" + file, "") }
      let next = try RuntimeDirectory(bases: [base.path])
      #expect(names(base) == [String(next.path.dropFirst(base.path.count + 1))])
      next.remove()
      #expect(names(base).isEmpty)
    }
  }

  @Test func whatIsInUseOrNotOursStays() async throws {
    try await TemporaryDirectory.with { base in
      try base.directory("canary-bbbbbb")
      try base.file("canary-cccccc/other", "")
      try base.file("canary-test-dddddd/owner", "")
      let strangers = names(base)
      var first = try RuntimeDirectory(bases: [base.path])
      let socket = first.nextSocket()
      #expect(FileManager.default.createFile(atPath: socket, contents: nil))
      let second = try RuntimeDirectory(bases: [base.path])
      #expect(contents(of: socket) != nil && first.path != second.path)
      second.remove()
      first.remove()
      #expect(names(base) == strangers)
    }
  }

  @Test func aBaseThatCannotBeUsedIsPassedOver() async throws {
    try await TemporaryDirectory.with { base in
      let long = base.path + "/" + String(repeating: "x", count: 80)
      let made = try RuntimeDirectory(bases: ["relative", base.path + "/missing", long, base.path])
      #expect(made.path.hasPrefix(base.path + "/canary-"))
      made.remove()
      #expect(throws: ChannelFailure.self) { try RuntimeDirectory(bases: [base.path + "/missing"]) }
    }
  }
}
