internal import CanaryJudge
internal import RolloutCore

@testable internal import Observers

/// Scrapes of one instance, one after the other.
enum ExpositionOracle {
  static let mark = "=== next"
  private static let measures: [CheckPolicy.Measure] = [
    .ratio(events: "requests_total{code=~\"5..\"}", total: "requests_total"),
    .rate("requests_total"), .gauge("queue"), .gauge("queue{kind!~\"a|b.*\"}"),
    .histogram(name: "seconds", quantiles: [0.99]),
  ]
  private static let names = ["requests_total", "queue", "seconds_bucket"]

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var readers: [CheckReader] = []
    for measure in measures {
      guard let source = try? CheckSource(measure) else { throw Violation("\(measure) is not understood") }
      readers.append(CheckReader(source))
    }
    for (number, body) in input.parts(at: mark).enumerated() {
      guard let all = try? ExpositionParser.samples(in: body) else {
        try require(
          (try? ExpositionParser.samples(in: body, named: names)) == nil, "a malformed line is not seen by all")
        continue
      }
      // A cut that is no line's end shows.
      try require(
        body.isEmpty || (try? ExpositionParser.samples(in: body.dropLast())) == nil || body.count == 1,
        "a body that is cut off passes for whole")
      let named = try? ExpositionParser.samples(in: body, named: names)
      try require(
        same(named ?? [], all.filter { names.contains($0.name) }), "names pick other samples than those of that name")
      try printed(all)
      try read(all, &readers, number)
    }
  }

  private static func read(_ samples: [MetricSample], _ readers: inout [CheckReader], _ number: Int) throws(Violation) {
    let now = Timestamp(milliseconds: 1_800_000_000_000 + Int64(number) * 5_000)
    for index in readers.indices {
      let observed = readers[index].read(samples, at: now, staleBefore: now.milliseconds - 300_000)
      try Readings.check(observed)
      let wanted = readers[index].source.metricNames.last ?? ""
      let isThere = samples.contains { $0.name == wanted }
      try require(isThere || !Readings.isMeasured(observed), "\(wanted) is absent and passes for \(observed)")
      if number == 0, case .measured(let measurement) = observed {
        guard case .gauge = measurement else { throw Violation("counters of before are taken for news: \(observed)") }
      }
    }
  }

  /// What was read, written again, reads the same.
  private static func printed(_ samples: [MetricSample]) throws(Violation) {
    var text = ""
    for sample in samples {
      let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
      text += "\(sample.name){\(labels)} \(sample.value)\(sample.timestamp.map { " \($0)" } ?? "")\n"
    }
    let again = try? ExpositionParser.samples(in: Array(text.utf8))
    try require(same(again ?? [], samples), "samples change when they are written again: \(text.debugDescription)")
  }

  private static func escaped(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func same(_ a: [MetricSample], _ b: [MetricSample]) -> Bool {
    a.count == b.count
      && zip(a, b).allSatisfy {
        $0.name == $1.name && $0.labels == $1.labels && $0.timestamp == $1.timestamp
          && ($0.value == $1.value || ($0.value.isNaN && $1.value.isNaN))
      }
  }
}
