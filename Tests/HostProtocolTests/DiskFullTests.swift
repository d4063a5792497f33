import Foundation
import HostProtocol
import RolloutCore
import Testing

/// Needs to mount a small file system.
@Suite(.enabled(if: canMount, "needs root to mount a small tmpfs"), .serialized) struct DiskFullTests {
  @Test func refusesBeforeItWritesWhenTheSpaceIsTooSmall() throws {
    try withSmallDisk("size=8m") { host in
      let artifact = [UInt8](repeating: 7, count: 400_000)
      let outcome = try host.perform(host.staging("2.0", artifact), body: artifact)
      #expect(outcome.failure?.hasPrefix("needs 17 MB free in \(host.directory), has 7 MB") == true)
      #expect(!host.exists(""))
    }
  }

  @Test func keepsTheOldReleaseWhenTheDiskFillsUp() throws {
    try withSmallDisk("size=64m,nr_inodes=150") { host in
      try host.deploy("1.0")
      let many = try gzip(TarWriter.archive((0..<400).map { .file("file-\($0)") }))
      host.rollout = "r-2"
      let outcome = try host.perform(host.staging("2.0", many), body: many)
      #expect(outcome.failure?.contains("No space left on device") == true)
      #expect(host.list("releases") == ["1.0"] && host.list(".canary/incoming").isEmpty)
      #expect(try host.inspect().current == "1.0")
      let small = try release("3.0")
      #expect(try host.perform(host.staging("3.0", small, attempt: 2), body: small) == .succeeded)
    }
  }

  @Test func doesNothingWhenTheLedgerCannotBeWritten() throws {
    try withSmallDisk("size=32m") { host in
      try host.deploy("1.0")
      try run(["sh", "-c", "cat /dev/zero >\"$1\"", "sh", host.root + "/fill"])
      let outcome = try host.perform(
        host.command(.drain, .run(argv: ["touch", "/proc/self/ran"], timeout: .seconds(5))))
      #expect(outcome.failure?.contains("nothing was done: the disk is full") == true)
      #expect(try host.inspect().step == nil)
    }
  }

  /// The command fills the disk of its ledger to the last byte.
  private func filling(_ host: TestHost, then end: String) -> HostCommand {
    let fill = "cat /dev/zero >>\"$1/fill\" 2>/dev/null; \(end)"
    return host.activation("1.0", attempt: 2, restart: ["sh", "-c", fill, "sh", host.root])
  }

  @Test func keepsASuccessOnAFullDisk() throws {
    try withSmallDisk("size=32m") { host in
      try host.deploy("1.0")
      let command = filling(host, then: "exit 0")
      #expect(try host.perform(command) == .succeeded)
      #expect(try host.inspect(command.key).step == .finished(.succeeded))
      #expect(try host.inspect().freeBytes < 65536)
      #expect(try host.perform(command) == .succeeded)
    }
  }

  @Test func keepsAFailureOnAFullDisk() throws {
    try withSmallDisk("size=32m") { host in
      try host.deploy("1.0")
      let command = filling(host, then: "exit 3")
      let outcome = try host.perform(command)
      #expect(outcome == .failed(detail: "the restart command exited 3"))
      #expect(try host.inspect(command.key).step == .finished(outcome))
    }
  }

  private func withSmallDisk(_ options: String, _ body: (TestHost) throws -> Void) throws {
    let mount = "/tmp/canary-test-disk-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
    try #require(try run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", mount]).status == 0)
    defer {
      _ = try? run(["umount", "-l", mount])
      _ = try? FileManager.default.removeItem(atPath: mount)
    }
    try body(try TestHost(.dash, within: mount))
  }
}

private let canMount: Bool = {
  let place = "/tmp/canary-test-mount-" + UUID().uuidString.prefix(8)
  defer { try? FileManager.default.removeItem(atPath: place) }
  guard (try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)) != nil,
    let mounted = try? run(["mount", "-t", "tmpfs", "tmpfs", place]), mounted.status == 0
  else { return false }
  _ = try? run(["umount", place])
  return true
}()
