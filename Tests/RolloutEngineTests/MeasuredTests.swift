import RolloutCore
import RolloutEngine
import Testing

/// Who is measured in a rollout, and how long what was measured is kept.
@Suite(.timeLimit(.minutes(2))) struct MeasuredTests {
  @Test func smallFleetsAreMeasuredWhole() {
    let request = AnalysisRequest(Fixtures.plan(100))
    #expect(request.measured == Array(0..<100))
  }

  @Test func largeFleetsAreMeasuredAtBothEndsOfTheOrderInWhichTheyAreUpdated() {
    var plan = Fixtures.plan(1000)
    plan.waves = [
      PlannedWave(kind: .canary, hosts: [500], explanation: ""),
      PlannedWave(kind: .rolling, hosts: Array(0..<500), explanation: ""),
      PlannedWave(kind: .rolling, hosts: Array(501..<1000), explanation: ""),
    ]
    let measured = AnalysisRequest(plan).measured
    #expect(measured == Array(0..<49) + [500] + Array(950..<1000))
    #expect(measured.filter { $0 < 500 || $0 == 500 }.count == 50, "half of it is updated before the last wave")
  }

  @Test func samplesOfTheNewestTwentyEndedRolloutsAreKept() async throws {
    let (store, fleet) = (FlakyStore(), Fixtures.fleet(1))
    let ports = Ports(
      transport: fleet, prober: fleet, analyst: NotingAnalyst(), clock: RealClock(), store: store)
    let check = CheckPolicy(name: "errors", source: .scrape("http://{host}/metrics"), measure: .gauge("x"))
    for number in 0..<22 {
      let plan = Fixtures.plan(1, id: RolloutID("r\(number)"), policy: Fixtures.policy { $0.checks = [check] })
      _ = try await Controller(ports: ports, holder: Fixtures.holder("a")).start(plan, observer: TurnLog())
    }
    var kept: [Int] = []
    for number in 0..<22 {
      if try await !store.samples(of: RolloutID("r\(number)"), from: 0, limit: 1).isEmpty { kept.append(number) }
    }
    #expect(kept == Array(1..<22))
  }
}

/// Stores one sample, then says that all is well.
private struct NotingAnalyst: Analyst {
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    while current.value.updated.isEmpty, !Task.isCancelled { await Task.yield() }
    do { try await samples.append([SampleRecord(sequence: 0, at: Timestamp(milliseconds: 0), payload: "{}")]) } catch {
      Issue.record("\(error)")
    }
    await report(current.value.number, Verdict(outcome: .pass, reason: "well"))
  }
}
