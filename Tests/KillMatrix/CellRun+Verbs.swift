import ChildProcesses
import Foundation
import Glibc
import RolloutCore
import RolloutEngine
import Synchronization
import TestKit

extension CellRun {
  private var verb: [String] {
    switch cell.course {
    case .pause: ["pause", "--reason", "lunch"]
    case .resume: ["resume"]
    case .promote: ["promote", "--full", "--reason", "well enough"]
    case .abortHold, .abortHoldInStep: ["abort", "--hold", "--reason", "enough"]
    case .abortRollback, .abortRollbackInStep, .orphanAbort: ["abort", "--rollback", "--reason", "enough"]
    case .retry: ["retry"]
    case .rollback: ["rollback", "--reason", "customers complain"]
    case .forward, .wayBack, .detached, .measured, .adopted, .damaged, .asked: []
    }
  }

  /// A verb dies on its way: it is done wholly or not at all, and asking again does no harm.
  mutating func killVerb() async throws {
    defer { letGo() }
    let controller = try await prepareForVerb()
    let victim = try await arena.canary(deadly).run(verb)
    isMet = isMarked
    if isMet { oracle.require(victim.status == .signaled(SIGKILL), "the victim lived: \(victim)") }
    await oracle.look("after the kill")
    let before = forwardSteps
    let again = try await arena.canary(lease).run(verb)
    let acknowledged = forwardSteps
    requireInFlight()
    // Refused: the first had been heard already.
    var known: [ProcessStatus] = [.exited(0), .exited(5), goodStatus]
    // A release that fails once more halts once more.
    if cell.course == .retry { known.append(.exited(3)) }
    oracle.require(known.contains(again.status), "asked again: \(again)")
    letGo()
    try await settle()
    _ = await controller?.ended()
    try await finishVerb()
    if cell.course.isAbort {
      let now = forwardSteps
      oracle.require(now == acknowledged, "G11: forward steps after the abort: \(before) \(now)")
    }
  }

  // MARK: In the middle of a step

  private var pipe: String { arena.hosts[0].directory + "/shared/run/hold" }

  /// A controller whose canary's restart command runs until `letGo`.
  private mutating func beginHeld() async throws -> BuiltCanary.Running {
    guard mkfifo(pipe, 0o600) == 0 else { throw FixtureFailure("no pipe at \(pipe)") }
    let controller = try await arena.canary(lease).begin(start)
    let pipe = pipe
    // It opens once the command reads.
    let opened = Mutex<Int32>(-1)
    let isHeld = await eventually(within: .seconds(60)) {
      opened.withLock { descriptor in
        descriptor = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        return descriptor >= 0
      }
    }
    guard isHeld else { throw FixtureFailure("no restart command was run") }
    held = opened.withLock { $0 }
    try FileManager.default.removeItem(atPath: pipe)
    return controller
  }

  private mutating func letGo() {
    if let held { close(held) }
    held = nil
  }

  /// What is known before the held command goes on.
  private mutating func requireInFlight() {
    guard held != nil else { return }
    let steps = arena.hosts[0].steps
    let isInFlight = steps.contains { $0.name.hasPrefix("activate") && $0.outcome == nil }
    oracle.require(isInFlight, "no step was in flight at the abort: \(steps)")
  }

  /// A controller dies with an operator's word in its hands: the verb finds that out and carries it out itself.
  mutating func killHearer() async throws {
    try arena.writePolicy(["burn_in": "{min: 3m, max: 4m}"])
    let controller = try await arena.canary(deadly).begin(start)
    try await controller.reached("burnInStarted")
    let done = try await arena.canary(lease).run(verb)
    isMet = isMarked
    let victim = await controller.ended()
    oracle.require(victim.status == .signaled(SIGKILL), "the victim lived: \(victim)")
    oracle.require(done.status == .exited(0), "the verb: \(done)")
    try await finishVerb()
  }

  /// Brings the rollout to where the verb means something.
  private mutating func prepareForVerb() async throws -> BuiltCanary.Running? {
    switch cell.course {
    case .retry:
      try arena.writePolicy(["on_fail": "halt"])
      let halted = try await arena.canary(lease).run(start)
      oracle.require(halted.status == .exited(3), "not halted: \(halted)")
      return nil
    case .rollback:
      let done = try await arena.canary(lease).run(start)
      oracle.require(done.status == .exited(0), "not rolled out: \(done)")
      return nil
    case .abortHoldInStep, .abortRollbackInStep: return try await beginHeld()
    default:
      try arena.writePolicy(["burn_in": "{min: 3m, max: 4m}"])
      let controller = try await arena.canary(lease).begin(start)
      try await controller.reached("burnInStarted")
      if cell.course == .resume {
        let paused = try await arena.canary(lease).run(["pause"])
        oracle.require(paused.status == .exited(0), "not paused: \(paused)")
      }
      guard cell.course == .orphanAbort else { return controller }
      await controller.kill()
      return nil
    }
  }

  /// After the verb: what brings the rollout to its end.
  private mutating func settle() async throws {
    switch cell.course {
    case .pause:
      oracle.require(try await Oracle.newest(arena)?.state == "paused", "not paused")
      try await expectDone(["resume"])
      try await expectDone(["promote", "--full", "--reason", "well enough"])
    case .resume: try await expectDone(["promote", "--full", "--reason", "well enough"])
    case .retry: try await expectDone(["abort", "--rollback", "--reason", "enough"])
    default: break
    }
  }

  private mutating func expectDone(_ verb: [String]) async throws {
    let done = try await arena.canary(lease).run(verb)
    oracle.require(done.status == .exited(0), "\(verb): \(done)")
  }

  private mutating func finishVerb() async throws {
    switch cell.course {
    case .abortHold, .abortHoldInStep:
      end = ExpectedEnd(versions: ["2.0", "1.0"], state: "aborted", restarts: [[["1.0", "2.0"]], [["1.0"]]])
    case .abortRollback, .abortRollbackInStep, .orphanAbort:
      end = ExpectedEnd(versions: ["1.0", "1.0"], state: "aborted", restarts: [[["1.0", "2.0", "1.0"]], [["1.0"]]])
    case .retry:
      let once = ["1.0", "3.0", "1.0"]
      let twice = ["1.0", "3.0", "3.0", "1.0"]
      let thrice = ["1.0", "3.0", "3.0", "3.0", "1.0"]
      end = ExpectedEnd(
        versions: ["1.0", "1.0"], state: "aborted", restarts: [[twice, once, thrice], [["1.0"]]])
      end.mayRepeatHooks = true
    case .rollback:
      end = ExpectedEnd(
        versions: ["1.0", "1.0"], state: "succeeded",
        restarts: Array(repeating: [["1.0", "2.0", "1.0"]], count: Arena.count))
    default: break
    }
    for _ in 0..<3 {
      guard let newest = try await Oracle.newest(arena), !newest.isEnded else { return }
      let resumed = try await arena.canary(lease).run(["resume"])
      if resumed.status == .exited(5) { _ = try await arena.canary(lease).run(["watch"]) }
    }
  }

  /// Putting an instance back behind its balancer brings the release no further.
  private var forwardSteps: [[String]] {
    arena.hosts.map { host in
      host.steps.map(\.name).filter { !$0.hasPrefix("revert") && !$0.hasPrefix("undrain") }
    }
  }
}

extension Cell.Course {
  var isAbort: Bool {
    switch self {
    case .abortHold, .abortRollback, .abortHoldInStep, .abortRollbackInStep, .orphanAbort: true
    default: false
    }
  }
}
