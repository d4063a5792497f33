import Foundation
import RolloutSimulation
import Testing

@Suite struct SeedTests {
  /// A few hundred worlds with everything that can go wrong; `make simulate` runs as many as there is time for.
  @Test(arguments: 0..<8) func worldsKeepEveryPromise(_ block: UInt64) {
    for seed in (block * 30)..<(block * 30 + 30) {
      let report = Simulation.run(Scenario(seed: seed))
      #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
    }
  }

  /// G14.
  @Test(arguments: [3, 58, 117, 204, 991] as [UInt64]) func oneSeedRunsOneWay(_ seed: UInt64) {
    let first = Simulation.run(Scenario(seed: seed))
    let second = Simulation.run(Scenario(seed: seed))
    #expect(first.trace == second.trace)
    #expect(first.tally == second.tally)
    #expect(first.trace != Simulation.run(Scenario(seed: seed + 1)).trace)
  }

  /// Scenarios that broke a promise once.
  @Test func whatFailedOnceHolds() throws {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/seeds")
    let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
    #expect(!files.isEmpty)
    for file in files {
      let scenario = try JSONDecoder().decode(Scenario.self, from: Data(contentsOf: file))
      let report = Simulation.run(scenario)
      #expect(report.violations.isEmpty, "\(file.lastPathComponent): \(report.violations)")
    }
  }

  /// Faults that are never drawn, and fates that never come, prove nothing.
  @Test func everythingHappens() {
    var tally = Tally()
    for seed in 2_000..<2_200 as Range<UInt64> { tally.add(Simulation.run(Scenario(seed: seed)).tally) }
    for fault in Fault.groups { #expect(tally.faults[fault, default: 0] > 0, "no \(fault) in 200 seeds") }
    for fate in ["succeeded", "rolled_back", "aborted"] { #expect(tally.fates[fate, default: 0] > 0, "never \(fate)") }
    #expect(tally.troubles > 0)
  }
}
