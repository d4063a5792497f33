import ChildProcesses
import Foundation
import TestKit
import Testing

/// Nobody can end or fail a released controller through its environment.
struct ReleaseTests {
  private static let folder = RegistryTests.root.appendingPathComponent("Sources/FailPoints").path

  /// What an object file asks of others, and the texts in it.
  private func object(
    _ flags: [String], in directory: TemporaryDirectory
  ) async throws -> (symbols: String, texts: String) {
    let path = directory.path("FailPoints.o")
    let sources = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted()
    let command = ["swiftc", "-parse-as-library", "-swift-version", "6", "-whole-module-optimization", "-module-name"]
    try await runOrThrow(
      command + ["FailPoints", "-emit-object", "-o", path] + flags + sources.map { Self.folder + "/" + $0 })
    let symbols = try await runOrThrow(["nm", "-u", path])
    return (symbols, String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self))
  }

  @Test func aReleaseBuildReadsNothingAndSendsNoSignal() async throws {
    try await TemporaryDirectory.with { directory in
      let released = try await object(["-O"], in: directory)
      for word in ["getenv", "raise", "kill", "open"] {
        let used = released.symbols.split(separator: "\n").contains { $0.hasSuffix(" \(word)") }
        #expect(!used, "a release build calls \(word)")
      }
      #expect(!released.texts.contains("CANARY_"))
      let debugged = try await object(["-Onone", "-D", "DEBUG"], in: directory)
      #expect(debugged.symbols.contains("getenv") && debugged.symbols.contains("raise"))
      #expect(debugged.texts.contains("CANARY_FAILPOINT"))
    }
  }

  /// The names are in one file, all of which a release build leaves out.
  @Test func oneFileReadsTheEnvironmentForTests() throws {
    for (path, text) in try RegistryTests.sources(under: "Sources") {
      let isNamed = ["CANARY_FAILPOINT", "CANARY_LEASE_MS"].contains { text.contains($0) }
      #expect(isNamed == (path == "FailPoints/ArmedPoints.swift"), "\(path)")
      guard isNamed else { continue }
      let lines = text.split(separator: "\n")
      #expect(lines.first == "#if DEBUG" && lines.last == "#endif")
      #expect(lines.filter { $0.hasPrefix("#") }.count == 2, "nothing of it is outside")
    }
  }
}
