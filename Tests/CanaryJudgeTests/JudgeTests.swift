import Testing

@testable import CanaryJudge

/// The whole judge on small fleets. Without a seed the counts are exactly what is expected, so nothing moves.
@Suite struct JudgeTests {
  @Test func `total failure halts within three ticks, and late in four`() {
    for (onset, ticks) in [(0.0, 3.0), (300, 4)] {
      var fleet = Fleet(6)
      fleet.tick = 1
      var judge = Judge(rules: fleet.rules())
      fleet.run(&judge, until: 0)
      fleet.arms[0] = .updated
      fleet.run(&judge, until: onset)
      #expect(!judge.ruling.isHalt)
      fleet.errors[0] = 1
      fleet.run(&judge, until: onset + ticks)
      #expect(judge.ruling == .halt(check: 0, ground: .evidence), "onset \(onset)")
    }
  }

  @Test func `equal instances are not halted and earn a pass`() {
    var passes = 0
    for seed in 0..<6 {
      var fleet = Fleet(5, seed: UInt64(seed))
      var judge = Judge(rules: fleet.rules())
      fleet.run(&judge, until: 0)
      fleet.arms[0] = .updated
      while fleet.second < 700, judge.ruling == .wait { judge.record(fleet.next()) }
      #expect(!judge.ruling.isHalt, "seed \(seed)")
      if judge.ruling == .pass { passes += 1 }
      #expect(judge.finding(0).ratio ?? 0 > 0)
    }
    #expect(passes >= 5)
  }

  @Test func `the slowest requests doubled halt with coarse buckets`() {
    var fleet = Fleet(6, seed: 4)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.tail[0] = 2.2
    fleet.run(&judge, until: 600)
    #expect(judge.ruling == .halt(check: 1, ground: .evidence))
    #expect(judge.finding(1).part == "p99")
  }

  /// Edges at every place within a bucket's width, so that the crowding at an edge is tried as well.
  @Test func `a host slower within the tolerance never halts because of coarse buckets`() {
    for step in 0..<8 {
      var fleet = Fleet(5, start: 0)
      let factor = exponential(0.0866 * Double(step))
      fleet.bounds = Fleet.prometheus.map { $0 * factor }
      fleet.requests = 500
      fleet.arms[0] = .updated
      fleet.slower[0] = 1.05
      var judge = Judge(rules: fleet.rules())
      fleet.run(&judge, until: 900)
      #expect(!judge.ruling.isHalt, "step \(step)")
    }
  }

  @Test func `what an instance always differed by is not held against it`() {
    var fleet = Fleet(6, seed: 9)
    fleet.slower[0] = 1.25
    fleet.errors[0] = 0.02
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.run(&judge, until: 900)
    #expect(!judge.ruling.isHalt)

    var worse = Fleet(6, seed: 9)
    worse.slower[0] = 1.25
    var strict = Judge(rules: worse.rules())
    worse.run(&strict, until: 0)
    worse.arms[0] = .updated
    worse.slower[0] = 1.25 * 1.5
    worse.run(&strict, until: 900)
    #expect(strict.ruling == .halt(check: 1, ground: .evidence))
  }

  @Test func `evidence goes on over waves, and an instance that is out counts for nothing`() {
    var fleet = Fleet(6)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.errors[0] = 0.017
    fleet.run(&judge, until: 60)
    let alone = judge.finding(0)
    fleet.arms[1] = .out
    judge.record(fleet.next())
    let during = judge.finding(0)
    #expect(during.siblingsExposure - alone.siblingsExposure == 4 * fleet.requests)
    fleet.arms[1] = .updated
    fleet.errors[1] = 0.017
    judge.record(fleet.next())
    #expect(judge.finding(0).updatedExposure - during.updatedExposure == 2 * fleet.requests)
    fleet.run(&judge, until: 900)
    #expect(judge.ruling == .halt(check: 0, ground: .evidence))
  }

  @Test func `two instances are enough, and without a past it still works`() {
    var fleet = Fleet(2, start: 0)
    fleet.arms[0] = .updated
    fleet.errors[0] = 0.3
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 60)
    #expect(judge.ruling == .halt(check: 0, ground: .evidence))
  }

  @Test func `the same ticks give the same bits`() {
    var (a, b) = (Fleet(5, seed: 3), Fleet(5, seed: 3))
    var (first, second) = (Judge(rules: a.rules()), Judge(rules: b.rules()))
    a.run(&first, until: 0)
    b.run(&second, until: 0)
    (a.arms[0], b.arms[0]) = (.updated, .updated)
    for _ in 0..<60 {
      first.record(a.next())
      second.record(b.next())
      #expect(first == second)
      #expect(first.logEvidence.bitPattern == second.logEvidence.bitPattern)
    }
    #expect(first.finding(1) == second.finding(1))
  }

  @Test func `garbage is missing, never a trap`() {
    var fleet = Fleet(3)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    fleet.run(&judge, until: 100)
    let before = judge.logEvidence
    let odd: [Measurement] = [
      .counts(events: .nan, exposure: 1), .counts(events: -1, exposure: 5), .counts(events: 1, exposure: .infinity),
      .gauge(.nan), .missing, .histogram(Histogram(upperBounds: [], buckets: [])),
      .histogram(Histogram(upperBounds: [.nan, 1], buckets: [.init(index: 0, count: 3)])),
      .histogram(Histogram(upperBounds: [2, 1], buckets: [.init(index: 0, count: 3)])),
      .histogram(Histogram(upperBounds: Fleet.prometheus, buckets: [.init(index: 99, count: 3)])),
      .histogram(Histogram(upperBounds: Fleet.prometheus, buckets: [.init(index: -1, count: 3)])),
      .histogram(Histogram(upperBounds: Fleet.prometheus, buckets: [.init(index: 1, count: .nan)])),
    ]
    for one in odd {
      for place in 0..<3 {
        var tick = fleet.next()
        tick.readings[0][place] = one
        tick.readings[1][place] = one
        judge.record(tick)
      }
    }
    judge.record(JudgeTick(second: .nan, duration: 1, arms: [], readings: []))
    judge.record(JudgeTick(second: 9, duration: -1, arms: [], readings: []))
    judge.record(
      JudgeTick(second: fleet.second, duration: 1, arms: [.updated], readings: [[.missing], [], [.missing]]))
    #expect(judge.logEvidence.isFinite && before.isFinite)
    #expect(!judge.ruling.isHalt)
    var empty = Judge(rules: JudgeRules(checks: [], instances: 0))
    empty.record(JudgeTick(second: 1, duration: 1, arms: [.updated], readings: [[.gauge(1)]]))
    #expect(empty.ruling == .wait && empty.finding(3) == CheckFinding())
  }

  @Test func `silence of the updated arm is counted and forbids a pass`() {
    var fleet = Fleet(5)
    var judge = Judge(rules: fleet.rules())
    fleet.run(&judge, until: 0)
    fleet.arms[0] = .updated
    while fleet.second < 800, judge.ruling == .wait { judge.record(fleet.next()) }
    #expect(judge.ruling == .pass)
    for ticks in 1...3 {
      var tick = fleet.next()
      tick.readings[0][0] = .missing
      judge.record(tick)
      #expect(judge.finding(0).silentTicks == ticks)
    }
    #expect(judge.ruling == .wait)
  }
}
