import ChildProcesses
import Foundation
import Glibc
import RolloutCore
import RolloutEngine
import TestKit

extension CellRun {
  /// The script on a host dies, or its disk fails, at one call of many. The controller goes on by itself.
  mutating func breakHost() async throws {
    let directories = arena.hosts.map(\.directory)
    let action = cell.means == .failHost ? "enospc" : cell.row == "reply" ? "killgroup-after" : "killgroup"
    let environment = faulty(action, at: "\(cell.occurrence)", under: directories)
    let words = try await victimWords()
    let victim = try await arena.canary(environment).run(words)
    let calls = calls
    isMet = calls.count >= cell.occurrence
    if cell.means == .failHost { return try await afterFailure(victim) }
    oracle.require(victim.status == goodStatus, "the controller did not get over it: \(victim)")
    allowRepeats(calls)
    try await finish()
  }

  /// Where a command may have run and its outcome was not on disk, it may run once more.
  private mutating func allowRepeats(_ calls: [HostCall]) {
    for (index, host) in arena.hosts.enumerated() {
      guard let step = calls.commandInDoubt(at: cell.occurrence, in: host.directory) else { continue }
      end.mayRepeatHooks = true
      guard step.contains("activate"), let usual = end.restarts[index].first, let last = usual.last else { continue }
      let forward = repeating(cell.course == .wayBack ? "3.0" : "2.0", in: usual)
      end.restarts[index].append(step.hasPrefix("revert") ? usual + [last] : forward)
    }
  }

  private func repeating(_ version: String, in restarts: [String]) -> [String] {
    restarts.flatMap { $0 == version ? [$0, $0] : [$0] }
  }

  /// A host that says no ends the rollout by the policy's `on_fail`; with room again the release goes out.
  private mutating func afterFailure(_ victim: BuiltCanary.Ended) async throws {
    let known: [ProcessStatus] = [.exited(0), .exited(2), .exited(3), .exited(8)]
    oracle.require(known.contains(victim.status), "the controller did not get over it: \(victim)")
    await oracle.look("after the failure")
    allowRepeats(calls)
    guard victim.status != .exited(0) else { return }
    // How often it goes back and forth is not fixed, but each time is a step of its own.
    end.spareRestarts = arena.hosts.map { host in
      calls.commandInDoubt(at: cell.occurrence, in: host.directory)?.contains("activate") == true ? 1 : 0
    }
    for _ in 0..<3 {
      let newest = try await Oracle.newest(arena)
      if newest?.state == "succeeded" { break }
      let verb = newest?.isEnded == false ? ["retry"] : start
      _ = try await arena.canary(lease).run(verb)
    }
  }

  /// The controller is held at a moment, what carries its words to a host is killed, and it goes on.
  mutating func killConnection() async throws {
    let victim = try await arena.canary(armed("stop")).begin(start)
    let pid = await victim.process.processID
    _ = await eventually(within: .seconds(60)) {
      if isStopped(pid) { return true }
      return await victim.log.isEnded
    }
    isMet = isStopped(pid)
    if isMet {
      for child in descendants(of: pid) where ["ssh", "sh"].contains(processName(child)) { kill(child, SIGKILL) }
      kill(pid, SIGCONT)
    }
    let result = await victim.ended()
    if result.status != goodStatus {
      // Before the first record is written, a lost connection is a refusal to start.
      let newest = try await Oracle.newest(arena)
      oracle.require(newest == nil, "the controller did not get over it: \(result)")
    }
    end.mayRepeatHooks = arena.reach == .local
    if arena.reach == .local {
      for index in end.restarts.indices { end.restarts[index].append(["1.0", "2.0", "2.0"]) }
    }
    try await finish()
  }
}
