import RolloutCore
import RolloutSimulation
import Testing

/// A part of `make explore` that is small enough for every run of the tests.
@Suite struct ExplorationTests {
  @Test(arguments: ExploredWorld.small.map(\.name)) func everyStateOfASmallWorldKeepsTheRules(_ name: String) throws {
    let world = try #require(ExploredWorld.small.first { $0.name == name })
    let report = Explorer.explore(world)
    let violation = report.violations.first
    #expect(violation == nil, "\(violation?.rule ?? "")\n\(violation?.history.joined(separator: "\n") ?? "")")
    #expect(report.isComplete)
    #expect(report.states > 100 && report.ends > 1, "\(report.states) states, \(report.ends) ends")
  }

  /// Equal fingerprints must mean equal futures: the same state reached in two orders has one.
  @Test func theOrderOfIndependentMovesLeavesNoTrace() {
    let world = ExploredWorld("order", .init(upsets: 2), plan: PlanBuilder(hosts: 3).plan)
    var (one, other) = (ExploredState(world), ExploredState(world))
    for move in [Move.takeOver(outage: .zero), .fall(host: 0), .fall(host: 1)] { one.perform(move) }
    for move in [Move.takeOver(outage: .zero), .fall(host: 1), .fall(host: 0)] { other.perform(move) }
    #expect(one.fingerprint == other.fingerprint)
    other.perform(.probe(host: 0))
    #expect(one.fingerprint != other.fingerprint)
  }

  @Test func anExplorationIsTheSameEveryTime() {
    let world = ExploredWorld("twice", .init(faults: 1), plan: PlanBuilder(hosts: 1).plan)
    let (one, other) = (Explorer.explore(world), Explorer.explore(world))
    #expect(one.states == other.states && one.transitions == other.transitions && one.depth == other.depth)
    #expect(one.isComplete)
  }

  @Test func noMistakeCanBePlantedHere() {
    #expect(!PlantedBug.canBePlanted)
    #expect(PlantedBug.allCases.allSatisfy { !planted($0) })
  }
}
