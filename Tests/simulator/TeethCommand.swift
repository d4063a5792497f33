internal import ArgumentParser
internal import Foundation
internal import RolloutCore
internal import RolloutSimulation

/// Plants one mistake after the other and searches for it. Needs a build with planted bugs: `make teeth`.
///
/// Each mistake is made in a process of its own, since one may make the machine contradict itself and trap.
struct TeethCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "teeth", abstract: "Search for planted bugs.")

  @Option(help: "Seeds for each bug at most.") var most: UInt64 = 20_000
  @Option(help: "States for each bug at most.") var states = 3_000_000
  @Option(help: "The first seed.") var start: UInt64 = 1_000_000
  @Option(parsing: .upToNextOption, help: "Search for these alone.") var only: [String] = []
  @Option(help: "Bugs searched for at a time.") var jobs = 1
  @Option(help: .hidden) var plant: String?

  func run() async throws {
    guard PlantedBug.canBePlanted else {
      throw ValidationError("this build has no planted bugs; use `make teeth`")
    }
    if let plant {
      print(try search(try bug(plant)).text)
      return
    }
    try await searchAll(only.isEmpty ? PlantedBug.allCases : only.map { try bug($0) })
  }

  private func bug(_ name: String) throws -> PlantedBug {
    guard let bug = PlantedBug(rawValue: name) else { throw ValidationError("no planted mistake \(name)") }
    return bug
  }

  // MARK: All

  private func searchAll(_ bugs: [PlantedBug]) async throws {
    print(Finding.head)
    fflush(nil)
    let missed = try await withThrowingTaskGroup(of: (PlantedBug, String).self) { group in
      var waiting = bugs[...]
      func begin() {
        guard let bug = waiting.popFirst() else { return }
        group.addTask { (bug, try await self.searchApart(bug)) }
      }
      for _ in 0..<max(1, jobs) { begin() }
      var missed: Set<String> = []
      for try await (bug, row) in group {
        print(row)
        fflush(nil)
        if row.contains(Finding.nothing) { missed.insert(bug.rawValue) }
        begin()
      }
      return missed
    }
    print("\n\(bugs.count - missed.count) of \(bugs.count) planted bugs found")
    guard !missed.isEmpty else { return }
    print("not found: " + bugs.map(\.rawValue).filter(missed.contains).joined(separator: ", "))
    throw ExitCode(1)
  }

  /// The row of a bug that is made in another process.
  private func searchApart(_ bug: PlantedBug) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "teeth", "--plant", bug.rawValue, "--most", "\(most)", "--states", "\(states)", "--start", "\(start)",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    let begin = ContinuousClock.now
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let last = output.split(separator: "\n").last.map(String.init) ?? ""
    if last.hasPrefix("|") { return last }
    let seconds = begin.duration(to: .now).seconds
    guard process.terminationReason == .uncaughtSignal else {
      return Finding(bug, by: "-", count: "-", seconds, Finding.nothing).text
    }
    let place = last.components(separatedBy: Self.mark)
    return Finding(
      bug, by: place.first ?? "", count: place.count > 1 ? "over \(place[1])" : "-", seconds,
      "decide and apply contradict each other, which traps"
    ).text
  }

  // MARK: One

  /// Between the place where a search is and how far it has come, for whoever finds that it trapped there.
  private static let mark = " after "

  private func search(_ bug: PlantedBug) throws -> Finding {
    let begin = SeedsCommand.threadSeconds()
    if bug.isInTheMachine, let finding = explore(bug, since: begin) { return finding }
    return runSeeds(bug, since: begin)
  }

  /// First the world it is best found in; then each for a while, and each for longer.
  private func explore(_ bug: PlantedBug, since begin: Double) -> Finding? {
    let all = ExploredWorld.all
    let hint = bug.bestWorld
    let worlds = all.filter { $0.name == hint } + all.filter { $0.name != hint }
    var visited = 0
    for limit in [20_000, 200_000] {
      for world in worlds where visited < states {
        print("exploration of \(world.name)\(Self.mark)\(visited)")
        fflush(nil)
        Self.plant(bug)
        let report = Explorer.explore(world, limit: world.name == hint ? 10 * limit : limit)
        Self.plant(nil)
        visited += report.states
        guard let violation = report.violations.first else { continue }
        // A world that breaks a promise without the bug too says nothing of it.
        guard Explorer.explore(world, limit: report.states).violations.isEmpty else { continue }
        return Finding(
          bug, by: "exploration of \(world.name)", count: "\(visited)", SeedsCommand.threadSeconds() - begin,
          violation.rule)
      }
    }
    return nil
  }

  private func runSeeds(_ bug: PlantedBug, since begin: Double) -> Finding {
    for seed in start..<(start + most) {
      if (seed - start) % 500 == 0 {
        print("seeds\(Self.mark)\(seed - start)")
        fflush(nil)
      }
      Self.plant(bug)
      let report = Simulation.run(Scenario(seed: seed))
      Self.plant(nil)
      // A seed that fails without the bug too says nothing of it.
      guard let violation = report.violations.first, Simulation.run(Scenario(seed: seed)).violations.isEmpty else {
        continue
      }
      return Finding(
        bug, by: "seeds", count: "\(seed - start + 1)", SeedsCommand.threadSeconds() - begin,
        "\(violation.invariant): \(violation.detail)")
    }
    return Finding(bug, by: "-", count: "\(most)", SeedsCommand.threadSeconds() - begin, Finding.nothing)
  }

  private static func plant(_ bug: PlantedBug?) {
    #if PLANTED_BUGS
      PlantedBug.current = bug
    #endif
  }
}

/// A row of the table.
private struct Finding {
  static let head =
    row(["bug", "found by", "states or seeds", "seconds", "what broke"])
    + "\n" + row(["---", "---", "---:", "---:", "---"])
  static let nothing = "not found"

  let text: String

  init(_ bug: PlantedBug, by: String, count: String, _ seconds: Double, _ what: String) {
    let time = String(format: "%.1f", seconds)
    text = Self.row([bug.rawValue, by, count, time, String(what.prefix(100)).replacing("|", with: "/")])
  }

  private static func row(_ cells: [String]) -> String {
    let widths = [30, 33, 15, 7]
    let padded = cells.enumerated().map { index, cell in
      index < widths.count ? cell + String(repeating: " ", count: max(0, widths[index] - cell.count)) : cell
    }
    return "| " + padded.joined(separator: " | ") + " |"
  }
}

extension PlantedBug {
  /// In `RolloutCore`, which exploration visits; the others are in the engine and the simulated world.
  fileprivate var isInTheMachine: Bool {
    Self.allCases.prefix { $0 != .engineActsBeforeAppend }.contains(self)
  }

  /// The world in which exploration finds it soonest; nil where the first is good enough.
  fileprivate var bestWorld: String? { Self.bestWorlds[self] }

  private static let bestWorlds: [PlantedBug: String] = [
    .takeoverSendsAgain: "small-crash",
    .takeoverResetsBaseline: "small-checks",
    .takeoverTrustsOldHealth: "small-crash",
    .interruptedCountsAsDone: "small-drain",
    .burnInIgnoresProbes: "small-upset",
    .burnInEndsOnTime: "small-checks",
    .noDataPromotes: "small-promote",
    .passCarriesOver: "small-promote",
    .soakIgnoresChecks: "asked-in-turns",
    .soakIsSkipped: "checks-halt-halt",
    .retryKeepsVerdict: "checks-halt-halt",
    .retryReusesAttempt: "small-halt",
    .oneFailureTooMany: "one-may-fail",
    .canaryMayFail: "small-canary",
    .silenceApproves: "small-checks",
    .onePromoteApprovesAll: "three-requests",
    .pauseDoesNotHold: "small-crash",
    .pauseTakesTime: "small-pause",
    .repeatedRequestActs: "small-crash",
    .abortLeavesStagedHostsGoing: "small-crash",
    .abortLeavesDrained: "drained-requests",
    .abortLostInCrash: "small-crash",
    .promoteLostInCrash: "checks-halt-halt",
    .rollbackForgetsInterrupted: "small-crash",
    .rollbackLeavesDrained: "small-drain",
    .rollbackIsRolledBack: "small-way-back",
    .undrainForgotten: "small-drain",
  ]
}
