import RolloutCore
import Testing

@Suite struct PlanReviewTests {
  @Test func `capacity, blast radius and duration per wave`() throws {
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(9)) {
        $0.maxUnavailable = .count(2)
        $0.release.drain = ["drain"]
        $0.release.hookTimeout = .seconds(5)
      })
    let review = PlanReview(plan)
    #expect(review.waves.map(\.servingAtWorst) == [8, 7, 7])
    #expect(review.waves.map(\.blastRadius) == [1, 3, 9])
    #expect(review.waves.map(\.atOnce) == [1, 2, 2])
    // Rounds of 1, 1 and 3; 10 s each at least, 60 s + 120 s + 5 s at most; then a burn-in of 10 min to 60 min.
    #expect(review.waves.map(\.duration.least) == [.seconds(610), .seconds(10), .seconds(30)])
    #expect(review.waves.map(\.duration.most) == [.seconds(3785), .seconds(185), .seconds(555)])
    #expect(review.duration == .init(least: .seconds(650), most: .seconds(4525)))
    #expect(review.readiness.ready == 9)
    #expect((review.updated, review.unchanged, review.excluded) == (9, 0, 0))
    #expect(review.waves[0].moves.map { "\($0.host) \($0.from?.text ?? "-") \($0.to)" } == ["web0 1.0 2.0"])
    #expect(review.warnings == [])
  }

  @Test func `a rollback does not burn in`() throws {
    let facts = [Fixture.host("a", runs: "2.0", holds: ["1.0", "2.0"])]
    let target = Release(version: "1.0", digest: "d-1.0", artifact: "")
    let review = PlanReview(try Plan.of(Fixture.request(facts, kind: .rollback, release: target)))
    #expect(review.duration == .init(least: .seconds(10), most: .seconds(180)))
    #expect(review.warnings == [.everythingMayBeDown(instances: 1)])
  }

  @Test func `a first deploy has no capacity to lose`() throws {
    let review = PlanReview(try Plan.of(Fixture.request(Fixture.fleet(3, runs: nil))))
    #expect(review.waves.map(\.servingAtWorst) == [0, 0, 0])
    #expect(review.readiness.nothingBefore == 3)
    #expect(review.warnings == [.noSiblings])
  }

  @Test func `absurd spans do not trap`() throws {
    let review = PlanReview(
      try Plan.of(
        Fixture.request(Fixture.fleet(9)) {
          $0.healthyDeadline = TimeSpan(milliseconds: .max)
          $0.minHealthyTime = TimeSpan(milliseconds: .max / 2)
        }))
    #expect(review.duration.most == TimeSpan(milliseconds: .max))
  }

  @Test func `an atypical canary is warned of`() throws {
    let facts = [
      Fixture.host("a", zone: "lone", runs: "0.9"), Fixture.host("b", zone: "z", runs: "1.0"),
      Fixture.host("c", zone: "z", runs: "1.0"),
    ]
    let review = PlanReview(
      try Plan.of(
        Fixture.request(facts) {
          $0.canary = .hosts(["a"])
          $0.probes = []
        }))
    #expect(
      review.warnings == [
        .canaryOnRareVersion(host: "a", version: "0.9"), .canaryAloneInZone(host: "a", zone: "lone"), .noProbes,
      ])
    #expect(review.warnings.allSatisfy { PlanProblemCatalogue.entry(for: $0.code) != nil && !$0.text.isEmpty })
  }

  @Test func `everything in one wave is warned of`() throws {
    let plan = try Plan.of(
      Fixture.request(Fixture.fleet(2)) {
        $0.canary = .count(2)
        $0.maxUnavailable = .percent(100)
      })
    #expect(
      PlanReview(plan).warnings == [.noSiblings, .wholeFleetInOneWave(hosts: 2), .everythingMayBeDown(instances: 2)])
  }

  @Test func `nothing to do is nothing to warn of`() throws {
    let review = PlanReview(try Plan.of(Fixture.request(Fixture.fleet(2, runs: "2.0")) { $0.probes = [] }))
    #expect(review.warnings == [])
    #expect((review.updated, review.unchanged) == (0, 2))
  }
}

@Suite struct PlanLintTests {
  struct Fault: Sendable {
    var finding: PlanLint.Finding
    var cause: @Sendable (inout Plan) -> Void
  }

  static let faults: [Fault] = [
    Fault(finding: .duplicateHost("web0")) { $0.hosts[4].instance.id = "web0" },
    Fault(finding: .indexOutOfRange(wave: 1, index: 99)) { $0.waves[1].hosts.append(99) },
    Fault(finding: .indexOutOfRange(wave: 0, index: -1)) { $0.waves[0].hosts.append(-1) },
    Fault(finding: .emptyWave(3)) { $0.waves.append(PlannedWave(kind: .rolling, hosts: [], explanation: "")) },
    Fault(finding: .hostInNoWave("web0")) { $0.waves[0].hosts = [] },
    Fault(finding: .hostInSeveralWaves("web0")) { $0.waves[1].hosts.append(0) },
    Fault(finding: .untouchedHostInWave("web0", wave: 0)) { $0.hosts[0].task = .excluded(reason: "x") },
    Fault(finding: .canaryMisplaced(wave: 1)) { $0.waves[1].kind = .canary },
    Fault(finding: .canaryMisplaced(wave: 0)) { $0.kind = .rollback },
    Fault(finding: .canaryAbsent) { $0.waves[0].kind = .rolling },
    Fault(finding: .rollbackInSeveralWaves(3)) { $0.kind = .rollback },
    Fault(finding: .maxUnavailableDiffers(inPlan: 0, fromPolicy: 1)) { $0.maxUnavailable = 0 },
    Fault(finding: .taskContradictsVersion("web0")) { $0.hosts[0].from = "2.0" },
    Fault(finding: .taskContradictsVersion("web1")) { $0.hosts[1].task = .none },
    Fault(finding: .rollbackContradictsVersion("web0")) { $0.hosts[0].rollback = .ready("0.1") },
    Fault(finding: .rollbackContradictsVersion("web0")) { $0.hosts[0].rollback = .nothingBefore },
    Fault(finding: .rollbackMissing("web0")) { $0.hosts[0].rollback = .missing(reason: "gone") },
    Fault(finding: .exclusionWithoutReason("web0")) { $0.hosts[0].task = .excluded(reason: "") },
  ]

  @Test(arguments: faults.indices)
  func `each fault is found`(number: Int) throws {
    let fault = Self.faults[number]
    var plan = try Plan.of(Fixture.request(Fixture.fleet(5)))
    #expect(PlanLint.findings(in: plan) == [])
    fault.cause(&plan)
    let findings = PlanLint.findings(in: plan)
    #expect(findings.contains(fault.finding), "\(findings)")
    #expect(findings.allSatisfy { !$0.description.isEmpty })
    #expect(PlanReview(plan).waves.count == plan.waves.count)
  }

  @Test func `a wave across zones is found`() throws {
    var plan = try Plan.of(
      Fixture.request(Fixture.fleet(40, zones: ["a", "b", "c", "d"])) { $0.maxUnavailable = .count(8) })
    plan.waves = [plan.waves[0], PlannedWave(kind: .rolling, hosts: Array(1..<40), explanation: "")]
    #expect(PlanLint.findings(in: plan) == [.twoZonesBelowFloor(wave: 1, first: "a", second: "b")])
  }
}

@Suite struct PlanDifferenceTests {
  let facts = Fixture.fleet(4)

  func differences(_ change: (inout PlanRequest) -> Void) throws -> [PlanDifference] {
    let saved = try Plan.of(Fixture.request(facts))
    var request = Fixture.request(facts)
    request.rollout = "r2"
    request.createdAt = Timestamp(milliseconds: 99)
    request.createdBy = "bob"
    change(&request)
    return PlanDifference.between(saved, try Plan.of(request))
  }

  @Test func `the same world gives the same plan`() throws {
    #expect(try differences { _ in } == [])
  }

  @Test func `changed documents are told`() throws {
    #expect(
      try differences {
        $0.policyDigest = "p2"
        $0.policy.maxFailures = 1
        $0.release.version = "2.1"
        $0.release.digest = "d-2.1"
      } == [
        .releaseVersion(saved: "2.0", fresh: "2.1"), .releaseDigest(saved: "d-2.0", fresh: "d-2.1"),
        .policyDigest(saved: "p1", fresh: "p2"),
      ])
    #expect(try differences { $0.policy.maxFailures = 1 } == [.policyReading])
  }

  @Test func `changed hosts are told`() throws {
    let found = try differences {
      $0.facts[0] = Fixture.host("web0", runs: "0.9")
      $0.facts[1].instance.address = "10.0.0.1"
      $0.facts[2] = Fixture.host("new", runs: "1.0")
      $0.exclusions = [HostExclusion(host: "web3", reason: "disk")]
    }
    #expect(
      found == [
        .runningVersion("web0", saved: "1.0", fresh: "0.9"), .hostDescription("web1"), .hostRemoved("web2"),
        .exclusion("web3", saved: nil, fresh: "disk"), .hostAdded("new"),
      ])
    #expect(found[0].description == "web0: runs 0.9 now, 1.0 in the plan")
  }

  @Test func `a reordered inventory is told`() throws {
    #expect(try differences { $0.facts.reverse() } == [.waves])
  }

  @Test func `hosts that can no longer be planned are told from the facts`() throws {
    let saved = try Plan.of(
      Fixture.request(facts + [Fixture.unreachable("dead")], exclusions: [HostExclusion(host: "dead", reason: "disk")]))
    var now = facts
    now[0] = Fixture.unreachable("web0")
    now[1] = Fixture.host("web1", runs: "1.0", holds: [])
    now.remove(at: 3)
    now.append(Fixture.unreachable("dead"))
    now.append(Fixture.host("new", runs: nil))
    #expect(
      PlanDifference.between(saved, facts: now) == [
        .unreachable("web0", detail: "connection refused"),
        .rollbackReadiness(
          "web1", saved: .ready("1.0"),
          fresh: .missing(reason: "1.0 runs, but the host holds no complete, verified release of it")),
        .hostRemoved("web3"), .hostAdded("new"),
      ])
    #expect(PlanDifference.between(saved, facts: facts + [Fixture.unreachable("dead")]) == [])
  }
}
