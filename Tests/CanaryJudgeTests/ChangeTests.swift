import Testing

@testable import CanaryJudge

/// What a change of arms does: who is believed to differ by how much, and from when on an instance counts.
@Suite struct ChangeTests {
  static let errors = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)

  /// The first tick after the update holds another reader's check only.
  @Test func `a check that is not due at the change still learns of it`() {
    var fleet = Fleet(6, seed: 9)
    fleet.slower[0] = 1.3
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    for _ in 0..<3 {
      var tick = fleet.next()
      tick.readings[1] = []
      judge.record(tick)
    }
    fleet.run(&judge, until: 900)
    #expect(!judge.ruling.isHalt, "\(judge.finding(1).logEvidence)")
  }

  /// Everybody's counts are exactly what is expected, then a wave begins and nobody has reported yet.
  @Test func `a wave that has not shown anything changes no evidence`() {
    var fleet = Fleet(10)
    for index in 0..<10 { fleet.errors[index] = 0.01 * [1.9, 0.7, 1.2, 0.6, 1.4, 0.9, 0.5, 1.1, 1.3, 0.8][index] }
    var judge = Judge(rules: fleet.rules([Self.errors], horizon: 1800))
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.run(&judge, until: 900)
    let before = judge.logEvidence
    for index in 0..<5 { fleet.arms[index] = .updated }
    var tick = fleet.next()
    tick.readings[0] = tick.readings[0].map { _ in .missing }
    judge.record(tick)
    #expect(abs(judge.logEvidence - before) < 0.05, "\(before) \(judge.logEvidence)")
  }

  @Test func `waves of instances that differ by nature are hardly ever halted`() {
    var halts = 0
    for seed in 0..<40 {
      var random = SplitMix64(seed: UInt64(seed) &+ 500)
      var judge = Judge(rules: JudgeRules(checks: [Self.errors], instances: 10, horizon: 1800))
      // About log-normal with σ = 0.25.
      let levels = (0..<10).map { _ in
        exponential(0.25 * ((0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() }))
      }
      for step in -60..<240 {
        let updated = step < 0 ? 0 : step < 150 ? 1 : 5
        let readings = (0..<10).map { index -> Measurement in
          .counts(events: Double(random.poisson(2.5 * levels[index])), exposure: 250)
        }
        judge.record(
          JudgeTick(
            second: Double(step + 1) * 5, duration: 5, arms: (0..<10).map { $0 < updated ? .updated : .sibling },
            readings: [readings]))
        if judge.ruling.isHalt { break }
      }
      if judge.ruling.isHalt { halts += 1 }
    }
    #expect(halts <= 2, "\(halts) of 40")
  }

  @Test func `an instance of a later wave has its own initial delay`() {
    var rule = Self.errors
    rule.initialDelay = 60
    rule.limit = 0.5
    var fleet = Fleet(4)
    var judge = Judge(rules: fleet.rules([rule]))
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.run(&judge, until: 200)
    fleet.arms[1] = .updated
    // All requests fail while it starts.
    fleet.errors[1] = 1
    fleet.run(&judge, until: 260)
    #expect(judge.ruling == .wait || judge.ruling == .pass)
    #expect(abs((judge.finding(0).updated ?? 0) - 0.01) < 1e-9)
    fleet.run(&judge, until: 300)
    #expect(judge.ruling.isHalt)
  }

  /// A reader that looks once a minute shows an update of five seconds ago; the other showed the old arms until then.
  @Test func `a warm-up begins with the update, not with the look that first shows it`() {
    var fleet = Fleet(4)
    var judge = Judge(rules: fleet.rules([Self.errors, Self.errors]))
    while fleet.second < 0 {
      var tick = fleet.next()
      tick.readings[1] = []
      judge.record(tick)
    }
    fleet.arms[0] = .updated
    var slow = fleet.next()
    slow.duration = 60
    slow.readings[0] = []
    judge.record(slow)
    while fleet.second < 60, abs(judge.finding(0).passEvidence) < 1e-9 {
      var tick = fleet.next()
      tick.readings[1] = []
      judge.record(tick)
    }
    #expect(fleet.second >= 60, "\(fleet.second)")
  }
}
