import Testing

@testable import CanaryJudge

/// What is shown and used where no sibling is left.
@Suite struct RecordingTests {
  @Test func `requests are counted where nothing can be compared`() {
    let errors = JudgeKindsTests.play(ChangeTests.errors, instances: 1, before: 0, seconds: 50) { _, _ in
      .counts(events: 2, exposure: 100)
    }
    #expect(errors.requests == 5000)
    #expect(errors.finding(0).updated == 0.02 && errors.finding(0).updatedExposure == 5000)
    #expect(!errors.finding(0).isOnRecording && errors.finding(0).siblings == nil)
    let rule = CheckRule(name: "latency", kind: .latency(quantiles: [0.9]), tolerance: 0.1, passMargin: 0.3, weight: 1)
    let latency = JudgeKindsTests.play(rule, instances: 1, before: 0, seconds: 50) { _, _ in
      LimitTests.histogram(4, 10)
    }
    #expect(latency.requests == 500 && latency.finding(0).updatedExposure == 500)
  }

  /// Four instances, a recording of 100 s; all are updated at once and then twice as bad.
  static func soaked(until end: Double, silentFrom: Double = .infinity, silentUntil: Double = 0) -> (Fleet, Judge) {
    var fleet = Fleet(4, start: -100)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    for index in 0..<4 {
      fleet.arms[index] = .updated
      fleet.errors[index] = 0.012
      fleet.slower[index] = 1.1
    }
    while fleet.second + fleet.tick <= end {
      var tick = fleet.next()
      if tick.second > silentFrom, tick.second <= silentUntil {
        tick.readings = tick.readings.map { $0.map { _ in .missing } }
      }
      judge.record(tick)
    }
    return (fleet, judge)
  }

  @Test func `a soak shows the updated instances against what was recorded`() {
    let (fleet, judge) = Self.soaked(until: 50)
    let errors = judge.finding(0)
    #expect(errors.isOnRecording && !errors.recordingIsUsedUp)
    #expect(errors.updatedExposure == 40 * fleet.requests && errors.siblingsExposure == 40 * fleet.requests)
    #expect(abs((errors.updated ?? 0) - 0.012) < 1e-9 && abs((errors.siblings ?? 0) - 0.01) < 1e-9)
    #expect(abs((errors.ratio ?? 0) - 1.2) < 1e-6 && errors.ratioLow ?? 9 < 1.2 && errors.ratioHigh ?? 0 > 1.2)
    let latency = judge.finding(1)
    #expect(latency.isOnRecording && abs(latency.updatedExposure - latency.siblingsExposure) < 1)
    #expect(latency.updated ?? 0 > latency.siblings ?? 9)
    #expect(abs(judge.requests - 40 * fleet.requests) < 1e-6)
  }

  @Test func `looks that nobody answers use nothing of the recording up`() {
    let (_, plain) = Self.soaked(until: 50)
    let (_, gap) = Self.soaked(until: 100, silentFrom: 20, silentUntil: 70)
    for check in 0..<2 {
      #expect(gap.finding(check).siblingsExposure == plain.finding(check).siblingsExposure)
      #expect(gap.finding(check).updatedExposure == plain.finding(check).updatedExposure)
      #expect(!gap.finding(check).recordingIsUsedUp)
    }
  }

  @Test func `looks that nobody answered are not recorded`() {
    var recorded = RecordedLatency(buckets: 2)
    recorded.record([0, 0], seconds: 5)
    #expect(recorded.isEmpty)
    recorded.record([0, 1], seconds: 5)
    #expect(!recorded.isEmpty)
  }

  @Test func `a recording that is used up is said to be`() {
    let (fleet, judge) = Self.soaked(until: 200)
    #expect(judge.finding(0).recordingIsUsedUp && judge.finding(1).recordingIsUsedUp)
    #expect(judge.finding(0).updatedExposure == 80 * fleet.requests)
    #expect(abs(judge.requests - 160 * fleet.requests) < 1e-6)
  }
}
