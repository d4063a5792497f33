import FailPoints
import Foundation

/// All cells, and the part of them that covers every row and every means.
public enum Matrix {
  /// Every cell of an arena: made from what a rollout passes there when nothing is lost.
  public static func cells(in arena: Arena) async throws -> [Cell] {
    switch arena.reach {
    case .local: try await local(arena)
    case .ssh: try await ssh(arena)
    }
  }

  private static func local(_ arena: Arena) async throws -> [Cell] {
    let forward = try await Survey.take(.forward, in: arena)
    let wayBack = try await Survey.take(.wayBack, in: arena)
    var cells = killed(forward, .forward, most: 100) + killed(wayBack, .wayBack, most: 4)
    cells += killed(try await Survey.take(.detached, in: arena), .detached, most: 1)
    cells += killed(try await Survey.take(.measured, in: arena), .measured, most: 3) { $0.hasPrefix("append-samples") }
    cells += killed(try await Survey.take(.adopted, in: arena), .adopted, most: 1) {
      $0.hasPrefix("raise-epoch") || $0.hasPrefix("migrate")
    }
    let damaged = try await Survey.take(.damaged, in: arena)
    cells += killed(damaged, .damaged, most: 1) {
      $0.hasPrefix("put-aside") || ["acquire.synced", "release.offered"].contains($0)
    }
    cells += written(damaged, .damaged).filter { $0.row.hasPrefix("put-aside") }
    let asked = try await Survey.take(.asked, in: arena)
    cells += killed(asked, .asked, most: 4) { ["answer-received", "sending", "sent", "replied"].contains($0) }
    cells += stopped(asked, .asked, most: 1)
    cells.append(Cell(.killController, "requests-read", course: .abortHold))
    cells += stopped(forward, .forward, most: 3) + stopped(wayBack, .wayBack, most: 1)
    cells += written(forward)
    cells += (1...max(1, forward.syncs)).map { Cell(.failSync, "sync", $0) }
    cells += stride(from: 8, to: max(9, forward.syncs), by: 4).map { Cell(.failSync, "sync, for good", $0) }
    cells += onHosts(forward, .forward, .killHelper, in: arena)
    // What cannot be removed or given a mode fails nothing; that is what `chmod` and `rm` find out.
    cells += onHosts(forward, .forward, .failHost, in: arena) { !["unlink", "chmod"].contains($0.operation) }
    // Up to the failure it is the way forward.
    let revert = wayBack.calls.first { $0.path.contains("revert") }?.number ?? 1
    cells += onHosts(wayBack, .wayBack, .killHelper, in: arena).filter { $0.occurrence >= revert - 20 }
    cells += (1...8).map { Cell(.killHelper, "host bind_step", $0, course: .asked) }
    cells += connections(forward, in: .local) + verbs
    cells += [Cell(.fillDisk, "store"), Cell(.fillDisk, "host")]
    cells += [
      Cell(.takeover, "same machine"), Cell(.takeover, "other machine"), Cell(.takeover, "stopped, real terms"),
    ].map { cell in
      var cell = cell
      cell.lease = nil
      return cell
    }
    return cells
  }

  private static func ssh(_ arena: Arena) async throws -> [Cell] {
    let forward = try await Survey.take(.forward, in: arena)
    let moments: Set<String> = ["connecting", "connected", "sending", "sent", "uploading", "replied"]
    let onTheWay = killed(forward, .forward, most: 100, reach: .ssh).filter { moments.contains($0.row) }
    return onTheWay + connections(forward, in: .ssh) + stopped(forward, .forward, most: 1, reach: .ssh)
  }

  /// Rows that must have cells: every write of the store at every stage, every moment, and every function of the host's
  /// script that writes.
  public static var required: [String] {
    let writes = WriteSite.allCases.flatMap { site in WriteStage.allCases.map { "\(site.rawValue).\($0.rawValue)" } }
    return writes + Moment.allCases.map(\.rawValue) + HostWriteSite.all.filter { $0.elsewhere == nil }.map(\.row)
  }

  // MARK: The controller

  /// Signs of life come by the clock: a few of them are as good as all.
  private static let mostRenewals = 2

  private static func places(_ survey: Survey, most: Int) -> [(name: String, occurrence: Int)] {
    survey.points.sorted { $0.key < $1.key }.flatMap { name, count in
      (1...min(count, name.hasPrefix("renew") ? mostRenewals : most)).map { (name, $0) }
    }
  }

  private static func killed(
    _ survey: Survey, _ course: Cell.Course, most: Int, reach: Arena.Reach = .local,
    where isWanted: (String) -> Bool = { _ in true }
  ) -> [Cell] {
    places(survey, most: most).filter { isWanted($0.name) }.map { name, occurrence in
      let means: Cell.Means = name.hasSuffix(".committing") ? .killAtSync : .killController
      return Cell(means, name, occurrence, course: course, reach: reach)
    }
  }

  /// Moments at which another controller can be there before the first one goes on, each at the first few times.
  private static func stopped(
    _ survey: Survey, _ course: Cell.Course, most: Int, reach: Arena.Reach = .local
  ) -> [Cell] {
    let held = places(survey, most: most).filter { name, _ in
      let isLocked = name.hasSuffix(".offered") || name.hasSuffix(".written")
      return !name.hasPrefix("release") && !name.hasSuffix(".committing") && !isLocked
    }.map { Cell(.stopController, $0.name, $0.occurrence, course: course, reach: reach) }
    let late = held.filter { $0.occurrence == 1 }.map { cell in
      var cell = cell
      cell.isLate = true
      return cell
    }
    let locked = ["acquire.written", "append.written"].map { Cell(.stopController, $0, course: course, reach: reach) }
    return held + late + (reach == .local && course == .forward ? locked : [])
  }

  private static func written(_ survey: Survey, _ course: Cell.Course = .forward) -> [Cell] {
    places(survey, most: 4).filter { name, _ in name.hasSuffix(".offered") || name.hasSuffix(".written") }
      .filter { name, _ in !name.hasPrefix("migrate") }
      .map { Cell(.failWrite, $0.name, $0.occurrence, course: course) }
  }

  // MARK: Hosts

  /// Every call on the first host, and a part of those on the second, which are the same again.
  private static func onHosts(
    _ survey: Survey, _ course: Cell.Course, _ means: Cell.Means, in arena: Arena,
    where isWanted: (HostCall) -> Bool = { _ in true }
  ) -> [Cell] {
    var before: HostCall?
    return survey.calls.filter(isWanted).filter { call in
      defer { before = call }
      // `mv` tries two calls for one rename.
      if call.operation == before?.operation, call.path == before?.path { return false }
      return call.path.hasPrefix(arena.hosts[0].directory) || call.number % 8 == 0
    }.map { Cell(means, HostWriteSite.row(of: $0) ?? "host elsewhere", $0.number, course: course) }
  }

  private static func connections(_ survey: Survey, in reach: Arena.Reach) -> [Cell] {
    places(survey, most: 8).filter { ["connected", "sending", "sent", "uploading", "replied"].contains($0.name) }
      .map { Cell(.killConnection, $0.name, $0.occurrence, reach: reach) }
  }

  // MARK: Verbs

  private static var verbs: [Cell] {
    let asked: [Cell.Course] = [
      .pause, .resume, .promote, .abortHold, .abortRollback, .abortHoldInStep, .abortRollbackInStep,
    ]
    let stages = WriteStage.allCases.map(\.rawValue)
    let moments: [Moment] = [.requestMade, .requestOffered, .answerRead]
    var cells = asked.flatMap { course in
      moments.map { Cell(.killVerb, $0.rawValue, course: course) }
        + stages.map { Cell(.killVerb, "offer.\($0)", course: course) }
    }
    for course in [Cell.Course.orphanAbort, .retry] {
      for site in ["acquire", "offer", "append", "release"] {
        cells += stages.map { Cell(.killVerb, "\(site).\($0)", course: course) }
      }
      cells += ["sent", "replied", "turn-journalled"].map { Cell(.killVerb, $0, course: course) }
    }
    for site in ["acquire", "append"] { cells += stages.map { Cell(.killVerb, "\(site).\($0)", course: .rollback) } }
    return cells
  }

  // MARK: Running

  /// What a rollout passes, for people.
  public static func survey() async throws -> String {
    try await Arena.with(.local) { arena in
      let survey = try await Survey.take(.forward, in: arena)
      let points = survey.points.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      let calls = survey.calls.map { call in
        "\(call.number) \(call.operation) \(call.place)  \(HostWriteSite.row(of: call) ?? "NO ROW")"
      }
      return (points + calls + ["\(survey.syncs) syncs"]).joined(separator: "\n")
    }
  }

  /// Runs every cell that `isWanted`, nil for all, `workers` at a time, each worker in an arena of its own.
  public static func runAll(workers: Int, where isWanted: (@Sendable (Cell) -> Bool)?) async throws -> Table {
    var table = Table(isPart: isWanted != nil)
    for reach in [Arena.Reach.local, .ssh] {
      if reach == .ssh, !Arena.hasSSH { continue }
      let all = try await Arena.with(reach) { arena -> [Cell] in try await Self.cells(in: arena) }
      table.plan(all)
      let cells = all.filter { isWanted?($0) ?? true }
      for result in try await run(cells, over: reach, workers: workers) { table.add(result) }
    }
    return table
  }

  /// Each row and each means at least once, from the cells of an arena.
  static func cover(_ cells: [Cell]) -> [Cell] {
    // Over ssh every row is what it is over local but for what carries it.
    if cells.first?.reach == .ssh {
      let first = Dictionary(grouping: cells.filter { $0.occurrence == 1 }) { $0.means }
      return Cell.Means.allCases.flatMap { first[$0, default: []].suffix($0 == .killConnection ? 4 : 2) }
    }
    var rows: Set<String> = []
    var means: Set<Cell.Means> = []
    // Means first: those of which there are few also have rows of their own.
    let slow: Set<String> = ["stopped, real terms", "other machine"]
    var chosen: [Cell] = []
    for cell in cells.filter({ !slow.contains($0.row) }).reversed() where means.insert(cell.means).inserted {
      rows.insert(cell.row)
      chosen.append(cell)
    }
    for cell in cells where !slow.contains(cell.row) && rows.insert(cell.row).inserted { chosen.append(cell) }
    return chosen
  }

  /// Runs a covering part over one transport.
  public static func runCover(of reach: Arena.Reach, workers: Int = 2) async throws -> Table {
    let all = try await Arena.with(reach) { arena -> [Cell] in try await Self.cells(in: arena) }
    var table = Table(isPart: reach == .ssh)
    table.plan(all)
    var cells = cover(all)
    // A run may take a turn less than the one that was surveyed: the next cell of the same row then stands in.
    for _ in 0..<3 {
      let results = try await run(cells, over: reach, workers: workers)
      for result in results { table.add(result) }
      let tried = Set(table.results.map { "\($0.cell)" })
      let unproven = table.unproven
      cells = unproven.compactMap { name in
        all.first { [$0.row, $0.means.rawValue].contains(name) && !tried.contains("\($0)") }
      }
      if cells.isEmpty { break }
    }
    return table
  }

  static func run(_ cells: [Cell], over reach: Arena.Reach, workers: Int) async throws -> [CellResult] {
    let queue = CellQueue(cells)
    return try await withThrowingTaskGroup(of: [CellResult].self) { group in
      for _ in 0..<min(max(1, workers), cells.count) {
        group.addTask {
          try await Arena.with(reach) { arena -> [CellResult] in
            var results: [CellResult] = []
            while let cell = await queue.next() {
              let result = await CellRun.run(cell, in: arena)
              let met = result.isMet ? "green  " : result.skipped == nil ? "not met" : "skipped"
              say("\(result.isGreen ? met : "RED    ") \(cell), \(result.time)")
              for objection in result.objections { say("        \(objection)") }
              results.append(result)
            }
            return results
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }
}

/// Cells that wait for a worker.
private actor CellQueue {
  private var cells: ArraySlice<Cell>
  init(_ cells: [Cell]) { self.cells = cells[...] }
  func next() -> Cell? { cells.popFirst() }
}
