import ChildProcesses
import Foundation
import Glibc
import RolloutCore
import RolloutEngine
import TestKit

extension CellRun {
  /// Whether this machine lets us mount a small file system, and give a process another host name.
  static func isPrivileged() async -> Bool {
    let tried = ProcessCommand(["unshare", "--mount", "--uts", "true"])
    return (try? await ChildProcess.run(tried, timeout: .seconds(10)).get())?.status.isSuccess ?? false
  }

  // MARK: Full disks

  mutating func fillDisk() async throws {
    if cell.row == "host" { try await fillHost() } else { try await fillStore() }
  }

  /// The controller's disk is full while it waits: it says so, begins no step, answers those who look, and goes on by
  /// itself when there is space.
  private mutating func fillStore() async throws {
    try await arena.mount("2m", at: arena.state)
    try arena.writePolicy(["burn_in": "{min: 20s, max: 1m}"])
    let victim = try await arena.canary(lease).begin(start)
    try await victim.reached("burnInStarted")
    let ballast = arena.state + "/ballast"
    try fill(ballast)
    let began = ContinuousClock.now
    oracle.require(await victim.log.contains("\"type\":\"trouble\""), "it does not say that the disk is full")
    let time = ContinuousClock.now - began
    note = "said so \(time) after the disk was full"
    oracle.require(time < .seconds(10), "it keeps quiet until it has something to write: \(time)")
    let steps = arena.hosts.map(\.steps)
    let status = try await arena.canary(lease).run(["status"])
    oracle.require(status.output.contains("burning_in"), "status: \(status)")
    let now = arena.hosts.map(\.steps)
    oracle.require(now == steps, "a step began: \(now)")
    try FileManager.default.removeItem(atPath: ballast)
    let promoted = try await arena.canary(lease).run(["promote", "--full", "--reason", "well enough"])
    oracle.require(promoted.status == .exited(0), "not promoted: \(promoted)")
    let ended = await victim.ended()
    oracle.require(ended.status == goodStatus, "it did not go on: \(ended)")
  }

  /// A host without room for the release refuses it, changes nothing, and takes it when there is room.
  private mutating func fillHost() async throws {
    let host = arena.hosts[0]
    try await arena.mount("8m", at: host.directory)
    let before = host.list("releases")
    let refused = try await arena.canary(lease).run(start)
    oracle.require([.exited(2), .exited(3), .exited(5)].contains(refused.status), "not refused: \(refused)")
    oracle.require((refused.output + refused.errors).contains("MB free"), "it does not say what is wrong: \(refused)")
    oracle.require(host.list("releases") == before, "the refusal left \(host.list("releases"))")
    await oracle.look("on the full disk")
    try await runOrThrow(["mount", "-o", "remount,size=64m", host.directory], in: arena.state)
    for _ in 0..<3 where try await Oracle.newest(arena)?.state != "succeeded" {
      let isOpen = try await Oracle.newest(arena).map { !$0.isEnded } ?? false
      _ = try await arena.canary(lease).run(isOpen ? ["retry"] : start)
    }
  }

  private func fill(_ path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw FixtureFailure("no ballast in \(path)") }
    let block = Data(repeating: 0x61, count: 4096)
    while (try? handle.write(contentsOf: block)) != nil {}
    try handle.close()
  }

  /// From one sync on all fail. The controller says so at once and begins nothing until it is asked to leave.
  mutating func failForGood() async throws {
    let environment = faulty("eio", at: "\(cell.occurrence)-1000000", only: "sync", under: [arena.state])
    let victim = try await arena.canary(environment).begin(start)
    let failed = { [run = self] in run.calls.filter { $0.number >= run.cell.occurrence }.count }
    let arena = arena
    _ = await eventually(within: .seconds(60)) {
      if failed() > 0 { return true }
      return await victim.log.isEnded
    }
    isMet = failed() > 0
    let began = ContinuousClock.now
    // Before the first record is written there is nothing to say on; it leaves.
    if await victim.log.contains("\"type\":\"trouble\"") {
      note = "said so \(ContinuousClock.now - began) after the first failed sync"
      let steps = arena.hosts.map(\.steps)
      let soFar = failed()
      oracle.require(await eventually { failed() > soFar + 3 }, "it does not try again")
      // An outcome that was on its way may still come in; a key that is new must not.
      let keys = arena.hosts.map { $0.steps.map(\.name) }
      oracle.require(keys == steps.map { $0.map(\.name) }, "a step began without its record: \(keys)")
      _ = await victim.interrupt()
    } else {
      oracle.require((await victim.ended()).errors.contains("journal"), "it does not say what is wrong")
    }
    await oracle.look("after the failure")
    try await finish()
  }

  // MARK: Another controller

  /// The first controller dies, or its machine does; the time until another has the rollout in hand.
  mutating func takeOver() async throws {
    if cell.row.hasPrefix("stopped") { return try await stopForReal() }
    var first = arena.canary(lease)
    if cell.row == "other machine" {
      let renamed = "echo elsewhere >/proc/sys/kernel/hostname && exec \"$0\" \"$@\""
      first.launcher = ["unshare", "--uts", "sh", "-c", renamed]
    }
    try arena.writePolicy(["burn_in": "{min: 2s, max: 1m}"])
    let victim = try await first.begin(start)
    try await victim.reached("burnInStarted")
    await victim.kill()
    let died = ContinuousClock.now
    let other = try await arena.canary(lease).begin(["resume"])
    oracle.require(await other.log.contains("\"event\":\"controllerTookOver\""), "nobody took over")
    let time = ContinuousClock.now - died
    note = "taken over \(time) after the death"
    oracle.require(time < .seconds(10), "taken over only after \(time)")
    let ended = await other.ended()
    oracle.require(ended.status == goodStatus, "the new controller: \(ended)")
  }

  /// Stopped for twice the life of a real lease while another one takes over and is still at work.
  private mutating func stopForReal() async throws {
    try arena.writePolicy(["burn_in": "{min: 14s, max: 1m}"])
    let victim = try await arena.canary(lease).begin(start)
    try await victim.reached("burnInStarted")
    let pid = await victim.process.processID
    kill(pid, SIGSTOP)
    let stopped = ContinuousClock.now
    let arena = arena
    _ = await eventually(within: .seconds(20)) {
      guard let held = try? await Oracle.lease(arena) else { return true }
      return held.expiresAt.milliseconds < Int64(Date().timeIntervalSince1970 * 1000)
    }
    let other = try await arena.canary(lease).begin(["resume"])
    oracle.require(await other.log.contains("\"event\":\"controllerTookOver\""), "nobody took over")
    note = "taken over \(ContinuousClock.now - stopped) after the stop"
    _ = await eventually(within: .seconds(30)) { ContinuousClock.now - stopped > .seconds(16) }
    kill(pid, SIGCONT)
    let (late, new) = (await victim.ended(), await other.ended())
    oracle.require(new.status == goodStatus, "the new controller: \(new)")
    oracle.require(
      late.status == .exited(1) && late.errors.contains("another controller has taken"), "the old controller: \(late)")
  }
}
