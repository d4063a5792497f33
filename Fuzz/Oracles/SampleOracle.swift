internal import CanaryJudge
internal import ImmuneSystem
internal import RolloutCore
internal import RolloutEngine

@testable internal import Observers

/// The payload of a sample in the journal.
enum SampleOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let record = SampleRecord(sequence: 3, at: Timestamp(milliseconds: 0), payload: input.text)
    guard let sample = try? SampleCodec.decode(record) else { return }
    if case .look(let look) = sample {
      for check in look.checks {
        for reading in check.readings { try Readings.check(reading) }
      }
    }
    try identity(sample)
  }

  static func identity(_ sample: Sample) throws(Violation) {
    do throws(SampleCodec.Damage) {
      let record = try SampleCodec.encode(sample, sequence: 3, at: Timestamp(milliseconds: 0))
      let again = try SampleCodec.decode(record)
      try requireSame(again == sample, record.payload)
    } catch { throw Violation("a sample that the journal cannot keep: \(error)") }
  }

  private static func requireSame(_ isSame: Bool, _ payload: String) throws(SampleCodec.Damage) {
    if !isSame { throw SampleCodec.Damage(sequence: 3, detail: "it is another one after the journal: \(payload)") }
  }
}

/// What every reader of metrics owes the judge.
enum Readings {
  static func check(_ observation: Observation) throws(Violation) {
    switch observation {
    case .measured(let measurement), .covering(let measurement, _):
      try check(measurement)
      try SampleOracle.identity(
        .look(
          Look(
            at: Timestamp(milliseconds: 5), duration: .seconds(1),
            checks: [CheckLook(check: 0, readings: [measurement])])))
    case .none(let problem): try require(!problem.detail.isEmpty, "no data, and nobody says why")
    case .first, .pending: break
    }
  }

  static func isMeasured(_ observation: Observation) -> Bool {
    switch observation {
    case .measured(.missing), .covering(.missing, _), .first, .pending, .none: false
    case .measured, .covering: true
    }
  }

  /// Counts are finite and never below zero, and a histogram's edges ascend.
  static func check(_ measurement: Measurement) throws(Violation) {
    switch measurement {
    case .missing: break
    case .gauge(let value): try require(value.isFinite, "a gauge at \(value)")
    case .counts(let events, let exposure):
      try require(events >= 0 && events.isFinite, "\(events) events")
      try require(exposure >= 0 && exposure.isFinite, "an exposure of \(exposure)")
    case .histogram(let histogram):
      for (a, b) in zip(histogram.upperBounds, histogram.upperBounds.dropFirst()) {
        try require(a < b, "bucket edges \(a) and \(b)")
      }
      var last: Int32 = -1
      for bucket in histogram.buckets {
        try require(bucket.index > last, "buckets out of order")
        try require(histogram.upperBounds.indices.contains(Int(bucket.index)), "bucket \(bucket.index) has no edge")
        try require(bucket.count >= 0 && bucket.count.isFinite, "\(bucket.count) observations")
        last = bucket.index
      }
    }
  }
}
