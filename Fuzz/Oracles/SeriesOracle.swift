internal import CanaryJudge
internal import RolloutCore

@testable internal import Observers

/// Answers of Prometheus' HTTP API, one after the other; the last byte cuts one of them short.
enum PrometheusOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var pacing = Pacing(.growing)
    for body in input.parts(at: ExpositionOracle.mark) {
      _ = PrometheusAnswer.reason(body)
      guard let answer = try? PrometheusAnswer(body) else { continue }
      try Truncation.check(body, by: input.last ?? 0) { (try? PrometheusAnswer($0)) != nil }
      for series in answer.series { try Pacing.check(series) }
      if answer.warnings.isEmpty { try pacing.look(answer.series.map { ($0, nil) }) }
    }
  }
}

/// Answers of Graphite's render API, one after the other; the last byte cuts one of them short.
enum GraphiteOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var perBucket = Pacing(.perBucket)
    var growing = Pacing(.growing)
    for body in input.parts(at: ExpositionOracle.mark) {
      guard let answer = try? GraphiteAnswer(body) else { continue }
      try Truncation.check(body, by: input.last ?? 0) { (try? GraphiteAnswer($0)) != nil }
      for one in answer.series {
        try Pacing.check(one.series)
        try require(one.step.map { $0 > 0 } ?? true, "buckets of \(one.step ?? 0) ms")
        for point in one.series.points { try require(point.value.isFinite, "a point at \(point.value)") }
      }
      try perBucket.look(answer.series.map { ($0.series, $0.step) })
      try growing.look(answer.series.map { ($0.series, $0.step) })
    }
  }
}

/// Whether less than a whole answer shows.
enum Truncation {
  static func check(_ body: [UInt8], by choice: UInt8, isTaken: ([UInt8]) -> Bool) throws(Violation) {
    let end = (body.lastIndex { $0 > 0x20 }).map { $0 + 1 } ?? 0
    guard end > 0 else { return }
    for kept in [end - 1, end / 2, end * Int(choice) / 256] where kept < end {
      try require(!isTaken(Array(body[..<kept])), "\(kept) of \(end) bytes pass for the whole answer")
    }
  }
}

/// Every kind of check over the same answers of a metrics server.
private struct Pacing {
  private static let kinds: [InstanceTally.Kind] = [
    .ratio, .histogram, .gauge(worst: .highest), .gauge(worst: .lowest), .rate,
  ]
  private static let now: Int64 = 1_800_000_000_000
  private var checks: [PacedCheck]
  private var looks: Int64 = 0

  init(_ style: CountLedger.Style) {
    checks = Self.kinds.map { PacedCheck(name: "m", $0, style, instances: 1, patience: 5) }
  }

  /// Ascending, at times that can be reckoned with.
  static func check(_ series: PointSeries) throws(Violation) {
    for (a, b) in zip(series.points, series.points.dropFirst()) {
      try require(a.at < b.at, "points at \(a.at) and then at \(b.at)")
    }
  }

  mutating func look(_ series: [(PointSeries, step: Int64?)]) throws(Violation) {
    looks += 1
    var found = PacedCheck.Found()
    for (number, (one, step)) in series.enumerated() {
      if number % 3 == 2 { found.bad.append(one) } else { found.series.append(one) }
      found.step = step ?? found.step
    }
    let isThere = found.series.contains { !$0.points.isEmpty }
    for index in checks.indices {
      let observed = checks[index].look([found], origin: Self.now, now: Self.now + looks * 15_000)
      for one in checks[index].dated(observed, ahead: .seconds(1)) {
        try Readings.check(one)
        try require(isThere || !Readings.isMeasured(one), "nothing was there and passes for \(one)")
      }
    }
  }
}
