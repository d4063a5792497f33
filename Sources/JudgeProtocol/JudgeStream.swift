public import CanaryJudge

/// Answers the lines of a stream of ticks, one line each. Holds one judge at a time; `start` begins anew.
public struct JudgeStream: Sendable {
  private var start = StreamStart()
  private var judge: Judge?
  private var bounds: [Double] = []

  public init() {}

  /// The answer to one line, without its line end.
  public mutating func answer(_ line: [UInt8]) throws(WireError) -> String {
    var cursor = WireCursor(line)
    var kind = ""
    var message = StreamStart()
    var tick = TickMessage()
    try cursor.object { key, cursor throws(WireError) in
      switch key {
      case "type": kind = try cursor.string()
      case "t": tick.time = try cursor.number()
      case "phase": tick.phase = try cursor.string()
      case "baseline":
        try cursor.array { cursor throws(WireError) in tick.baseline.append(try InstanceReport(&cursor)) }
      case "canary" where try cursor.next() == UInt8(ascii: "{"): tick.canary = try InstanceReport(&cursor)
      default: try message.take(key, &cursor)
      }
    }
    try cursor.end()
    switch kind {
    case "start": return try begin(message, line)
    case "tick": return try take(tick)
    case "end":
      judge = nil
      return #"{"ok":true}"#
    default: throw WireError.unknown("type of message", kind)
    }
  }

  private mutating func begin(_ message: StreamStart, _ line: [UInt8]) throws(WireError) -> String {
    start = try StreamStart(line)
    judge = Judge(rules: try start.rules())
    bounds = start.upperBounds
    return #"{"ok":true}"#
  }

  private mutating func take(_ message: TickMessage) throws(WireError) -> String {
    guard judge != nil else { throw WireError.missing("'start' before the first tick") }
    guard let canary = message.canary, let time = message.time else {
      throw WireError.missing("'t' or 'canary' of a tick")
    }
    guard message.baseline.count == start.instances - 1 else {
      throw WireError.missing("a baseline of \(start.instances - 1) instances")
    }
    var reports = message.baseline
    reports.insert(canary, at: min(start.canary, reports.count))
    let tick = try start.tick(reports, time: time, isBeforeDeploy: message.phase == "pre", bounds: bounds)
    judge?.record(tick)
    return Self.text(judge, start)
  }

  private static func text(_ judge: Judge?, _ start: StreamStart) -> String {
    guard let judge else { return #"{"verdict":"wait"}"# }
    let evidence = #""log_e":\#((judge.logEvidence * 1e6).rounded() / 1e6)"#
    switch judge.ruling {
    case .wait: return #"{"verdict":"wait",\#(evidence)}"#
    case .pass: return #"{"verdict":"pass",\#(evidence)}"#
    case .halt(let check, _):
      return #"{"verdict":"halt","metric":"\#(start.blame(judge, check))",\#(evidence)}"#
    }
  }
}

struct TickMessage {
  var time: Double?
  var phase = "canary"
  var canary: InstanceReport?
  var baseline: [InstanceReport] = []
}

extension StreamStart {
  /// Name of the check to blame, with its part where it has several.
  public func blame(_ judge: Judge, _ check: Int) -> String {
    guard metrics.indices.contains(check) else { return "" }
    let part = judge.finding(check).part
    return part.map { "\(metrics[check].name).\($0)" } ?? metrics[check].name
  }

  /// A tick of the stream as the judge takes it. `time` is the second at which it begins.
  public func tick(
    _ reports: [InstanceReport], time: Double, isBeforeDeploy: Bool, bounds: [Double]
  ) throws(WireError) -> JudgeTick {
    var arms = Array(repeating: JudgeTick.Arm.sibling, count: instances)
    if !isBeforeDeploy, canary < instances { arms[canary] = .updated }
    var readings: [[Measurement]] = []
    for metric in metrics {
      var row: [Measurement] = []
      row.reserveCapacity(reports.count)
      for report in reports { row.append(try report.measurement(metric, seconds: tickSeconds, bounds: bounds)) }
      readings.append(row)
    }
    return JudgeTick(second: time + tickSeconds, duration: tickSeconds, arms: arms, readings: readings)
  }
}

/// What one instance reports of one second.
public struct InstanceReport: Hashable, Sendable {
  public var requests = 0.0
  public var errors = 0.0
  public var business = 0.0
  public var restarts = 0.0
  public var memory: Double?
  public var latency: [Histogram.Bucket] = []

  public init() {}

  init(_ cursor: inout WireCursor) throws(WireError) {
    try cursor.object { key, cursor throws(WireError) in
      switch key {
      case "n": requests = try cursor.number()
      case "err": errors = try cursor.number()
      case "biz": business = try cursor.number()
      case "restarts": restarts = try cursor.number()
      case "mem_mb": memory = try cursor.number()
      case "lat": try readLatency(&cursor)
      default: try cursor.skip()
      }
    }
  }

  private mutating func readLatency(_ cursor: inout WireCursor) throws(WireError) {
    var index: Int32?
    var pairs: [Histogram.Bucket] = []
    try cursor.array { cursor throws(WireError) in
      let value = try cursor.number()
      guard let bucket = index else {
        guard value >= 0, value < Double(StreamStart.buckets) else {
          throw WireError.malformed(at: cursor.place, expected: "a bucket below \(StreamStart.buckets)")
        }
        index = Int32(value)
        return
      }
      pairs.append(Histogram.Bucket(index: bucket, count: value))
      index = nil
    }
    guard index == nil else { throw WireError.malformed(at: cursor.place, expected: "pairs of bucket and count") }
    latency = pairs
  }

  func measurement(
    _ metric: StreamStart.Metric, seconds: Double, bounds: [Double]
  ) throws(WireError) -> Measurement {
    switch (metric.kind, metric.name) {
    case ("ratio", "errors"): .counts(events: errors, exposure: requests)
    case ("ratio", "business"): .counts(events: business, exposure: requests)
    case ("histogram", _): .histogram(Histogram(upperBounds: bounds, buckets: latency))
    case ("share", _): .counts(events: requests, exposure: seconds)
    case ("rate", _): .counts(events: restarts, exposure: seconds)
    case ("gauge", _): memory.map { .gauge($0) } ?? .missing
    default: throw WireError.unknown("metric", metric.name)
    }
  }
}
