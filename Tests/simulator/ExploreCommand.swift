internal import ArgumentParser
internal import Foundation
internal import RolloutCore
internal import RolloutSimulation

/// Visits every state of small worlds; see docs/EXPLORATION.md.
struct ExploreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore", abstract: "Visit every state of small worlds.")

  @Option(help: "Only the world of this name.") var world: String?
  @Option(help: "Stop in a world after this many states.") var limit: Int?
  @Option(help: "Worlds explored at a time.") var jobs = 2
  @Option(help: "Make this planted mistake; needs a build with -DPLANTED_BUGS.") var planted: String?

  func run() async throws {
    guard let planted else { return try await exploreAll() }
    #if PLANTED_BUGS
      try findPlanted(planted)
    #else
      throw ValidationError("this build cannot make mistake \(planted): build it with -Xswiftc -DPLANTED_BUGS")
    #endif
  }

  private var worlds: [ExploredWorld] { ExploredWorld.all.filter { world == nil || $0.name == world } }

  // MARK: Without mistakes

  private func exploreAll() async throws {
    guard !worlds.isEmpty else { throw ValidationError("no world \(world ?? "")") }
    print(Row.head)
    let start = ContinuousClock.now
    var reports: [ExplorationReport] = []
    await withTaskGroup(of: (ExplorationReport, Duration).self) { group in
      var waiting = worlds[...]
      func begin() {
        guard let world = waiting.popFirst() else { return }
        let limit = limit
        group.addTask {
          let start = ContinuousClock.now
          return (Explorer.explore(world, limit: limit), start.duration(to: .now))
        }
      }
      for _ in 0..<max(1, jobs) { begin() }
      for await (report, time) in group {
        reports.append(report)
        print(Row(report, time))
        for violation in report.violations { print("VIOLATION \(violation.rule)", violation.history, separator: "\n") }
        begin()
      }
    }
    let time = start.duration(to: .now)
    print(
      "\(reports.count) worlds, \(reports.count { $0.isComplete }) visited to the end: "
        + "\(reports.reduce(0) { $0 + $1.states }) states, \(reports.reduce(0) { $0 + $1.transitions }) transitions, "
        + "longest shortest path \(reports.map(\.depth).max() ?? 0), "
        + "at rest within \(reports.map(\.longestCalm).max() ?? 0) calm moves, "
        + "\(reports.reduce(0) { $0 + $1.violations.count }) violations, \(time.seconds) s")
    if reports.contains(where: { !$0.violations.isEmpty }) { throw ExitCode(1) }
  }
}

/// One line for a world.
private struct Row: CustomStringConvertible {
  static let head = "world                      states  transitions   rollouts depth  calm   seconds   states/s  within"
  let description: String

  init(_ report: ExplorationReport, _ time: Duration) {
    let rate = Double(report.states) / max(time.seconds, 0.001)
    let cells = [
      (String(report.states), 10), (String(report.transitions), 12), (String(report.rollouts), 10),
      (String(report.depth), 5), (String(report.longestCalm), 5), (String(format: "%.1f", time.seconds), 9),
      (String(Int(rate)), 10),
    ]
    let numbers = cells.map { String(repeating: " ", count: max(0, $0.1 - $0.0.count)) + $0.0 }.joined(separator: " ")
    let end = report.isComplete ? "" : report.violations.isEmpty ? ", stopped at its limit" : ", stopped at a violation"
    description = report.world.padding(toLength: 22, withPad: " ", startingAt: 0) + numbers + "  \(report.bounds)\(end)"
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

#if PLANTED_BUGS
  extension ExploreCommand {
    /// World after world until it is found, with the shortest path to it.
    fileprivate func findPlanted(_ name: String) throws {
      guard let bug = PlantedBug(rawValue: name) else { throw ValidationError("no planted mistake \(name)") }
      PlantedBug.current = bug
      let start = ContinuousClock.now
      var states = 0
      for world in worlds {
        print("exploring \(world.name)")
        fflush(nil)
        let report = Explorer.explore(world, limit: limit)
        states += report.states
        guard let violation = report.violations.first else { continue }
        for line in violation.history { print(line) }
        let time = start.duration(to: .now).seconds
        print("FOUND in \(world.name) after \(states) states and \(time) s: \(violation.rule)")
        return
      }
      print("NOT FOUND by exploration in \(states) states")
      throw ExitCode(2)
    }
  }
#endif
