internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import RolloutSimulation
internal import Synchronization

/// Runs seeds of the simulation, counts, and shrinks what fails.
struct SeedsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "seeds", abstract: "Run seeds of the simulation.")

  @Option(help: "How many seeds.") var count: UInt64 = 1000
  @Option(help: "The first seed.") var start: UInt64 = 0
  @Option(help: "Hosts in every fleet; drawn by default.") var hosts: Int?
  @Option(help: "Threads, each with seeds of its own.") var jobs = 1
  @Option(help: "The commit, for reports of failures.") var commit = "unknown"
  @Option(help: "A directory for the shrunk scenarios that fail.") var keep: String?
  @Flag(help: "Print the history of the first seed.") var history = false
  @Flag(help: "Do not shrink what fails.") var raw = false

  func run() throws {
    if history { return printHistory() }
    let total = Mutex((tally: Tally(), failures: [UInt64](), cpu: 0.0))
    let (jobs, count) = (max(1, jobs), count)
    DispatchQueue.concurrentPerform(iterations: jobs) { job in
      var tally = Tally()
      var failed: [UInt64] = []
      let begin = Self.threadSeconds()
      for seed in stride(from: start + UInt64(job), to: start + count, by: jobs) {
        let report = Simulation.run(Scenario(seed: seed, hosts: hosts))
        tally.add(report.tally)
        guard let first = report.violations.first else { continue }
        failed.append(seed)
        print("seed \(seed), commit \(commit): \(first.invariant) at \(first.at) ms: \(first.detail)")
        fflush(nil)
      }
      let seconds = Self.threadSeconds() - begin
      total.withLock {
        $0.tally.add(tally)
        $0.failures += failed
        $0.cpu += seconds
      }
    }
    let (tally, failures, cpu) = total.withLock { $0 }
    summarise(tally, failures, cpu)
    if !raw { for seed in failures.prefix(3) { shrink(seed) } }
    if !failures.isEmpty { throw ExitCode(1) }
  }

  /// Processor time of this thread: others share the machine.
  static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private func summarise(_ tally: Tally, _ failures: [UInt64], _ cpu: Double) {
    let speed = Int(Double(count) / max(cpu, 1e-9) * 3600)
    print("\(count) seeds from \(start), commit \(commit): \(failures.count) with violations")
    print("\(speed) seeds per hour and core; \(Int(cpu)) s of processor time, \(tally.jobs) jobs")
    print("ends: " + Self.list(tally.fates))
    print("faults: " + Self.list(tally.faults))
    print(
      "records \(tally.records), commands \(tally.commands), steps \(tally.steps), leases \(tally.leases), answers "
        + "\(tally.answers), turns without a store \(tally.troubles)")
    print("forward steps that were on the wire at a stop and acted after it: \(tally.lateEffects)")
  }

  static func list(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  private func shrink(_ seed: UInt64) {
    let small = Shrinker().shrink(Scenario(seed: seed, hosts: hosts))
    let report = Simulation.run(small, isLogging: true)
    print("\nseed \(seed), commit \(commit), shrunk to \(small.hosts) hosts and \(small.faults.count) faults:")
    for line in report.log.suffix(60) { print("  \(line.at) \(line.who): \(line.what)") }
    for violation in report.violations.prefix(2) { print("  \(violation.invariant): \(violation.detail)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    guard let keep, let json = try? encoder.encode(small) else { return }
    let name = "\(report.violations.first?.invariant ?? "none")-\(seed).json"
    try? json.write(to: URL(fileURLWithPath: keep).appendingPathComponent(name))
  }

  private func printHistory() {
    let report = Simulation.run(Scenario(seed: start, hosts: hosts), isLogging: true)
    for line in report.log { print("\(line.at) \(line.who): \(line.what)") }
    for violation in report.violations { print("\(violation.invariant) at \(violation.at): \(violation.detail)") }
  }
}
