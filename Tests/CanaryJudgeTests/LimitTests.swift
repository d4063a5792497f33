import Testing

@testable import CanaryJudge

/// Absolute limits where data are few, missing, or of several instances.
@Suite struct LimitTests {
  static func histogram(_ bucket: Int32, _ count: Double) -> Measurement {
    .histogram(Histogram(upperBounds: Fleet.prometheus, buckets: [.init(index: bucket, count: count)]))
  }

  @Test func `a latency limit waits until enough observations came together`() {
    var rule = CheckRule(name: "latency", kind: .latency(quantiles: [0.9]), tolerance: 0.1, passMargin: 0.3, weight: 1)
    rule.limit = 1
    for (bucket, breached) in [(Int32(9), true), (4, false)] {
      let early = JudgeKindsTests.play(rule, instances: 2, before: 0, seconds: 29, canaries: 2) { _, _ in
        Self.histogram(bucket, 5)
      }
      #expect(early.ruling == .wait && !early.finding(0).isLimitHeld)
      let judge = JudgeKindsTests.play(rule, instances: 2, before: 0, seconds: 31, canaries: 2) { _, _ in
        Self.histogram(bucket, 5)
      }
      #expect(judge.finding(0).isLimitBreached == breached && judge.finding(0).isLimitHeld == !breached)
      #expect(judge.ruling == (breached ? .halt(check: 0, ground: .limit) : .wait))
    }
  }

  @Test func `instances that bucket differently share a latency limit`() {
    var window = LatencyWindow(quantile: 0.9)
    let other = Measurement.histogram(
      Histogram(upperBounds: [0.1, 1, .infinity], buckets: [.init(index: 1, count: 60)]))
    #expect(window.record([Self.histogram(7, 30), .missing], [0, 1]) == nil)
    let value = window.record([Self.histogram(7, 30), other], [0, 1])
    #expect(value.map { $0 > 0.1 && $0 <= 1 } == true)
    #expect(window.record([Self.histogram(7, 30), .missing], [0, 1]) == nil)
  }

  static let memory: CheckRule = {
    var rule = CheckRule(name: "memory", kind: .gauge(.higher), tolerance: 1, passMargin: 0, weight: 1)
    rule.limit = 100
    return rule
  }()

  @Test func `a level that is missing is not held against the limit again`() {
    let judge = JudgeKindsTests.play(Self.memory, seconds: 20) { second, index in
      index == 0 && second > 0 ? .missing : .gauge(second == 0 && index == 0 ? 150 : 50)
    }
    #expect(judge.ruling == .wait && judge.finding(0).limitValue == 150)
  }

  @Test func `one instance beyond the limit does not hide behind the others`() {
    let judge = JudgeKindsTests.play(Self.memory, instances: 6, seconds: 3, canaries: 4) { second, index in
      .gauge(second >= 0 && index == 2 ? 150 : 50)
    }
    #expect(judge.ruling == .halt(check: 0, ground: .limit) && judge.finding(0).limitValue == 150)
  }

  @Test(arguments: [(60.0, true), (40, false)]) func `a share has its limit`(bound: Double, isHeld: Bool) {
    var rule = JudgeKindsTests.share
    rule.limit = bound
    let judge = JudgeKindsTests.play(rule, seconds: 60) { _, _ in .counts(events: 50, exposure: 1) }
    #expect(judge.finding(0).isLimitHeld == isHeld)
    #expect(judge.ruling == (isHeld ? .wait : .halt(check: 0, ground: .limit)))
  }
}
