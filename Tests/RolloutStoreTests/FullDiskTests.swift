import Foundation
import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

@Suite struct FullDiskTests {
  let scratch = Scratch()

  /// A file system of 1 MiB, mounted for the length of `body`.
  private func onTinyDisk(_ body: (String) async throws -> Void) async throws {
    let directory = scratch.directory + "/disk"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try #require(mount("canary-test", directory, "tmpfs", 0, "size=1m") == 0)
    defer { umount2(directory, Int32(MNT_DETACH)) }
    try await body(directory)
  }

  /// Mounting takes a privilege that not every machine gives its tests.
  private static let canMount: Bool = {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("canary-mount-\(UUID())").path
    mkdir(directory, 0o700)
    defer { rmdir(directory) }
    guard mount("canary-test", directory, "tmpfs", 0, "size=64k") == 0 else { return false }
    return umount2(directory, Int32(MNT_DETACH)) == 0
  }()

  private func fill(_ directory: String) -> String {
    let path = directory + "/ballast"
    let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    let block = [UInt8](repeating: 1, count: 512)
    while write(descriptor, block, block.count) > 0 {}
    close(descriptor)
    return path
  }

  private func expectAdvice(_ refusal: StoreFailure, path: String) {
    #expect(refusal.isUnavailable)
    for part in [path, "KiB are free", "free at least 16 MiB", "no restart is needed"] {
      #expect(refusal.detail.contains(part), "\(part) in: \(refusal.detail)")
    }
  }

  @Test(.enabled(if: canMount, "needs the privilege to mount a tmpfs"))
  func aFullDiskRefusesWritesAndServesReadsUntilThereIsSpace() async throws {
    try await onTinyDisk { directory in
      let path = directory + "/journal.sqlite"
      let store = try await SQLiteStore.open(at: path)
      let lease = try await store.mustAcquire()
      try await store.append(batch(0..<3), under: lease)
      let ballast = fill(directory)
      var (next, refusals) = (3, 0)
      // The log has room for a few more, and closing it after an error gives some room back, which is filled again.
      while refusals < 4, next < 1000 {
        let refusal = await failure { () throws(StoreFailure) in
          try await store.append(batch(next..<next + 1), under: lease)
        }
        if let refusal {
          refusals += 1
          _ = fill(directory)
          expectAdvice(refusal, path: path)
        } else {
          next += 1
        }
        #expect(try await store.records(of: "r1", from: 0).count == next)
        #expect(try await store.summary(of: "r1")?.state == "rolling")
      }
      #expect(refusals == 4)
      try FileManager.default.removeItem(atPath: ballast)
      try await store.append(batch(next..<next + 1), under: lease)
      #expect(try await store.records(of: "r1", from: 0).count == next + 1)
      await store.close()
    }
  }

  @Test(.enabled(if: canMount, "needs the privilege to mount a tmpfs"))
  func aJournalOnAFullDiskIsOpenedForReading() async throws {
    try await onTinyDisk { directory in
      let path = directory + "/journal.sqlite"
      let first = try await SQLiteStore.open(at: path)
      let lease = try await first.mustAcquire()
      try await first.append(batch(0..<3), under: lease)
      await first.close()
      let ballast = fill(directory)
      let second = try await SQLiteStore.open(at: path)
      #expect(try await second.records(of: "r1", from: 0).count == 3)
      _ = try await second.changeCounter()
      let refusal = await failure { () throws(StoreFailure) in try await second.append(batch(3..<4), under: lease) }
      #expect(refusal?.isUnavailable == true)
      try FileManager.default.removeItem(atPath: ballast)
      try await second.append(batch(3..<4), under: lease)
      #expect(try await second.records(of: "r1", from: 0).count == 4)
      await second.close()
    }
  }

  /// The same without privileges: the file may not grow past a limit of the process, then it may.
  @Test func aFileThatMayNotGrowRefusesWritesAndGoesOnAfterwards() async throws {
    let probe = try ProbeProcess("limited", scratch.journal, "checkout", "300000")
    var lines: [String] = []
    for await line in probe.lines { lines.append(line) }
    #expect(await probe.end() == 0)
    #expect(lines.count == 3, "\(lines)")
    #expect(lines.first?.hasPrefix("refused unavailable") == true, "\(lines)")
    #expect(lines.dropFirst().first == "readable true")
    let last = try #require(lines.last)
    let count = try #require(last.split(separator: " ").last)
    #expect(last.contains("intact(records: \(count),"), "\(last)")
  }

  private static let strace = "/usr/bin/strace"

  /// Tracing takes a program and a privilege that not every machine has.
  private static let canTrace: Bool = {
    guard FileManager.default.isExecutableFile(atPath: strace) else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: strace)
    process.arguments = ["-f", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1", "/bin/true"]
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// A failed sync says nothing about what is on the disk. The refused records are offered again, whether they reached
  /// it or not, and are there once in the end. Opening and taking the lease sync fewer than twenty times.
  @Test(
    .enabled(if: canTrace, "needs strace and the privilege to trace"),
    arguments: ["20", "20..21", "20..23", "20..40", "20+2", "20+3"])
  func aFailedSyncIsNotTakenForFine(_ when: String) async throws {
    let upTo = when.contains("+") ? when.replacingOccurrences(of: "+", with: "..60+") : when
    let probe = try ProbeProcess(
      "stubborn", scratch.journal, "checkout", "40",
      launcher: [Self.strace, "-f", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=\(upTo)"])
    var lines: [String] = []
    for await line in probe.lines { lines.append(line) }
    #expect(await probe.end() == 0)
    #expect(lines.first?.hasPrefix("refusals ") == true && lines.first != "refusals 0", "\(lines)")
    let store = try await SQLiteStore.open(at: scratch.journal)
    #expect(try await store.records(of: "checkout", from: 0).map(\.sequence) == Array(0..<40))
  }
}
