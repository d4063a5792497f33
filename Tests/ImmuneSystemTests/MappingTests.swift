import CanaryJudge
import RolloutCore
import Testing

@testable import ImmuneSystem

@Suite struct MappingTests {
  static func check(_ measure: CheckPolicy.Measure, _ change: (inout CheckPolicy) -> Void = { _ in }) -> CheckRule {
    var policy = CheckPolicy(name: "c", source: .scrape("http://{host}/"), measure: measure)
    change(&policy)
    return CheckRule(policy)
  }

  @Test func `each measure has its kind, weight and margin`() {
    let errors = Self.check(.ratio(events: "a", total: "b"))
    #expect(errors.kind == .ratio(.higher) && errors.weight == 0.40 && errors.tolerance == 0.1)
    #expect(errors.passMargin == 0.5)
    #expect(Self.check(.ratio(events: "a", total: "b")) { $0.tolerance = 1 }.passMargin == 1.5)
    let orders = Self.check(.ratio(events: "a", total: "b")) {
      $0.worseWhen = .down
      $0.tolerance = 0.05
    }
    #expect(orders.kind == .ratio(.lower) && orders.weight == 0.10 && abs(orders.passMargin - 0.15) < 1e-12)
    let latency = Self.check(.histogram(name: "s", quantiles: [0.5, 0.99])) { $0.tolerance = 0.2 }
    #expect(latency.kind == .latency(quantiles: [0.5, 0.99]) && latency.weight == 0.34 && latency.passMargin == 0.4)
    #expect(Self.check(.gauge("g")) { $0.worseWhen = .down }.kind == .gauge(.lower))
    #expect(Self.check(.gauge("g")).tolerance == 0.01, "growth of a minute; a policy speaks of ten")
    #expect(Self.check(.rate("r")).kind == .rate(.higher) && Self.check(.rate("r")).weight == 0.04)
    #expect(Self.check(.share("s")) { $0.tolerance = 1 }.kind == .share(low: 0.5, high: 2))
  }

  @Test func `what the policy says goes before what the kind has`() {
    let rule = Self.check(.gauge("g")) {
      $0.passMargin = 0.7
      $0.weight = 0.2
      $0.isCritical = true
      $0.limit = 9
      $0.initialDelay = .seconds(90)
    }
    #expect(rule.passMargin == 0.7 && rule.weight == 0.8 && rule.limit == 9 && rule.initialDelay == 90)
    #expect(Self.check(.gauge("g")) { ($0.muted, $0.isCritical, $0.weight) = (true, true, 5) }.weight == 0)
  }

  @Test(arguments: [0, 0.05, 0.3, 0.6, 0.97])
  func `the margin is beyond the tolerance in either direction`(tolerance: Double) {
    for direction in CheckPolicy.Direction.allCases {
      for measure in [CheckPolicy.Measure.ratio(events: "a", total: "b"), .rate("r"), .gauge("g")] {
        let rule = Self.check(measure) { ($0.tolerance, $0.worseWhen) = (tolerance, direction) }
        #expect(rule.passMargin > tolerance && (direction == .up || rule.passMargin < 1), "\(rule)")
      }
    }
  }

  @Test(arguments: [
    (0.0041234, "0.00412"), (3.07, "3.07"), (41.52, "41.5"), (1234.4, "1234"), (0, "0"), (-2.5, "-2.5"),
    (2e9, "2000000000"), (.infinity, "inf"), (1e-20, "0"), (0.5, "0.5"),
  ])
  func `figures have three digits`(value: Double, text: String) { #expect(Figure.plain(value) == text) }

  @Test func `counts have commas and times their unit`() {
    #expect(Figure.count(412) == "412" && Figure.count(1_234_567) == "1,234,567" && Figure.count(-1000) == "-1,000")
    #expect(Figure.time(seconds: 40) == "40 s" && Figure.time(seconds: 540) == "9 min")
    #expect(Figure.time(seconds: 9000) == "2.5 h" && Figure.percent(0.041) == "4.1 %")
  }
}
