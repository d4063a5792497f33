@testable import CanaryJudge

/// A small fleet that reports what it is told to, with or without chance.
struct Fleet {
  var instances: Int
  var requests = 300.0
  /// Seconds of a tick.
  var tick = 5.0
  var arms: [JudgeTick.Arm]
  /// Errors per request and latency factor, per instance.
  var errors: [Double]
  var slower: [Double]
  /// Factor of the slowest tenth.
  var tail: [Double]
  var bounds = Fleet.prometheus
  var random: SplitMix64?
  var second = 0.0

  /// The usual seconds of a Prometheus client.
  static let prometheus = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Double.infinity]

  init(_ instances: Int, seed: UInt64? = nil, start: Double = -300) {
    self.instances = instances
    arms = Array(repeating: .sibling, count: instances)
    errors = Array(repeating: 0.01, count: instances)
    slower = Array(repeating: 1, count: instances)
    tail = slower
    random = seed.map { SplitMix64(seed: $0) }
    second = start
  }

  mutating func count(_ mean: Double) -> Double {
    guard mean > 0 else { return 0 }
    guard random != nil else { return mean }
    return Double(random?.poisson(mean) ?? 0)
  }

  /// Log-normal around 40 ms with σ = 0.5, cut into buckets; the part above the 90th percentile stretched by `tail`.
  mutating func histogram(_ index: Int) -> Histogram {
    let (slower, tail) = (slower[index], tail[index])
    var (below, buckets) = (0.0, [Histogram.Bucket]())
    for (bucket, edge) in bounds.enumerated() {
      let upTo = Fleet.share(below: edge, slower: slower, tail: tail)
      let number = count(requests * (upTo - below))
      below = upTo
      if number > 0 { buckets.append(Histogram.Bucket(index: Int32(bucket), count: number)) }
    }
    return Histogram(upperBounds: bounds, buckets: buckets)
  }

  static func share(below edge: Double, slower: Double, tail: Double) -> Double {
    guard edge.isFinite else { return 1 }
    let plain = normal((logarithm(edge / 0.04 / slower)) / 0.5)
    return plain <= 0.9 ? plain : max(0.9, normal((logarithm(edge / 0.04 / slower / tail)) / 0.5))
  }

  static func normal(_ x: Double) -> Double { 0.5 * complementaryError(-x / 2.0.squareRoot()) }

  /// The next tick: one check of errors and one of latency.
  mutating func next() -> JudgeTick {
    second += tick
    var rows: [[Measurement]] = [[], []]
    for index in 0..<instances {
      guard arms[index] != .out else {
        rows[0].append(.missing)
        rows[1].append(.missing)
        continue
      }
      rows[0].append(.counts(events: min(requests, count(requests * errors[index])), exposure: requests))
      rows[1].append(.histogram(histogram(index)))
    }
    return JudgeTick(second: second, duration: tick, arms: arms, readings: rows)
  }

  static let checks = [
    CheckRule(name: "errors", kind: .ratio(.higher), tolerance: 0.1, passMargin: 0.5, weight: 1),
    CheckRule(name: "latency", kind: .latency(quantiles: []), tolerance: 0.075, passMargin: 0.3, weight: 1),
  ]

  func rules(_ checks: [CheckRule] = Fleet.checks, horizon: Double = 900) -> JudgeRules {
    JudgeRules(checks: checks, instances: instances, horizon: horizon)
  }

  /// Ticks up to `second`; stops at a halt.
  mutating func run(_ judge: inout Judge, until end: Double) {
    while second + tick <= end + 1e-9 {
      judge.record(next())
      if case .halt = judge.ruling { return }
    }
  }
}

extension Ruling {
  var isHalt: Bool { if case .halt = self { true } else { false } }
}
