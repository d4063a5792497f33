import CanaryJudge
import Foundation

/// What judging costs: fifty instances, histograms of fourteen buckets as Prometheus clients have them, half an hour of
/// ticks.
enum Cost {
  typealias Reading = CanaryJudge.Measurement
  static let instances = 50
  static let bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, .infinity]
  static let counts: [Double] = [0, 0, 20, 60, 50, 30, 25, 8, 4, 2, 1]

  struct Kind: Sendable {
    var name: String
    var kind: CheckRule.Kind
    var reading: @Sendable (Int, Int) -> Reading
  }

  /// Counts that vary without a random source: the cost does not depend on which.
  static func wobble(_ a: Int, _ b: Int, _ modulus: Int) -> Double { Double((a &* 7919 &+ b &* 104_729) % modulus) }

  @Sendable static func errors(_ second: Int, _ index: Int) -> Reading {
    .counts(events: wobble(second, index, 5) < 1 ? 1 : 0, exposure: 200 + wobble(index, second, 17))
  }

  @Sendable static func latency(_ second: Int, _ index: Int) -> Reading {
    var buckets: [Histogram.Bucket] = []
    for bucket in 2..<counts.count {
      let count = counts[bucket] + wobble(second, index + bucket, 3)
      buckets.append(Histogram.Bucket(index: Int32(bucket), count: count))
    }
    return .histogram(Histogram(upperBounds: bounds, buckets: buckets))
  }

  static let kinds = [
    Kind(name: "ratio", kind: .ratio(.higher), reading: errors),
    Kind(name: "latency, 14 buckets", kind: .latency(quantiles: []), reading: latency),
    Kind(name: "share", kind: .share(low: 0.5, high: 2)) { .counts(events: 200 + wobble($0, $1, 31), exposure: 1) },
    Kind(name: "gauge", kind: .gauge(.higher)) { .gauge(500 + wobble($0, $1, 13)) },
  ]

  static func run() {
    for seconds in [1.0, 10] {
      for kind in kinds { measure(kind, seconds: seconds) }
    }
  }

  static func measure(_ kind: Kind, seconds: Double) {
    let rule = CheckRule(name: kind.name, kind: kind.kind, tolerance: 0.1, passMargin: 0.5, weight: 1)
    var judge = Judge(rules: JudgeRules(checks: [rule], instances: instances, falseAlarm: 1e-9, horizon: 1800))
    var ticks: [JudgeTick] = []
    for step in 0..<2100 {
      let arms = (0..<instances).map { step >= 300 && $0 == 0 ? JudgeTick.Arm.updated : .sibling }
      ticks.append(
        JudgeTick(
          second: Double(step - 299) * seconds, duration: seconds, arms: arms,
          readings: [(0..<instances).map { kind.reading(step, $0) }]))
    }
    let built = residentBytes()
    let start = processorMicroseconds()
    for tick in ticks { judge.record(tick) }
    let spent = (processorMicroseconds() - start) / Double(ticks.count)
    let kept = max(0, residentBytes() - built) / 1024
    let rounded = (spent * 10).rounded() / 10
    print("\(kind.name), ticks of \(Int(seconds)) s: \(rounded) us a tick, about \(kept) kB of state, \(judge.ruling)")
  }

  /// Time on the processor, so that whatever else runs on the machine does not count.
  static func processorMicroseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1000
  }

  static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    return (Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0) * 4096
  }
}
