import Foundation
import RolloutCore
import RolloutSimulation
import Testing

/// Journals written before the checks watched the whole rollout.
@Suite struct OlderJournalTests {
  private static func at(_ seconds: Int64) -> Timestamp { PlanBuilder.start + .seconds(seconds) }

  private static func verdict(_ outcome: Verdict.Outcome) -> Verdict {
    let evidence = Evidence(check: "errors", outcome: outcome, canarySamples: 7, baselineSamples: 9, detail: "so")
    return Verdict(outcome: outcome, reason: "so", evidence: [evidence])
  }

  /// Two hosts; the controller died in the burn-in. One number went to the burn-in's analysis and one to its second
  /// begin, and fences count them.
  private static let events: [(event: Event, at: Timestamp)] = [
    (.planned(PlanBuilder(hosts: 2) { $0.policy.checks() }.plan), at(0)),
    (.controllerTookOver(epoch: 1, holder: "c1", gap: .zero), at(0)),
    (.waveStarted(wave: 0, progressDeadline: at(1800)), at(0)),
    (.stepIntended(host: 0, step: .stage, attempt: 1, fence: Fence(epoch: 1, step: 1), giveUp: at(1920)), at(0)),
    (.stepFinished(host: 0, step: .stage, verifyBy: nil), at(2)),
    (.stepIntended(host: 0, step: .activate, attempt: 1, fence: Fence(epoch: 1, step: 2), giveUp: at(182)), at(2)),
    (.stepFinished(host: 0, step: .activate, verifyBy: at(124)), at(4)),
    (.healthChanged(host: 0, health: .healthy), at(10)),
    (.hostVerified(host: 0, progressDeadline: at(1820)), at(20)),
    (.burnInStarted(wave: 0, earliest: at(620), latest: at(3620)), at(20)),
    (.verdictReached(wave: 0, verdict: verdict(.noData)), at(30)),
    (.controllerTookOver(epoch: 2, holder: "c2", gap: .seconds(20)), at(60)),
    (.verdictReached(wave: 0, verdict: verdict(.pass)), at(90)),
    (.wavePassed(wave: 0, grounds: .burnedIn(verdict(.pass))), at(640)),
    (.waveStarted(wave: 1, progressDeadline: at(2440)), at(640)),
    (.stepIntended(host: 1, step: .stage, attempt: 1, fence: Fence(epoch: 2, step: 5), giveUp: at(2560)), at(640)),
    (.stepFinished(host: 1, step: .stage, verifyBy: nil), at(642)),
    (.stepIntended(host: 1, step: .activate, attempt: 1, fence: Fence(epoch: 2, step: 6), giveUp: at(822)), at(642)),
    (.stepFinished(host: 1, step: .activate, verifyBy: at(764)), at(644)),
    (.healthChanged(host: 1, health: .healthy), at(650)),
    (.hostVerified(host: 1, progressDeadline: at(2460)), at(660)),
    (.wavePassed(wave: 1, grounds: .healthy), at(660)),
    (.ended(.succeeded, detail: "2 on 2.0"), at(660)),
  ]

  /// As the bytes were then.
  private static func older(_ event: Event) throws -> Event {
    var text = String(decoding: try JSONEncoder().encode(event), as: UTF8.self)
    for key in ["baseline", "waveBurnIn", "soak"] {
      text = text.replacing(try Regex("\"\(key)\":[0-9]+,?"), with: "")
    }
    for (new, old) in [
      (#"{"scrape":{"_0":"http:\/\/{host}\/metrics"}}"#, #""http:\/\/{host}\/metrics""#),
      (#""source":"#, #""scrape":"#),
      (#""events":"#, #""bad":"#), (#""worseWhen":"up","#, ""), (#","worseWhen":"up""#, ""),
      (#""isCritical":false,"#, ""), (#","isCritical":false"#, ""), (#""siblingsDegraded":false,"#, ""),
      (#","siblingsDegraded":false"#, ""), (",}", "}"),
    ] { text = text.replacing(new, with: old) }
    for key in ["waveBurnIn", "soak\"", "source\"", "worseWhen", "isCritical", "siblingsDegraded", "events\""] {
      #expect(!text.contains("\"\(key)"), "\(key) in \(text)")
    }
    return try JSONDecoder().decode(Event.self, from: Data(text.utf8))
  }

  @Test func everyPrefixReplays() throws {
    let read = try Self.events.map { (event: try Self.older($0.event), at: $0.at) }
    for count in 1...read.count { _ = try Rollout.replay(Array(read.prefix(count))) }
    #expect(try Rollout.replay(read).stateName == "succeeded")
    guard case .planned(let plan) = read[0].event else { throw ReplayError.missingPlan }
    #expect(plan.policy.checks == PlanBuilder(hosts: 2) { $0.policy.checks() }.plan.policy.checks)
    #expect([plan.policy.baseline, plan.policy.waveBurnIn, plan.policy.soak].allSatisfy { $0 == .zero })
  }

  /// One that was under way goes on, and nothing is asked of it that its plan did not promise.
  @Test func whatWasUnderWayGoesOn() throws {
    let read = try Self.events.map { (event: try Self.older($0.event), at: $0.at) }
    for count in 2..<read.count {
      var rollout = try Rollout.replay(Array(read.prefix(count)))
      let now = rollout.lastEventAt + .seconds(5)
      for event in try rollout.decide(.tookOver(epoch: 9, holder: "c9", gap: .seconds(5)), now: now) {
        try rollout.apply(event, at: now)
      }
      #expect(!rollout.isTakingBaseline && rollout.stateName != "soaking", "after record \(count)")
      #expect(rollout.isEnded || rollout.nextDeadline != nil || !rollout.outstanding.isEmpty)
    }
  }

  /// Its plan promises no watch over later waves, and nobody needs to speak of one.
  @Test func aLaterWavePassesWhenItsInstancesAreHealthy() throws {
    let read = try Self.events.dropLast(2).map { (event: try Self.older($0.event), at: $0.at) }
    var rollout = try Rollout.replay(read)
    let now = rollout.lastEventAt + .seconds(5)
    let events = try rollout.decide(.tookOver(epoch: 9, holder: "c9", gap: .seconds(5)), now: now)
    #expect(events.dropFirst() == [.wavePassed(wave: 1, grounds: .healthy), .ended(.succeeded, detail: "2 on 2.0")])
    for event in events { try rollout.apply(event, at: now) }
    #expect(rollout.stateName == "succeeded")
  }

  @Test func anOlderHistogramHasOneQuantile() throws {
    let text = """
      {"name":"l","scrape":"http://{host}/m","measure":{"histogram":{"name":"seconds","quantile":0.9}},
       "tolerance":0.2,"interval":5000,"initialDelay":0,"muted":true}
      """
    let check = try JSONDecoder().decode(CheckPolicy.self, from: Data(text.utf8))
    var expected = CheckPolicy(
      name: "l", source: .scrape("http://{host}/m"), measure: .histogram(name: "seconds", quantiles: [0.9]))
    (expected.tolerance, expected.muted) = (0.2, true)
    #expect(check == expected)
  }

  @Test func everyMeasureSurvivesTheJournal() throws {
    let measures: [CheckPolicy.Measure] = [
      .ratio(events: "e", total: "t"), .histogram(name: "h", quantiles: [0.5, 0.99]), .gauge("g"), .rate("r"),
      .share("s"),
    ]
    for measure in measures {
      let bytes = try JSONEncoder().encode(measure)
      #expect(try JSONDecoder().decode(CheckPolicy.Measure.self, from: bytes) == measure)
    }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(CheckPolicy.Measure.self, from: Data(#"{"entropy":{"_0":"x"}}"#.utf8))
    }
  }
}
