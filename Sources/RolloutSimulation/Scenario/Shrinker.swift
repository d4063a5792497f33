internal import RolloutCore

/// Makes a scenario that breaks a promise as small as it goes and still break the same one: first classes of faults
/// are left out, then single faults, then hosts, controllers and whatever else is there.
public struct Shrinker {
  /// Runs at most.
  public var budget: Int

  public init(budget: Int = 400) { self.budget = budget }

  /// The smallest scenario found, which fails like `scenario`.
  public func shrink(_ scenario: Scenario) -> Scenario {
    var runs = budget
    guard let invariant = Simulation.run(scenario).violations.first?.invariant else { return scenario }
    func stillFails(_ candidate: Scenario) -> Bool {
      guard runs > 0 else { return false }
      runs -= 1
      return Simulation.run(candidate).violations.first?.invariant == invariant
    }
    var best = scenario
    var before: Scenario?
    while before != best, runs > 0 {
      before = best
      for candidate in Self.smaller(best) where Self.size(candidate) < Self.size(best) && stillFails(candidate) {
        best = candidate
        break
      }
    }
    return best
  }

  private static func size(_ scenario: Scenario) -> Int {
    scenario.faults.count * 10 + scenario.hosts * 3 + scenario.controllers * 2 + (scenario.successor == nil ? 0 : 5)
      + (scenario.hasNeighbour ? 5 : 0) + (scenario.isEncoded ? 1 : 0) + (scenario.policy.checks.isEmpty ? 0 : 1)
      + (scenario.policy.release.drain.isEmpty ? 0 : 1)
  }

  /// Largest steps first.
  private static func smaller(_ scenario: Scenario) -> [Scenario] {
    var candidates: [Scenario] = []
    func add(_ change: (inout Scenario) -> Void) {
      var candidate = scenario
      change(&candidate)
      candidates.append(candidate)
    }
    var groups: [String] = []
    for fault in scenario.faults where !groups.contains(fault.group) { groups.append(fault.group) }
    for group in groups { add { $0.faults.removeAll { $0.group == group } } }
    for index in scenario.faults.indices.reversed() { add { $0.faults.remove(at: index) } }
    if scenario.hasNeighbour { add { $0.hasNeighbour = false } }
    if scenario.successor != nil { add { $0.successor = nil } }
    if scenario.isEncoded { add { $0.isEncoded = false } }
    for hosts in [1, scenario.hosts / 2, scenario.hosts - 1] where hosts >= 1 && hosts < scenario.hosts {
      add {
        $0.hosts = hosts
        $0.faults.removeAll { ($0.host ?? 0) >= hosts }
      }
    }
    if scenario.controllers > 1 { add { $0.controllers -= 1 } }
    if !scenario.policy.checks.isEmpty { add { $0.policy.checks = [] } }
    if !scenario.policy.release.drain.isEmpty {
      add { ($0.policy.release.drain, $0.policy.release.undrain) = ([], []) }
    }
    return candidates
  }
}
