import Testing

@testable import CanaryJudge

/// Seeded simulation of whole burn-ins, looked at after every tick. All seeds are fixed: the figures never move.
@Suite struct FalseAlarmTests {
  static let runs = 120
  static let ticks = 200

  /// One canary with 50 requests a tick and siblings with 450; the common error level drifts tenfold up and down.
  static func burnIn(seed: UInt64, worse: Double, from onset: Int = 0) -> (haltedAt: Int?, passedAt: Int?) {
    var random = SplitMix64(seed: seed)
    let rule = CheckRule(
      name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1, passAllowance: 4.5 / 2000)
    var judge = Judge(
      rules: JudgeRules(checks: [rule], instances: 2, falseAlarm: 0.05, horizon: Double(ticks), warmUp: 0))
    var passed: Int?
    for tick in 0..<ticks {
      let level = 1e-3 * (tick / 40 % 2 == 0 ? 1 : 10)
      let canary = level * (tick >= onset ? worse : 1)
      judge.record(
        JudgeTick(
          second: Double(tick + 1), duration: 1, arms: [.updated, .sibling],
          readings: [
            [
              .counts(events: Double(random.poisson(50 * canary)), exposure: 50),
              .counts(events: Double(random.poisson(450 * level)), exposure: 450),
            ]
          ]))
      if judge.ruling == .pass, passed == nil { passed = tick }
      if judge.ruling.isHalt { return (tick, passed) }
    }
    return (nil, passed)
  }

  @Test func `a canary on the edge of the tolerance is halted in at most 5 percent of burn-ins`() {
    let halts = (0..<Self.runs).count { Self.burnIn(seed: UInt64($0), worse: 1.1).haltedAt != nil }
    #expect(Double(halts) / Double(Self.runs) <= 0.05, "\(halts) of \(Self.runs)")
  }

  @Test func `ten times the errors are always halted, early or late`() {
    for onset in [0, 120] {
      let halts = (0..<60).count { (Self.burnIn(seed: UInt64($0), worse: 10, from: onset).haltedAt ?? -1) >= onset }
      #expect(halts == 60, "onset \(onset)")
    }
  }

  @Test func `an equal canary mostly earns its pass, one beyond the margin hardly ever`() {
    let healthy = (0..<Self.runs).count { Self.burnIn(seed: UInt64($0), worse: 1).passedAt != nil }
    // Beyond 1.5 × level + 4.5/2000 at every level.
    let beyond = (0..<Self.runs).count { Self.burnIn(seed: UInt64($0), worse: 4).passedAt != nil }
    #expect(healthy > Self.runs * 8 / 10, "\(healthy) of \(Self.runs)")
    #expect(Double(beyond) / Double(Self.runs) <= 0.05, "\(beyond) of \(Self.runs)")
  }
}

@Suite struct AbsoluteLimitTests {
  @Test func `three intervals in a row breach, three within hold`() {
    var limit = AbsoluteLimit(bound: 10)
    for value in [11.0, 12, 9, 11, 12] { limit.record(value) }
    #expect(!limit.isBreached)
    limit.record(10.5)
    #expect(limit.isBreached && !limit.isHeld)
    limit.record(10)
    #expect(!limit.isBreached && limit.intervalsMissing == 2)
    limit.record(.nan)
    limit.record(1)
    limit.record(2)
    #expect(limit.isHeld)
  }

  @Test func `a ratio waits for enough exposure`() {
    var window = RatioWindow(minimum: 20)
    #expect(window.record(events: 5, exposure: 5) == nil)
    #expect(window.record(events: 0, exposure: 15) == 0.25)
    #expect(window.record(events: 1, exposure: 20) == 0.05)
  }
}
