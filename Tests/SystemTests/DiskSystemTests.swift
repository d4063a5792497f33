import ChildProcesses
import Foundation
import TestKit
import Testing

/// The controller's disk fills up while a rollout runs.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: getuid() == 0, "mounting a small file system needs root"))
struct DiskSystemTests {
  @Test func aFullDiskStopsNewStepsAndItGoesOnWhenThereIsSpace() async throws {
    try await Fleet.with(2, over: .local) { fleet in
      try await fleet.deploy("1.0")
      try fleet.writePolicy(["burn_in": "{min: 3s, max: 4m}"])
      try await fleet.pack("2.0")
      let small = try fleet.directory.directory("small")
      try await runOrThrow(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small])
      var canary = fleet.canary
      canary.environment["CANARY_STATE"] = small
      do {
        try await fill(small, canary, fleet)
      } catch {
        try await runOrThrow(["umount", "-l", small])
        throw error
      }
      try await runOrThrow(["umount", "-l", small])
    }
  }

  private func fill(_ small: String, _ canary: BuiltCanary, _ fleet: Fleet) async throws {
    // The first version was rolled out under another journal.
    let running = try await canary.begin("start", "shop@2.0", "--adopt")
    try await running.reached("burnInStarted")
    let ballast = small + "/ballast"
    #expect(FileManager.default.createFile(atPath: ballast, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: ballast))
    let block = Data(repeating: 0x61, count: 4096)
    while (try? handle.write(contentsOf: block)) != nil {}
    try handle.close()
    // The burn-in ends and its events cannot be written: it says so, and the second wave does not begin.
    #expect(await running.log.contains("\"type\":\"trouble\""))
    let status = try await canary("status")
    #expect(status.status == .exited(0), "\(status)")
    #expect(status.output.contains("burning_in"), "\(status)")
    #expect(fleet.restarts[1] == ["1.0"])
    try FileManager.default.removeItem(atPath: ballast)
    let ended = await running.ended()
    #expect(ended.status == .exited(0), "\(ended)")
    #expect(fleet.versions == ["2.0", "2.0"])
    #expect(fleet.restarts == [["1.0", "2.0"], ["1.0", "2.0"]])
  }
}
