internal import CanaryJudge
internal import RolloutCore

/// Samples in few characters: a reading is an array of numbers that begins with its kind, and bucket edges stand once
/// per look. Numbers must come back with the same bits, so whoever writes this must write shortest round-trip decimals.
extension Sample: Codable {
  private enum Key: String, CodingKey {
    case segment = "s"
    case look = "l"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if container.contains(.segment) {
      self = .segment(try container.decode(SegmentWire.self, forKey: .segment).segment())
    } else {
      self = .look(try container.decode(LookWire.self, forKey: .look).look())
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .segment(let segment): try container.encode(SegmentWire(segment), forKey: .segment)
    case .look(let look): try container.encode(LookWire(look), forKey: .look)
    }
  }
}

private struct SegmentWire: Codable {
  var number: Int64
  var stage: Analysis.Stage
  var hosts: [Int]
  /// A letter per host.
  var arms: String
  var refusals: [RefusalWire]?

  struct RefusalWire: Codable {
    var check: Int
    var detail: String
  }

  init(_ segment: Segment) {
    number = segment.number
    stage = segment.stage
    hosts = segment.hosts
    arms = String(segment.arms.map(Self.letter))
    refusals = segment.refusals.isEmpty ? nil : segment.refusals.map { .init(check: $0.check, detail: $0.detail) }
  }

  func segment() throws(SampleMismatch) -> Segment {
    var known: [JudgeTick.Arm] = []
    for letter in arms {
      guard let arm = JudgeTick.Arm.allCases.first(where: { Self.letter($0) == letter }) else {
        throw SampleMismatch("`\(letter)` is no arm")
      }
      known.append(arm)
    }
    guard known.count == hosts.count else { throw SampleMismatch("\(known.count) arms of \(hosts.count) hosts") }
    return Segment(
      number: number, stage: stage, hosts: hosts, arms: known,
      refusals: (refusals ?? []).map { .init(check: $0.check, detail: $0.detail) })
  }

  private static func letter(_ arm: JudgeTick.Arm) -> Character {
    switch arm {
    case .updated: "u"
    case .sibling: "s"
    case .out: "o"
    }
  }
}

extension JudgeTick.Arm {
  fileprivate static var allCases: [JudgeTick.Arm] { [.updated, .sibling, .out] }
}

private struct LookWire: Codable {
  var at: Timestamp
  var duration: TimeSpan
  var checks: [CheckWire]

  enum CodingKeys: String, CodingKey {
    case at
    case duration = "for"
    case checks = "c"
  }

  init(_ look: Look) {
    at = look.at
    duration = look.duration
    checks = look.checks.map { CheckWire($0) }
  }

  func look() throws(SampleMismatch) -> Look {
    guard duration >= .zero else { throw SampleMismatch("a look of \(duration)") }
    var result: [CheckLook] = []
    for check in checks { result.append(try check.look()) }
    return Look(at: at, duration: duration, checks: result)
  }
}

private struct CheckWire: Codable {
  var check: Int
  /// Upper edges of the histograms' layouts; null is infinity, which JSON lacks.
  var layouts: [[Double?]]?
  var readings: [[Double]]
  var gaps: [GapWire]?

  enum CodingKeys: String, CodingKey {
    case check = "i"
    case layouts = "u"
    case readings = "r"
    case gaps = "g"
  }

  struct GapWire: Codable {
    var position: Int
    var kind: String
    var detail: String?
    enum CodingKeys: String, CodingKey {
      case position = "p"
      case kind = "k"
      case detail = "d"
    }
  }

  private enum Form { static let counts = 1.0, gauge = 2.0, histogram = 3.0 }

  init(_ look: CheckLook) {
    check = look.check
    var layouts: [[Double]] = []
    readings = look.readings.map { reading in
      switch reading {
      case .missing: return []
      case .counts(let events, let exposure): return [Form.counts, events, exposure]
      case .gauge(let value): return [Form.gauge, value]
      case .histogram(let histogram):
        let layout = layouts.firstIndex(of: histogram.upperBounds) ?? layouts.count
        if layout == layouts.count { layouts.append(histogram.upperBounds) }
        return [Form.histogram, Double(layout)] + histogram.buckets.flatMap { [Double($0.index), $0.count] }
      }
    }
    self.layouts = layouts.isEmpty ? nil : layouts.map { $0.map { $0.isFinite ? $0 : nil } }
    gaps =
      look.gaps.isEmpty
      ? nil
      : look.gaps.map {
        GapWire(position: $0.position, kind: $0.kind.rawValue, detail: $0.detail.isEmpty ? nil : $0.detail)
      }
  }

  func look() throws(SampleMismatch) -> CheckLook {
    var bounds: [[Double]] = []
    for layout in layouts ?? [] { bounds.append(try Self.bounds(layout)) }
    var known: [Measurement] = []
    for reading in readings { known.append(try Self.measurement(reading, bounds)) }
    var found: [Gap] = []
    for gap in gaps ?? [] {
      guard known.indices.contains(gap.position), let kind = Gap.Kind(rawValue: gap.kind) else {
        throw SampleMismatch("a gap of kind `\(gap.kind)` at \(gap.position)")
      }
      found.append(Gap(position: gap.position, kind: kind, detail: gap.detail ?? ""))
    }
    return CheckLook(check: check, readings: known, gaps: found)
  }

  private static func bounds(_ layout: [Double?]) throws(SampleMismatch) -> [Double] {
    let bounds = layout.map { $0 ?? .infinity }
    for (lower, upper) in zip(bounds, bounds.dropFirst()) where lower >= upper {
      throw SampleMismatch("bucket edges that do not ascend")
    }
    return bounds
  }

  private static func measurement(_ reading: [Double], _ layouts: [[Double]]) throws(SampleMismatch) -> Measurement {
    switch (reading.first, reading.count) {
    case (nil, _): return .missing
    case (Form.counts, 3):
      guard reading[1] >= 0, reading[2] >= 0 else { throw SampleMismatch("a negative count") }
      return .counts(events: reading[1], exposure: reading[2])
    case (Form.gauge, 2): return .gauge(reading[1])
    case (Form.histogram, 2...):
      guard let layout = Int(exactly: reading[1]), layouts.indices.contains(layout) else {
        throw SampleMismatch("a histogram without edges")
      }
      return .histogram(try histogram(reading.dropFirst(2), layouts[layout]))
    default: throw SampleMismatch("no reading that this version of canary knows")
    }
  }

  private static func histogram(
    _ numbers: ArraySlice<Double>, _ bounds: [Double]
  ) throws(SampleMismatch) -> Histogram {
    guard numbers.count.isMultiple(of: 2) else { throw SampleMismatch("a bucket without a count") }
    var buckets: [Histogram.Bucket] = []
    for position in stride(from: numbers.startIndex, to: numbers.endIndex, by: 2) {
      guard let index = Int32(exactly: numbers[position]), bounds.indices.contains(Int(index)),
        index > buckets.last?.index ?? -1, numbers[position + 1] >= 0
      else { throw SampleMismatch("a bucket that is not of the histogram") }
      buckets.append(Histogram.Bucket(index: index, count: numbers[position + 1]))
    }
    return Histogram(upperBounds: bounds, buckets: buckets)
  }
}
