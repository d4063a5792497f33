internal import FoundationEssentials

/// What `/api/v1/query` says for a range vector.
struct PrometheusAnswer {
  var series: [PointSeries]
  /// The server says that this may not be all.
  var warnings: [String]

  init(_ body: [UInt8]) throws(ReadingProblem) {
    let reply: Reply
    do { reply = try JSONDecoder().decode(Reply.self, from: Data(body)) } catch {
      throw ReadingProblem(.error, detail: "not an answer of the Prometheus HTTP API")
    }
    guard reply.status == "success", let data = reply.data else {
      let reason = Phrase.clean(reply.error ?? reply.status, limit: 200)
      throw ReadingProblem(.error, detail: "the server says: \(reason)")
    }
    guard data.resultType == "matrix" else {
      throw ReadingProblem(.error, detail: "a \(Phrase.clean(data.resultType)) instead of samples over time")
    }
    series = []
    for one in data.result {
      let name = one.metric["__name__"] ?? ""
      guard let values = one.values else {
        throw ReadingProblem(
          .error,
          detail: "\(Phrase.clean(name)) has no plain samples; of histograms only the _bucket series are read")
      }
      let labels = one.metric.filter { $0.key != "__name__" }.map { MetricLabel(name: $0.key, value: $0.value) }
      series.append(
        PointSeries(MetricSample(name: name, labels: labels, value: 0), points: values.map(\.point)))
    }
    warnings = reply.warnings ?? []
  }

  /// The reason in an error's body; nil where it has none.
  static func reason(_ body: [UInt8]) -> String? {
    (try? JSONDecoder().decode(Reply.self, from: Data(body.prefix(1 << 16))))?.error
  }

  private struct Reply: Decodable {
    var status: String
    var data: Payload?
    var error: String?
    var warnings: [String]?

    enum CodingKeys: CodingKey { case status, data, error, warnings }
    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      status = try fields.decode(String.self, forKey: .status)
      error = try fields.decodeIfPresent(String.self, forKey: .error)
      warnings = try fields.decodeIfPresent([String].self, forKey: .warnings)
      data = status == "success" ? try fields.decode(Payload.self, forKey: .data) : nil
    }
  }

  private struct Payload: Decodable {
    var resultType: String
    var result: [Series] = []

    enum CodingKeys: CodingKey { case resultType, result }
    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      resultType = try fields.decode(String.self, forKey: .resultType)
      if resultType == "matrix" { result = try fields.decode([Series].self, forKey: .result) }
    }
  }

  private struct Series: Decodable {
    var metric: [String: String]
    var values: [Sample]?
  }

  /// `[seconds, "value"]`.
  private struct Sample: Decodable {
    var point: PointSeries.Point

    init(from decoder: any Decoder) throws {
      var parts = try decoder.unkeyedContainer()
      let (seconds, text) = (try parts.decode(Double.self), try parts.decode(String.self))
      guard let at = PointSeries.milliseconds(seconds: seconds), let value = Double(text) else {
        throw DecodingError.dataCorruptedError(in: parts, debugDescription: "no sample")
      }
      point = PointSeries.Point(at: at, value: value)
    }
  }
}
