internal import ArgumentParser
internal import Glibc
internal import RolloutSimulation

/// Runs seeds of the simulation and counts.
struct SeedsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "seeds", abstract: "Run seeds of the simulation.")

  @Option(help: "How many seeds.") var count: UInt64 = 1000
  @Option(help: "The first seed.") var start: UInt64 = 0
  @Option(help: "Hosts in every fleet; drawn by default.") var hosts: Int?
  @Flag(help: "Print the whole history of the first seed.") var history = false

  func run() throws {
    var tally = Tally()
    let begin = clock()
    var failures = 0
    for seed in start..<(start + count) {
      let scenario = Scenario(seed: seed, hosts: hosts)
      let report = Simulation.run(scenario, isLogging: history)
      tally.add(report.tally)
      if history { for line in report.log { print(line.at, line.who, line.what) } }
      for violation in report.violations.prefix(3) {
        print("seed \(seed): \(violation.invariant) at \(violation.at): \(violation.detail)")
      }
      if !report.violations.isEmpty { failures += 1 }
    }
    let time = Double(clock() - begin) / Double(CLOCKS_PER_SEC)
    print("\(count) seeds, \(failures) with violations, \(Int(Double(count) / time * 3600)) seeds/h/core, jobs \(tally.jobs)")
    print(tally.fates.sorted { $0.key < $1.key })
    print(tally.faults.sorted { $0.key < $1.key })
    print("records \(tally.records), commands \(tally.commands), steps \(tally.steps), leases \(tally.leases), late effects \(tally.lateEffects)")
  }
}
