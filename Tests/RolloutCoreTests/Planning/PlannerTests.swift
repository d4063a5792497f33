import RolloutCore
import Testing

@Suite struct PlannerTests {
  struct WaveCase: Sendable {
    var hosts: Int
    var waves: [Quantity]
    var sizes: [Int]
  }

  @Test(arguments: [
    WaveCase(hosts: 9, waves: [.percent(25), .percent(100)], sizes: [1, 2, 6]),
    WaveCase(hosts: 21, waves: [.percent(10), .percent(50), .percent(100)], sizes: [1, 2, 8, 10]),
    WaveCase(hosts: 41, waves: [.count(1), .count(5), .percent(25), .percent(100)], sizes: [1, 1, 5, 4, 30]),
    WaveCase(hosts: 14, waves: [.count(1), .count(5)], sizes: [1, 1, 5, 5, 2]),
    WaveCase(hosts: 11, waves: [.percent(30)], sizes: [1, 3, 7]),
    WaveCase(hosts: 11, waves: [], sizes: [1, 10]),
    WaveCase(hosts: 3, waves: [.count(7), .percent(100)], sizes: [1, 2]),
    WaveCase(hosts: 11, waves: [.count(6), .percent(50), .percent(100)], sizes: [1, 6, 4]),
    WaveCase(hosts: 101, waves: [.percent(7), .percent(100)], sizes: [1, 7, 93]),
    WaveCase(hosts: 101, waves: [.percent(0.1), .percent(100)], sizes: [1, 1, 99]),
    WaveCase(hosts: 1, waves: [.percent(25), .percent(100)], sizes: [1]),
  ])
  func `waves follow the list`(_ example: WaveCase) throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(example.hosts)) { $0.waves = example.waves })
    #expect(plan.sizes == example.sizes)
    #expect(PlanLint.findings(in: plan) == [])
  }

  @Test func `what an unfinished rollout left behind is the first canary`() throws {
    var facts = Fixture.fleet(4)
    facts[2] = Fixture.host("left", runs: "1.9")
    var request = Fixture.request(facts)
    #expect(try Plan.of(request).waves[0].hosts == [0], "the most common version, as long as nobody says more")
    request.leftover = "1.9"
    let plan = try Plan.of(request)
    #expect(plan.waves[0].hosts == [2])
    #expect(plan.waves[0].explanation.contains("an unfinished rollout left 1.9 on it"))
  }

  @Test(arguments: [
    (Quantity.count(3), 10, 3), (.count(30), 10, 10), (.percent(25), 10, 2), (.percent(1), 10, 1),
    (.percent(100), 10, 10), (.percent(29), 100, 29),
  ])
  func `max unavailable rounds down to at least one`(quantity: Quantity, hosts: Int, expected: Int) throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(hosts)) { $0.maxUnavailable = quantity })
    #expect(plan.maxUnavailable == expected)
  }

  @Test func `the canary runs the most common version and sits in the largest zone`() throws {
    let facts = [
      Fixture.host("a1", zone: "a", runs: "0.9"), Fixture.host("a2", zone: "a", runs: "1.0"),
      Fixture.host("b1", zone: "b", runs: "1.0"), Fixture.host("b2", zone: "b", runs: "1.0"),
    ]
    let plan = try Plan.of(Fixture.request(facts))
    #expect(plan.names(0) == ["b1"])
    #expect(
      plan.waves[0].explanation
        == "canary 1: most hosts to update (3 of 4) run 1.0; in zone b, which has the most hosts to update")
    #expect(plan.hosts.map(\.rollback) == [.ready("0.9"), .ready("1.0"), .ready("1.0"), .ready("1.0")])
  }

  @Test func `several canaries spread over zones`() throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(9, zones: ["a", "a", "b", "c"])) { $0.canary = .count(3) })
    #expect(plan.waves[0].hosts.map { plan.hosts[$0].instance.zone } == ["a", "b", "c"])
    #expect(plan.waves[0].explanation.hasSuffix("spread over zones a, b, c"))
  }

  @Test(arguments: [(1.0, 1), (10, 1), (11, 2), (50, 5), (100, 10)])
  func `a canary percentage rounds up`(percent: Double, expected: Int) throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(10)) { $0.canary = .percent(percent) })
    #expect(plan.waves[0].hosts.count == expected)
  }

  @Test func `named canaries are taken as named, once each`() throws {
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(4)) { $0.canary = .hosts(["web2", "web0", "web2"]) })
    #expect(plan.names(0) == ["web2", "web0"])
    #expect(plan.names(1) == ["web1"])
  }

  @Test func `a canary that is the whole fleet says so`() throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(2)) { $0.canary = .count(5) })
    #expect(plan.sizes == [2])
    #expect(plan.waves[0].explanation.contains("no sibling is left"))
  }

  @Test func `a first deploy to an empty fleet has nothing before it`() throws {
    let plan = try Plan.of(Fixture.request(Fixture.fleet(3, runs: nil)))
    #expect(plan.sizes == [1, 1, 1])
    #expect(plan.hosts.allSatisfy { $0.rollback == .nothingBefore && $0.from == nil })
    #expect(plan.waves[0].explanation.contains("first deploy"))
  }

  @Test func `hosts on the release are left alone, and all of them make an empty plan`() throws {
    let mixed = try Plan.of(
      Fixture.request([Fixture.host("a", runs: "2.0"), Fixture.host("b", runs: "1.0"), Fixture.host("c", runs: nil)]) {
        $0.rollback = .forwardOnly
      })
    #expect(mixed.hosts.map(\.task) == [.none, .update, .update])
    let done = try Plan.of(Fixture.request(Fixture.fleet(3, runs: "2.0")))
    #expect(done.waves == [])
    let grown = try Plan.of(Fixture.request(Fixture.fleet(3, runs: "2.0") + [Fixture.host("new", runs: nil)]))
    #expect(grown.names(0) == ["new"])
  }

  @Test func `an excluded host is left out of waves and capacity`() throws {
    let facts = Fixture.fleet(4) + [Fixture.unreachable("dead")]
    let plan = try Plan.of(
      Fixture.request(facts, exclusions: [HostExclusion(host: "dead", reason: "disk")]) {
        $0.maxUnavailable = .percent(50)
      })
    #expect(plan.hosts[4].task == .excluded(reason: "disk"))
    #expect(plan.maxUnavailable == 2)
    #expect(plan.sizes == [1, 1, 2])
    #expect(PlanLint.findings(in: plan) == [])
  }

  @Test func `a rollback is one wave without a canary, zone by zone`() throws {
    let facts = (0..<6).map {
      Fixture.host("web\($0)", zone: $0 % 2 == 0 ? "a" : "b", runs: $0 == 5 ? "1.0" : "2.0", holds: ["1.0", "2.0"])
    }
    let target = Release(version: "1.0", digest: "d-1.0", artifact: "")
    let plan = try Plan.of(Fixture.request(facts, kind: .rollback, release: target))
    #expect(plan.waves.map(\.kind) == [.rolling])
    #expect(plan.names(0) == ["web0", "web2", "web4", "web1", "web3"])
    #expect(PlanLint.findings(in: plan) == [])
  }

  @Test func `waves split at zone borders when two zones could fall below their floors`() throws {
    // 10 hosts in each of 4 zones, 8 at once: a zone's share is 2, and 3 + 3 of two zones fit into 8.
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(40, zones: ["a", "b", "c", "d"])) {
        $0.waves = [.percent(100)]
        $0.maxUnavailable = .count(8)
      })
    #expect(plan.sizes == [1, 9, 10, 10, 10])
    for wave in 1...4 { #expect(Set(plan.waves[wave].hosts.map { plan.hosts[$0].instance.zone }).count == 1) }
    #expect(plan.waves[1].explanation.contains("part 1 of 4"))
    #expect(PlanLint.findings(in: plan) == [])
  }

  @Test func `two small zones may share a wave with a large one, but not with each other`() throws {
    // Shares 8, 1 and 1 of 10 at once: 9 + 2 do not fit, 2 + 2 do.
    let zones = (0..<100).map { $0 < 80 ? "a" : $0 < 90 ? "b" : "c" }
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(100, zones: zones)) {
        $0.waves = [.percent(100)]
        $0.maxUnavailable = .percent(10)
      })
    #expect(plan.sizes == [1, 89, 10])
  }

  @Test func `waves do not split when one instance at a time is down`() throws {
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(40, zones: ["a", "b", "c", "d"])) { $0.waves = [.percent(100)] })
    #expect(plan.sizes == [1, 39])
  }
}

@Suite struct PlanRefusalTests {
  @Test func `every problem is told at once`() {
    let facts = [
      Fixture.unreachable("a"), Fixture.host("b", runs: "1.0", holds: []), Fixture.host("c", runs: nil),
      Fixture.host("d", runs: "1.0"), Fixture.host("d", runs: "1.0"),
    ]
    let request = Fixture.request(
      facts, exclusions: [HostExclusion(host: "zz", reason: "typo"), HostExclusion(host: "d", reason: " ")]
    ) {
      $0.waves = [.percent(30), .percent(30), .percent(40)]
      $0.canary = .hosts(["nobody", "d"])
    }
    #expect(
      problems(request) == [
        "CNY0331", "CNY0310 zz", "CNY0311 d", "CNY0303 a", "CNY0304 b", "CNY0302 d", "CNY0305 c", "CNY0320 nobody",
        "CNY0321 d",
      ])
  }

  @Test func `forward only accepts hosts without a way back`() throws {
    let facts = [
      Fixture.host("a", runs: "1.0", holds: []), Fixture.host("b", runs: nil), Fixture.host("c", runs: "1.0"),
    ]
    #expect(problems(Fixture.request(facts)) == ["CNY0304 a", "CNY0305 b"])
    let plan = try Plan.of(Fixture.request(facts) { $0.rollback = .forwardOnly })
    #expect(plan.sizes == [1, 1, 1])
    #expect(PlanLint.findings(in: plan) == [])
    #expect(PlanReview(plan).warnings.contains(.noWayBack(hosts: 2)))
  }

  @Test func `one version means one content`() {
    var other = Fixture.release
    other.digest = "something else"
    #expect(problems(Fixture.request(Fixture.fleet(1, runs: "2.0"), release: other)) == ["CNY0306 web0"])
    let staged = [Fixture.host("a", runs: "1.0", holds: ["1.0", "2.0"])]
    #expect(problems(Fixture.request(staged, release: other)) == ["CNY0306 a"])
    #expect(problems(Fixture.request(staged)) == [])
    #expect(problems(Fixture.request([Fixture.host("a", runs: "2.0", holds: [])])) == ["CNY0307 a"])
  }

  @Test func `a rollback needs its target on every host or an artifact`() {
    let facts = [Fixture.host("a", runs: "2.0", holds: ["1.0", "2.0"]), Fixture.host("b", runs: "2.0")]
    var target = Release(version: "1.0", digest: "d-1.0", artifact: "")
    #expect(problems(Fixture.request(facts, kind: .rollback, release: target)) == ["CNY0308 b"])
    target.artifact = "dist/checkout-1.0.tar.gz"
    #expect(problems(Fixture.request(facts, kind: .rollback, release: target)) == [])
  }

  @Test func `a named canary that is on the release is refused`() {
    let facts = [Fixture.host("a", runs: "2.0"), Fixture.host("b", runs: "1.0")]
    #expect(problems(Fixture.request(facts) { $0.canary = .hosts(["a"]) }) == ["CNY0322 a"])
  }

  @Test func `a service without instances is refused`() {
    #expect(problems(Fixture.request([])) == ["CNY0301"])
    let all = [HostExclusion(host: "web0", reason: "x")]
    #expect(problems(Fixture.request(Fixture.fleet(1), exclusions: all)) == ["CNY0301"])
  }

  @Test(arguments: [
    CanaryChoice.count(0), .count(-3), .percent(0), .percent(101), .percent(.nan), .percent(.infinity), .hosts([]),
  ])
  func `canary sizes out of range are refused`(choice: CanaryChoice) {
    #expect(problems(Fixture.request(Fixture.fleet(3)) { $0.canary = choice }) == ["CNY0330"])
  }

  @Test(arguments: [Quantity.count(0), .count(.min), .count(-1), .percent(-.infinity), .percent(.nan), .percent(1e300)])
  func `quantities out of range are refused`(quantity: Quantity) {
    #expect(problems(Fixture.request(Fixture.fleet(3)) { $0.maxUnavailable = quantity }) == ["CNY0330"])
    #expect(problems(Fixture.request(Fixture.fleet(3)) { $0.waves = [quantity] }).contains("CNY0330"))
  }

  @Test func `huge counts are as good as everything`() throws {
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(5, zones: ["a", "b", "c"])) {
        $0.canary = .count(1)
        $0.waves = [.count(.max)]
        $0.maxUnavailable = .count(.max)
      })
    #expect(plan.maxUnavailable == 5)
    #expect(plan.sizes.reduce(0, +) == 5)
  }

  @Test func `a canary across too many zones is refused`() {
    // Share 2 in each of 4 zones: 2 + 2 + 2 + all 10 of one zone is the most.
    func fleet(_ canary: CanaryChoice) -> PlanRequest {
      Fixture.request(Fixture.fleet(40, zones: ["a", "b", "c", "d"])) {
        $0.canary = canary
        $0.maxUnavailable = .count(8)
      }
    }
    #expect(problems(fleet(.count(16))) == [])
    #expect(problems(fleet(.count(17))) == ["CNY0323"])
    #expect(problems(fleet(.hosts(["web0", "web4", "web8", "web1", "web5"]))) == [])
    #expect(problems(fleet(.hosts(["web0", "web4", "web8", "web1", "web5", "web9"]))) == ["CNY0323"])
  }

  @Test func `the catalogue explains every code once`() {
    let codes = PlanProblemCatalogue.entries.map(\.code)
    #expect(codes == PlanProblemCode.allCases.map(\.rawValue))
    #expect(codes == codes.sorted())
    #expect(Set(PlanProblemCatalogue.entries.map(\.title)).count == codes.count)
    #expect(PlanProblemCatalogue.entries.allSatisfy { !$0.text.isEmpty && !$0.remedy.isEmpty })
    #expect(PlanProblemCatalogue.entry(for: "CNY0303")?.title == "a host does not answer")
    #expect(PlanProblemCatalogue.entry(for: "CNY9999") == nil)
  }
}
