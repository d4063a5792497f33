internal import ArgumentParser
internal import RolloutCore
internal import RolloutSimulation

/// Plants one mistake after the other and searches for it. Needs a build with planted bugs: `make teeth`.
struct TeethCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "teeth", abstract: "Search for planted bugs.")

  @Option(help: "Seeds for each bug at most.") var most: UInt64 = 20_000
  @Option(help: "The first seed.") var start: UInt64 = 1_000_000
  @Option(help: "Search for these alone.") var only: [String] = []

  func run() throws {
    guard PlantedBug.canBePlanted else {
      throw ValidationError("this build has no planted bugs; use `make teeth`")
    }
    var missed: [String] = []
    var found = 0
    print(Self.row("bug", "found by", "seeds", "seconds", "promise"))
    for bug in PlantedBug.allCases where only.isEmpty || only.contains(bug.rawValue) {
      if search(bug) { found += 1 } else { missed.append(bug.rawValue) }
    }
    print("\(found) of \(found + missed.count) planted bugs found")
    if !missed.isEmpty {
      print("not found: " + missed.joined(separator: ", "))
      throw ExitCode(1)
    }
  }

  private func search(_ bug: PlantedBug) -> Bool {
    Self.plant(bug)
    defer { Self.plant(nil) }
    let begin = SeedsCommand.threadSeconds()
    for seed in start..<(start + most) {
      let report = Simulation.run(Scenario(seed: seed))
      guard let violation = report.violations.first else { continue }
      let seconds = SeedsCommand.threadSeconds() - begin
      let time = "\((seconds * 10).rounded() / 10)"
      print(Self.row(bug.rawValue, "seeds", "\(seed - start + 1)", time, "\(violation.invariant) \(violation.detail)"))
      return true
    }
    let seconds = Int(SeedsCommand.threadSeconds() - begin)
    print(Self.row(bug.rawValue, "-", "\(most)", "\(seconds)", "not found"))
    return false
  }

  private static func plant(_ bug: PlantedBug?) {
    #if PLANTED_BUGS
      PlantedBug.current = bug
    #endif
  }

  private static func row(_ cells: String...) -> String {
    let widths = [34, 9, 7, 8]
    var line = ""
    for (index, cell) in cells.enumerated() {
      let width = index < widths.count ? widths[index] : 0
      line += cell + String(repeating: " ", count: max(1, width - cell.count))
    }
    return line
  }
}
