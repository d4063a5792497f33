import ChildProcesses
import Foundation
import Glibc
import RolloutCore
import RolloutEngine
import TestKit

/// One cell in its arena.
struct CellRun {
  let arena: Arena
  let cell: Cell
  var oracle: Oracle
  var isMet = true
  var note: String?
  var end: ExpectedEnd
  /// The writer's end of the pipe that a restart command waits for.
  var held: Int32?

  init(_ cell: Cell, in arena: Arena) {
    (self.cell, self.arena) = (cell, arena)
    oracle = Oracle(arena)
    end = cell.course == .wayBack ? .wayBack : .forward
  }

  /// What the disk and the policy hold before the cell.
  mutating func prepare() async throws {
    switch cell.course {
    case .measured:
      let address = "http://{host}:{port}/{home}/srv/shared/run/load"
      try arena.writePolicy([
        "checks": "[{name: load, scrape: \"\(address)\", gauge: load, interval: 1s}]", "burn_in": "{min: 1s, max: 2s}",
        "baseline": "1s", "wave_burn_in": "0s", "soak": "0s", "on_inconclusive": "promote", "on_no_data": "halt",
      ])
      for host in arena.hosts { try host.write("load 1\n", to: "shared/run/load") }
    case .adopted: try FileManager.default.removeItem(atPath: arena.state)
    case .damaged: try await leaveDamaged()
    default: break
    }
  }

  /// A rollout that was halted on the canary, and whose second record is no longer what was written.
  private mutating func leaveDamaged() async throws {
    try arena.writePolicy(["on_fail": "halt"])
    let halted = try await arena.canary(lease).run(["start", "shop@3.0"])
    guard halted.status == .exited(3), let rollout = try await Oracle.newest(arena)?.id else {
      throw FixtureFailure("not halted: \(halted)")
    }
    let change = "DROP TRIGGER event_is_final; UPDATE event SET payload = payload || ' ' "
    let sql = change + "WHERE rollout = '\(rollout)' AND sequence = 1"
    try await runOrThrow(["sqlite3", "-cmd", ".timeout 20000", arena.journal, sql], in: arena.state)
    try arena.writePolicy()
    oracle = Oracle(arena, damaged: Oracle.Damage(rollout: rollout, sequence: 1))
    end.restarts[0] = [["1.0", "3.0", "2.0"]]
  }

  static func run(_ cell: Cell, in arena: Arena) async -> CellResult {
    let start = ContinuousClock.now
    if let needed = cell.needed, await !isPrivileged() {
      return CellResult(cell: cell, objections: [], isMet: false, time: .zero, skipped: "needs \(needed)")
    }
    var objections: [String]
    var (isMet, note) = (true, String?.none)
    do {
      try await arena.reset()
      var run = CellRun(cell, in: arena)
      try await run.prepare()
      try await run.play()
      await run.oracle.conclude(run.end)
      (objections, isMet, note) = (run.oracle.objections, run.isMet, run.note)
    } catch { objections = ["\(error)"] }
    return CellResult(
      cell: cell, objections: objections, isMet: isMet, note: note, time: ContinuousClock.now - start)
  }

  mutating func play() async throws {
    switch cell.means {
    case .killController, .killAtSync: try await killController()
    case .stopController: try await stopController()
    case .failWrite, .failSync: try await failController()
    case .killHelper, .failHost: try await breakHost()
    case .killConnection: try await killConnection()
    case .killVerb: try await killVerb()
    case .fillDisk: try await fillDisk()
    case .takeover: try await takeOver()
    }
  }

  // MARK: Environments

  var lease: [String: String?] { ["CANARY_LEASE_MS": cell.lease.map(String.init)] }

  /// The environment in which the fail point of the cell's row does `action`.
  func armed(_ action: String) -> [String: String?] {
    var environment = lease
    environment["CANARY_FAILPOINT"] = "\(cell.row):\(cell.occurrence):\(action)"
    environment["CANARY_FAILPOINT_MARK"] = arena.scratch("mark")
    return environment
  }

  /// The environment in which a process is killed at the cell's row: for a commit, after the log's write and before its
  /// sync.
  var deadly: [String: String?] {
    guard cell.row.hasSuffix(".committing") else { return armed("kill") }
    var environment = faulty("kill", at: "1", only: "sync", under: [arena.state])
    for (name, value) in armed("mark") { environment[name] = value }
    environment["CANARY_FAULT_TRIGGER"] = arena.scratch("mark")
    return environment
  }

  /// The environment in which calls on the disk under `directories` are counted, and some are hit.
  func faulty(_ action: String, at calls: String, only: String = "", under directories: [String]) -> [String: String?] {
    var environment = lease
    environment["LD_PRELOAD"] = arena.faults
    environment["CANARY_FAULT_UNDER"] = directories.joined(separator: ":")
    environment["CANARY_FAULT_COUNT"] = arena.scratch("count")
    environment["CANARY_FAULT_LOG"] = arena.scratch("calls")
    environment["CANARY_FAULT_AT"] = calls
    environment["CANARY_FAULT_ONLY"] = only
    environment["CANARY_FAULT_DO"] = action
    return environment
  }

  var isMarked: Bool { FileManager.default.fileExists(atPath: arena.scratch("mark")) }

  // MARK: Driving

  var start: [String] {
    switch cell.course {
    case .wayBack, .retry: ["start", "shop@3.0"]
    case .detached: ["start", "shop@2.0", "--detach"]
    case .adopted: ["start", "shop@2.0", "--adopt"]
    case .damaged: ["start", "shop@2.0", "--supersede"]
    default: ["start", "shop@2.0"]
    }
  }

  /// What the victim is started with. Where a question is to be asked, a controller is lost first, with a command on
  /// the wire.
  mutating func victimWords() async throws -> [String] {
    guard cell.course == .asked else { return start }
    var first = lease
    first["CANARY_FAILPOINT"] = "sent:4:kill"
    let lost = try await arena.canary(first).run(start)
    oracle.require(lost.status == .signaled(SIGKILL), "the first controller lived: \(lost)")
    return ["resume"]
  }

  /// Exit status of a drive to the expected end.
  var goodStatus: ProcessStatus { end.state == "rolled_back" ? .exited(2) : .exited(0) }

  /// Goes on by what the journal says until the rollout has ended, as an operator would.
  mutating func finish() async throws {
    for _ in 0..<4 {
      guard let newest = try await Oracle.newest(arena), newest.id != oracle.damaged?.rollout else {
        let started = try await arena.canary(lease).run(start)
        if cell.course == .detached { continue }
        oracle.require(started.status == goodStatus, "started again: \(started)")
        continue
      }
      if newest.isEnded { return }
      let resumed = try await arena.canary(lease).run(["resume"])
      if resumed.status == .exited(5) {
        _ = try await arena.canary(lease).run(["watch"])
        continue
      }
      oracle.require(resumed.status == goodStatus, "resumed: \(resumed)")
    }
  }

  // MARK: The controller is lost

  private mutating func killController() async throws {
    if cell.course == .abortHold { return try await killHearer() }
    let words = try await victimWords()
    let victim = try await arena.canary(deadly).run(words)
    isMet = isMarked
    if isMet, cell.course != .detached {
      oracle.require(victim.status == .signaled(SIGKILL), "the victim lived: \(victim)")
    }
    await oracle.look("after the kill")
    try await finish()
  }

  /// Stopped for longer than its lease; another takes over; then it goes on and finds that it must not.
  private mutating func stopController() async throws {
    let words = try await victimWords()
    let victim = try await arena.canary(armed("stop")).begin(words)
    let pid = await victim.process.processID
    _ = await eventually(within: .seconds(60)) {
      if isStopped(pid) { return true }
      return await victim.log.isEnded
    }
    isMet = isStopped(pid)
    guard isMet else {
      _ = await victim.ended()
      return try await finish()
    }
    let hadLease = try await Oracle.lease(arena) != nil
    let arena = arena
    _ = await eventually(within: .seconds(60)) {
      guard let held = try? await Oracle.lease(arena) else { return true }
      return held.expiresAt.milliseconds < Int64(Date().timeIntervalSince1970 * 1000)
    }
    if cell.row.hasSuffix(".offered") || cell.row.hasSuffix(".written") { return try await waitForLock(victim, pid) }
    let isRecorded = try await Oracle.newest(arena).map { !$0.isEnded } ?? false
    let other = try await arena.canary(lease).begin(isRecorded ? ["resume"] : start)
    _ = await other.log.contains("\"event\":\"controllerTookOver\"")
    if cell.isLate { _ = await other.ended() }
    await oracle.look("while two are there")
    kill(pid, SIGCONT)
    let (late, new) = (await victim.ended(), await other.ended())
    oracle.require(new.status == goodStatus, "the new controller: \(new)")
    oracle.require(late.status != .exited(0), "the old controller says that all went well: \(late)")
    if hadLease && isRecorded {
      let words = ["another controller has taken", "passed to", "has ended"]
      let says = words.contains { late.errors.contains($0) }
      oracle.require(says, "the old controller does not say what happened: \(late)")
    }
    try await finish()
  }

  /// Stopped in the middle of a write it holds the journal's lock, which nobody can take from it: the other one says so
  /// and changes nothing, and the old one goes on.
  private mutating func waitForLock(_ victim: BuiltCanary.Running, _ pid: Int32) async throws {
    let isRecorded = try await Oracle.newest(arena).map { !$0.isEnded } ?? false
    let other = try await arena.canary(lease).run(isRecorded ? ["resume"] : start)
    oracle.require(other.status == .exited(1) && other.errors.contains("write lock"), "the other one: \(other)")
    kill(pid, SIGCONT)
    let late = await victim.ended()
    oracle.require(late.status == goodStatus, "the old controller: \(late)")
    try await finish()
  }

  /// Its writes fail for a while, or for good.
  private mutating func failController() async throws {
    if cell.row == "sync, for good" { return try await failForGood() }
    let environment =
      cell.means == .failWrite
      ? armed("error") : faulty("eio", at: "\(cell.occurrence)", only: "sync", under: [arena.state])
    let victim = try await arena.canary(environment).run(start)
    isMet = cell.means == .failWrite ? isMarked : calls.count >= cell.occurrence
    let isKnown = [goodStatus, .exited(1), .exited(5)].contains(victim.status)
    oracle.require(isKnown, "the victim ended oddly: \(victim)")
    if victim.status != goodStatus {
      oracle.require(victim.errors.contains("journal"), "it does not say what is wrong: \(victim)")
    }
    await oracle.look("after the failure")
    try await finish()
  }

  /// The calls that were counted: number, operation, path.
  var calls: [HostCall] { HostCall.read(arena.scratch("calls")) }
}

/// True while the process is stopped by a signal.
func isStopped(_ pid: Int32) -> Bool {
  guard let stat = contents(of: "/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")") else { return false }
  return stat[stat.index(after: name)...].split(separator: " ").first == "T"
}
