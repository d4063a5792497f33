import RolloutCore
import Testing

/// Random fleets and policies; a failure names its seed.
@Suite struct PlanPropertyTests {
  struct World {
    var request: PlanRequest
    var zoneCount: Int

    init(seed: UInt64) {
      var random = SplitMix64(seed: seed)
      zoneCount = Int.random(in: 0...6, using: &random)
      let count = Int.random(in: 1...80, using: &random)
      let isEmpty = Int.random(in: 0..<8, using: &random) == 0
      var facts: [HostFacts] = []
      var exclusions: [HostExclusion] = []
      for number in 0..<count {
        let zone =
          zoneCount == 0 || Int.random(in: 0..<12, using: &random) == 0
          ? nil : "z\(World.zone(of: zoneCount, &random))"
        let version = isEmpty ? nil : ["0.9", "1.0", "1.0", "1.0", "2.0"].randomElement(using: &random)
        facts.append(Fixture.host("h\(number)", zone: zone, runs: version))
        if number > 0, Int.random(in: 0..<15, using: &random) == 0 {
          exclusions.append(HostExclusion(host: HostID("h\(number)"), reason: "away"))
        }
      }
      let waves = World.waves(&random)
      let canary: CanaryChoice =
        Bool.random(using: &random)
        ? .count(Int.random(in: 1...6, using: &random)) : .percent(Double.random(in: 0.5...20, using: &random))
      let maxUnavailable: Quantity =
        Bool.random(using: &random)
        ? .count(Int.random(in: 1...30, using: &random)) : .percent(Double.random(in: 0.5...100, using: &random))
      request = Fixture.request(facts, exclusions: exclusions) {
        $0.waves = waves
        $0.canary = canary
        $0.maxUnavailable = maxUnavailable
      }
    }

    /// Zones of like sizes in some worlds, one that outweighs the others in the rest.
    static func zone(of count: Int, _ random: inout SplitMix64) -> Int {
      let drawn = Int.random(in: 0..<count, using: &random)
      return count > 3 && Int.random(in: 0..<3, using: &random) > 0 ? 0 : drawn
    }

    static func waves(_ random: inout SplitMix64) -> [Quantity] {
      var highest = 0.0
      var waves: [Quantity] = []
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        if Bool.random(using: &random) {
          waves.append(.count(Int.random(in: 1...20, using: &random)))
        } else if highest < 99 {
          highest = Double.random(in: (highest + 0.5)...100, using: &random)
          waves.append(.percent(highest))
        }
      }
      return waves
    }

    /// The plan, or nil where only the canary's zone rule refuses.
    func plan(_ seed: UInt64) -> Plan? {
      switch Planner.plan(request) {
      case .success(let plan): return plan
      case .failure(let refusal):
        #expect(refusal.problems.map(\.code) == ["CNY0323"], "seed \(seed)")
        return nil
      }
    }
  }

  static let seeds: Range<UInt64> = 0..<600

  @Test func `every host to update is in exactly one wave, and every wave has hosts`() {
    var planned = 0
    for seed in Self.seeds {
      guard let plan = World(seed: seed).plan(seed) else { continue }
      planned += 1
      let placed = plan.waves.flatMap(\.hosts).sorted()
      #expect(placed == plan.hosts.indices.filter { plan.hosts[$0].task == .update }, "seed \(seed)")
      #expect(plan.waves.allSatisfy { !$0.hosts.isEmpty && !$0.explanation.isEmpty }, "seed \(seed)")
      #expect(PlanLint.findings(in: plan) == [], "seed \(seed)")
    }
    #expect(planned > 500)
  }

  @Test func `the first wave alone is the canary, of the size that was asked for`() {
    for seed in Self.seeds {
      guard let plan = World(seed: seed).plan(seed), let canary = plan.waves.first else { continue }
      let updated = plan.hosts.count { $0.task == .update }
      #expect(plan.waves.map { $0.kind == .canary } == plan.waves.indices.map { $0 == 0 }, "seed \(seed)")
      switch plan.policy.canary {
      case .count(let count): #expect(canary.hosts.count == min(count, updated), "seed \(seed)")
      case .percent(let percent):
        let share = percent * Double(updated) / 100
        #expect(Double(canary.hosts.count) >= share - 1e-6, "seed \(seed)")
        #expect(Double(canary.hosts.count) < share + 1, "seed \(seed)")
      case .hosts: Issue.record("not drawn")
      }
    }
  }

  /// By the rule in words: a wave ends at or before the mark of the entry that it is for, and splits only add marks.
  @Test func `no wave goes past the size or the mark of its entry`() {
    for seed in Self.seeds {
      guard let plan = World(seed: seed).plan(seed), let canary = plan.waves.first else { continue }
      let rest = plan.waves.dropFirst().reduce(0) { $0 + $1.hosts.count }
      #expect(rest + canary.hosts.count == plan.hosts.count { $0.task == .update })
      var ends: [Int] = []
      for wave in plan.waves.dropFirst() { ends.append((ends.last ?? 0) + wave.hosts.count) }
      var mark = 0
      func reach(_ next: Int) {
        guard next > mark, mark < rest else { return }
        mark = min(next, rest)
        #expect(ends.contains(mark), "seed \(seed): nothing ends at \(mark) of \(ends)")
      }
      for entry in plan.policy.waves {
        switch entry {
        case .count(let count): reach(mark + count)
        case .percent(let percent): reach(Int((percent * Double(rest) / 100 - 1e-9).rounded(.up)))
        }
      }
      if case .count(let count)? = plan.policy.waves.last {
        while mark < rest { reach(mark + count) }
      }
      reach(rest)
    }
  }

  /// Independent of the planner: for every pair of zones, whether `max_unavailable` hosts of the wave can be chosen
  /// that take both below their floors.
  @Test func `no wave can take two zones below their floors`() {
    var splits = 0
    for seed in Self.seeds {
      guard let plan = World(seed: seed).plan(seed) else { continue }
      let counted = plan.hosts.filter { if case .excluded = $0.task { false } else { true } }
      let zones = Set(counted.compactMap(\.instance.zone)).sorted()
      let shares = zones.map { zone in
        max(1, plan.maxUnavailable * counted.count { $0.instance.zone == zone } / counted.count)
      }
      for wave in plan.waves {
        let taken = zones.map { zone in wave.hosts.count { plan.hosts[$0].instance.zone == zone } }
        for a in zones.indices {
          for b in zones.indices where b > a {
            let canBreak =
              taken[a] > shares[a] && taken[b] > shares[b] && shares[a] + shares[b] + 2 <= plan.maxUnavailable
            #expect(!canBreak, "seed \(seed): zones \(zones[a]) and \(zones[b])")
          }
        }
        splits += wave.explanation.contains("part 2 of") ? 1 : 0
      }
    }
    #expect(splits > 50, "the drawn worlds must exercise the splitting")
  }

  @Test func `the same request gives the same plan`() {
    for seed in Self.seeds {
      let (a, b) = (World(seed: seed), World(seed: seed))
      #expect(Planner.plan(a.request) == Planner.plan(b.request), "seed \(seed)")
    }
  }

  @Test func `the canary runs the most common version`() {
    for seed in Self.seeds {
      guard let plan = World(seed: seed).plan(seed), let canary = plan.waves.first, canary.hosts.count == 1 else {
        continue
      }
      var counts: [Version?: Int] = [:]
      for host in plan.hosts where host.task == .update { counts[host.from, default: 0] += 1 }
      #expect(counts[plan.hosts[canary.hosts[0]].from] == counts.values.max(), "seed \(seed)")
    }
  }

  @Test func `three thousand hosts are planned`() throws {
    let facts = Fixture.fleet(3000, zones: (0..<30).map { "z\($0)" })
    let plan = try Plan.of(
      Fixture.request(facts) {
        $0.canary = .percent(1)
        $0.waves = [.count(1), .percent(10), .percent(50), .percent(100)]
        $0.maxUnavailable = .percent(10)
      })
    #expect(plan.waves[0].hosts.count == 30)
    #expect(Set(plan.waves[0].hosts.map { plan.hosts[$0].instance.zone }).count == 30)
    #expect(PlanLint.findings(in: plan) == [])
    let single = try Plan.of(Fixture.request(facts) { $0.waves = [.count(1)] })
    #expect(single.waves.count == 3000)
  }
}
