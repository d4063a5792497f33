import Testing

@testable import CanaryJudge

/// Every kind of check, the pass conditions, limits and the soak.
@Suite struct JudgeKindsTests {
  /// Ticks of one check: `reading` per instance and second.
  static func play(
    _ rule: CheckRule, instances: Int = 5, before: Int = 120, seconds: Int, canaries: Int = 1,
    rules change: (inout JudgeRules) -> Void = { _ in }, reading: (Int, Int) -> Measurement
  ) -> Judge {
    var rules = JudgeRules(checks: [rule], instances: instances, horizon: 900)
    change(&rules)
    var judge = Judge(rules: rules)
    for second in -before..<seconds {
      let arms = (0..<instances).map { second >= 0 && $0 < canaries ? JudgeTick.Arm.updated : .sibling }
      judge.record(
        JudgeTick(
          second: Double(second + 1), duration: 1, arms: arms, readings: [(0..<instances).map { reading(second, $0) }]))
      if judge.ruling.isHalt { break }
    }
    return judge
  }

  static let share = CheckRule(
    name: "traffic", kind: .share(low: 0.5, high: 2), tolerance: 0, passMargin: 0, weight: 1)

  @Test(arguments: [(0.0, "low"), (10.0, "high"), (1.0, "")])
  func `share of traffic, both ways`(factor: Double, part: String) {
    let judge = Self.play(Self.share, seconds: 60) { second, index in
      .counts(events: second >= 0 && index == 0 ? 50 * factor : 50, exposure: 1)
    }
    #expect(judge.ruling.isHalt == !part.isEmpty)
    if !part.isEmpty { #expect(judge.finding(0).part == part) }
    #expect(judge.finding(0).updated == 50 * factor)
  }

  @Test func `fewer orders halt, more do not`() {
    let rule = CheckRule(name: "orders", kind: .ratio(.lower), tolerance: 0.05, passMargin: 0.15, weight: 1)
    for (factor, halts) in [(0.5, true), (1.5, false)] {
      let judge = Self.play(rule, seconds: 200) { second, index in
        .counts(events: second >= 0 && index == 0 ? 4 * factor : 4, exposure: 50)
      }
      #expect(judge.ruling.isHalt == halts)
    }
  }

  @Test func `events per second against siblings, and restarts against a bound`() {
    let rate = CheckRule(name: "retries", kind: .rate(.higher), tolerance: 0.2, passMargin: 0.5, weight: 1)
    let judge = Self.play(rate, seconds: 120) { second, index in
      .counts(events: second >= 0 && index == 0 ? 3 : 1, exposure: 1)
    }
    #expect(judge.ruling == .halt(check: 0, ground: .evidence))

    let restarts = CheckRule(
      name: "restarts", kind: .boundedRate(perSecond: 1 / 86400), tolerance: 0, passMargin: 0, weight: 1)
    let loop = Self.play(restarts, seconds: 120) { second, index in
      .counts(events: index == 0 && second >= 0 && second % 30 == 20 ? 1 : 0, exposure: 1)
    }
    #expect(loop.ruling == .halt(check: 0, ground: .evidence))
    #expect(loop.finding(0).updatedExposure < 90)
  }

  @Test func `a level that keeps climbing halts by rank alone`() {
    let rule = CheckRule(
      name: "memory", kind: .gauge(.higher), tolerance: 0, passMargin: 0, weight: 1, allowance: 1)
    for (climb, halts) in [(5.0, true), (0.5, false)] {
      let judge = Self.play(rule, instances: 10, seconds: 900) { second, index in
        let wobble = Double((second * 7 + index * 13) % 11) * 0.01
        return .gauge(500 + Double(index) + wobble + (index == 0 && second >= 0 ? climb * Double(second) / 60 : 0))
      }
      #expect(judge.ruling.isHalt == halts)
      #expect(judge.finding(0).updated ?? 0 > 500)
    }
  }

  static func errors(_ rate: Double, worse: Double = 1) -> (Int, Int) -> Measurement {
    { second, index in .counts(events: 100 * rate * (second >= 0 && index == 0 ? worse : 1), exposure: 100) }
  }

  @Test func `a muted check shows its evidence and decides nothing`() {
    var rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 0)
    rule.limit = 0.001
    let judge = Self.play(rule, seconds: 60, reading: Self.errors(0.01, worse: 20))
    #expect(judge.ruling == .wait)
    #expect(judge.finding(0).logEvidence > 10)
    #expect(judge.finding(0).logThreshold == .infinity)
  }

  @Test func `nothing is judged before the initial delay`() {
    let rule = CheckRule(
      name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1, initialDelay: 30)
    let judge = Self.play(rule, seconds: 30, reading: Self.errors(0.01, worse: 50))
    #expect(judge.ruling == .wait && abs(judge.finding(0).logEvidence) < 1e-9)
    #expect(Self.play(rule, seconds: 40, reading: Self.errors(0.01, worse: 50)).ruling.isHalt)
  }

  @Test func `a limit halts whatever the siblings do, and says that they are beyond it too`() {
    let rule = CheckRule(
      name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1, limit: 0.05)
    let judge = Self.play(rule, seconds: 60, reading: Self.errors(0.08))
    #expect(judge.ruling == .halt(check: 0, ground: .limit))
    #expect(judge.finding(0).isLimitBreached && judge.finding(0).siblingsDegraded)
  }

  @Test func `siblings that got worse than before the deploy are named`() {
    let rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)
    let judge = Self.play(rule, seconds: 90) { second, _ in .counts(events: second >= 0 ? 4 : 1, exposure: 100) }
    #expect(judge.ruling == .wait && judge.finding(0).siblingsDegraded)
  }

  @Test func `a pass waits for the warm-up, a minute more, and the requests asked for`() {
    let rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)
    let reading = Self.errors(0.05)
    #expect(Self.play(rule, seconds: 119, reading: reading).ruling == .wait)
    #expect(Self.play(rule, seconds: 122, reading: reading).ruling == .pass)
    let more = Self.play(rule, seconds: 150, rules: { $0.untilRequests = 20_000 }, reading: reading)
    #expect(more.ruling == .wait && more.requests == 15_000)
  }

  @Test func `what is missing for a pass shrinks as it is earned`() throws {
    let rule = CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1)
    let early = Self.play(rule, seconds: 100, reading: Self.errors(0.005)).finding(0)
    let later = Self.play(rule, seconds: 140, reading: Self.errors(0.005)).finding(0)
    let (most, least) = (try #require(early.exposureMissing), try #require(later.exposureMissing))
    #expect(least < most && least > 0)
    // Both foresee about the same end.
    #expect(abs((most + 10_000) / (least + 14_000) - 1) < 0.25)
  }

  @Test(arguments: [1.0, 4.0]) func `a soak is compared with what was recorded before the deploy`(worse: Double) {
    var fleet = Fleet(4)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    for index in 0..<4 {
      fleet.arms[index] = .updated
      fleet.run(&judge, until: 30 * Double(index + 1))
    }
    for index in 0..<4 { fleet.errors[index] *= worse }
    fleet.run(&judge, until: 500)
    #expect(judge.ruling == (worse > 1 ? .halt(check: 0, ground: .baseline) : judge.ruling))
    if worse == 1 { #expect(!judge.ruling.isHalt) }
  }

  @Test func `instances may bucket differently, even from one tick to the next`() {
    var fleet = Fleet(4, seed: 5)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    let other = [0.01, 0.03, 0.05, 0.08, 0.25, 1, .infinity]
    for round in 0..<100 {
      var plain = fleet
      var tick = fleet.next()
      plain.bounds = other
      if round > 20 { tick.readings[1][0] = plain.next().readings[1][0] }
      judge.record(tick)
    }
    #expect(!judge.ruling.isHalt)
    #expect(judge.finding(1).updatedExposure > 0)
    fleet.bounds = other
    fleet.slower[0] = 4
    fleet.run(&judge, until: 900)
    #expect(judge.ruling == .halt(check: 1, ground: .evidence))
  }

  @Test(arguments: [1.0, 5, 30]) func `ticks may have any length`(length: Double) {
    var fleet = Fleet(5)
    fleet.tick = length
    fleet.requests = 20 * length
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.errors[0] = 0.04
    fleet.run(&judge, until: 300)
    #expect(judge.ruling == .halt(check: 0, ground: .evidence))
    #expect(fleet.second <= 120)
  }

  @Test func `a check that is due every third tick loses nothing`() {
    var fleet = Fleet(5)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.errors[0] = 0.04
    var round = 0
    while fleet.second < 600, !judge.ruling.isHalt {
      var tick = fleet.next()
      round += 1
      if round % 3 != 0 { tick.readings[0] = [] }
      judge.record(tick)
    }
    #expect(judge.ruling == .halt(check: 0, ground: .evidence))
  }
}
