internal import CanaryJudge
internal import ImmuneSystem
internal import RolloutCore

/// Recordings written in the form that `RecordingCSV` reads.
struct RecordingCSVText {
  private let checks: [CheckPolicy]
  private let edges: [Double]

  static func text(_ recordings: [Recording], checks: [CheckPolicy]) -> String {
    var edges: Set<Double> = []
    var layouts: Set<[Double]> = []
    for recording in recordings {
      for case .histogram(let histogram) in recording.looks.lazy.flatMap(\.checks).flatMap(\.readings)
      where layouts.insert(histogram.upperBounds).inserted {
        edges.formUnion(histogram.upperBounds)
      }
    }
    let writer = RecordingCSVText(checks: checks, edges: edges.sorted())
    let header = CSVColumns.names + writer.edges.map { "le=" + edge($0) }
    return header.joined(separator: ",") + "\n" + recordings.map(writer.text).joined()
  }

  private func text(_ recording: Recording) -> String {
    var text = ""
    for look in recording.looks {
      for check in look.checks {
        for (instance, reading) in zip(recording.instances, check.readings) {
          guard let cells = cells(reading) else { continue }
          let seconds = Self.number(Double(look.duration.milliseconds) / 1000)
          let head = [
            Self.quoted(recording.name), TimeWords.precise(look.at), Self.quoted(instance),
            Self.quoted(checks[check.check].name), seconds,
          ]
          text += (head + cells).joined(separator: ",") + "\n"
        }
      }
    }
    return text
  }

  /// Events, exposure, value and buckets; nil where nothing was measured.
  private func cells(_ reading: Measurement) -> [String]? {
    let noBuckets = Array(repeating: "", count: edges.count)
    switch reading {
    case .missing: return nil
    case .counts(let events, let exposure): return [Self.number(events), Self.number(exposure), ""] + noBuckets
    case .gauge(let value): return ["", "", Self.number(value)] + noBuckets
    case .histogram(let histogram): return ["", "", ""] + buckets(histogram)
    }
  }

  private func buckets(_ histogram: Histogram) -> [String] {
    var upTo: [Double: Double] = [:]
    var counts = [Double](repeating: 0, count: histogram.upperBounds.count)
    for bucket in histogram.buckets where counts.indices.contains(Int(bucket.index)) {
      counts[Int(bucket.index)] = bucket.count
    }
    var sum = 0.0
    for (edge, count) in zip(histogram.upperBounds, counts) {
      sum += count
      upTo[edge] = sum
    }
    return edges.map { upTo[$0].map(Self.number) ?? "" }
  }

  private static func edge(_ edge: Double) -> String { edge == .infinity ? "+Inf" : number(edge) }

  /// The shortest decimals that read back as the same bits.
  private static func number(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func quoted(_ text: String) -> String {
    let clean = DisplayText.clean(text)
    guard clean.contains(where: { ",\"".contains($0) }) else { return clean }
    return "\"" + clean.replacing("\"", with: "\"\"") + "\""
  }
}
