internal import FoundationEssentials

/// What `/render?format=json` says.
struct GraphiteAnswer {
  struct Series {
    var target: String
    var series: PointSeries
    /// Milliseconds from one bucket to the next; nil where there is only one.
    var step: Int64?
    /// A value that no JSON number can hold.
    var isUnreadable: Bool
  }
  var series: [Series]

  /// Buckets without a value are left out: they are not zero, and may be filled later.
  init(_ body: [UInt8]) throws(ReadingProblem) {
    let reply: [Reply]
    do { reply = try JSONDecoder().decode([Reply].self, from: Data(body)) } catch {
      throw ReadingProblem(.error, detail: "not an answer of Graphite's render API")
    }
    var seen: [String: Int] = [:]
    series = []
    for one in reply {
      // Several series of one target are told apart by what they were before they got their name.
      var labels = (one.tags ?? [:]).map { MetricLabel(name: $0.key, value: $0.value) }
      if labels.isEmpty { labels = [MetricLabel(name: "", value: "\(seen[one.target, default: 0])")] }
      seen[one.target, default: 0] += 1
      let points = one.datapoints.compactMap(\.point)
      series.append(
        Series(
          target: one.target, series: PointSeries(MetricSample(name: "", labels: labels, value: 0), points: points),
          step: Self.step(one.datapoints.map(\.at)), isUnreadable: one.datapoints.contains(where: \.isUnreadable)))
    }
  }

  private static func step(_ instants: [Int64]) -> Int64? {
    guard instants.count > 1, instants[1] > instants[0] else { return nil }
    return instants[1] - instants[0]
  }

  private struct Reply: Decodable {
    var target: String
    var tags: [String: String]?
    var datapoints: [Bucket]

    enum CodingKeys: CodingKey { case target, tags, datapoints }
    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      target = try fields.decode(String.self, forKey: .target)
      datapoints = try fields.decode([Bucket].self, forKey: .datapoints)
      // Functions put numbers among the tags; only text tells series apart.
      tags = try? fields.decodeIfPresent([String: String].self, forKey: .tags)
    }
  }

  /// `[value or null, seconds]`.
  private struct Bucket: Decodable {
    var at: Int64
    var value: Double?
    var isUnreadable = false

    var point: PointSeries.Point? { value.map { PointSeries.Point(at: at, value: $0) } }

    init(from decoder: any Decoder) throws {
      var parts = try decoder.unkeyedContainer()
      if try !parts.decodeNil() {
        let number = try parts.decode(Double.self)
        value = number.isFinite ? number : nil
        isUnreadable = !number.isFinite
      }
      guard let at = PointSeries.milliseconds(seconds: try parts.decode(Double.self)) else {
        throw DecodingError.dataCorruptedError(in: parts, debugDescription: "no time")
      }
      self.at = at
    }
  }
}
