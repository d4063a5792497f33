import ChildProcesses
import Foundation
import TestKit
import Testing

/// The real binary on a journal that somebody changed.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct JournalSystemTests {
  private static let policy = """
    service: site
    instances: [{host: one, directory: DIRECTORY/one}]
    transport: {local: {}}
    release: {artifact: site.tar.gz, directory: DIRECTORY/site}
    burn_in: {min: 0s, max: 1m}
    min_healthy_time: 0s
    """

  private func rolledOut(_ body: (BuiltCanary, TemporaryDirectory, _ journal: String) async throws -> Void)
    async throws
  {
    try await TemporaryDirectory.with { directory in
      try directory.file("canary.yaml", Self.policy.replacing("DIRECTORY", with: directory.path))
      try directory.file("content", "1")
      try await runOrThrow(["tar", "-czf", directory.path("site.tar.gz"), "-C", directory.path, "content"])
      let canary = BuiltCanary(directory: directory.path)
      let started = try await canary("start", "site@1.0")
      #expect(started.status == .exited(0), "\(started)")
      try await body(canary, directory, directory.path("state/canary.db"))
    }
  }

  @Test func verifyFindsAChangedByteInTheFile() async throws {
    try await rolledOut { canary, _, journal in
      let whole = try await canary("history", "verify")
      #expect(whole.status == .exited(0) && whole.output.contains("whole, head "), "\(whole)")
      try await runOrThrow(["sqlite3", "-cmd", ".timeout 20000", journal, "PRAGMA wal_checkpoint(TRUNCATE)"])
      var bytes = try Data(contentsOf: URL(fileURLWithPath: journal))
      let place = try #require(bytes.firstRange(of: Data(#"{"waveStarted":{"progressDeadline":"#.utf8)))
      bytes[place.upperBound] ^= 1
      try bytes.write(to: URL(fileURLWithPath: journal))
      let damaged = try await canary("history", "verify", "--output", "jsonl")
      #expect(damaged.status == .exited(1), "\(damaged)")
      #expect(damaged.output.contains(#""firstBad":{"seq":2,"event":"waveStarted","at":"2"#), "\(damaged)")
      let status = try await canary("status")
      #expect(status.status == .exited(1) && status.errors.contains("does not add up at record 2"), "\(status)")
      #expect(status.errors.contains("canary history verify site-"), "\(status)")
    }
  }

  @Test func aFileThatLostItsContentIsNoEmptyHistory() async throws {
    try await rolledOut { canary, _, journal in
      try await runOrThrow(["sqlite3", "-cmd", ".timeout 20000", journal, "PRAGMA wal_checkpoint(TRUNCATE)"])
      let bytes = try Data(contentsOf: URL(fileURLWithPath: journal))
      for length in [0, 100, 4096, bytes.count / 2] {
        for suffix in ["-wal", "-shm"] { unlink(journal + suffix) }
        try bytes.prefix(length).write(to: URL(fileURLWithPath: journal))
        for words in [["history"], ["history", "verify"], ["status"], ["start", "site@1.0"]] {
          let ended = try await canary.run(words)
          #expect(ended.status == .exited(1), "\(words) with \(length) bytes: \(ended)")
          #expect(ended.errors.contains("backup"), "\(words) with \(length) bytes: \(ended)")
        }
      }
    }
  }
}
