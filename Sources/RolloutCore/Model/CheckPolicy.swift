/// One metric of the immune system.
public struct CheckPolicy: Codable, Hashable, Sendable {
  public var name: String
  public var source: MetricSource
  public var measure: Measure
  public var worseWhen: Direction
  /// Relative worsening against the siblings that is tolerated: 0.1 is 10 %.
  public var tolerance: Double
  /// Relative worsening that an earned pass excludes. Nil: derived from the tolerance and the kind of the measure.
  public var passMargin: Double?
  /// Absolute bound whatever the siblings do. A ratio for `ratio`, the metric's own unit elsewhere.
  public var limit: Double?
  public var interval: TimeSpan
  /// Time after the update in which this check is not judged.
  public var initialDelay: TimeSpan
  /// Share of the false-alarm probability relative to the other checks'; nil: by the kind of the measure.
  public var weight: Double?
  /// Gets four times the weight it would have, so that it is heard first.
  public var isCritical: Bool
  /// Measured and shown, never acted on.
  public var muted: Bool
  /// Whom to ask: a person, team or channel, shown beside the check.
  public var owner: String?

  public enum Direction: String, Codable, Hashable, Sendable, CaseIterable { case up, down }

  /// Selectors are written in the source's own language: a series selector as Prometheus writes it for `scrape` and
  /// `prometheus`, a target for `graphite`, a metric name for `statsd`, a JSON pointer for `http` and `command`.
  public enum Measure: Codable, Hashable, Sendable {
    /// Events among requests.
    case ratio(events: String, total: String)
    /// Latency or sizes; the quantiles are those of the siblings whose exceedance is compared.
    case histogram(name: String, quantiles: [Double])
    /// A level without counts.
    case gauge(String)
    /// Events per second.
    case rate(String)
    /// The instance's share of the traffic.
    case share(String)
  }

  public init(name: String, source: MetricSource, measure: Measure) {
    self.name = name
    self.source = source
    self.measure = measure
    worseWhen = .up
    tolerance = 0.1
    passMargin = nil
    limit = nil
    interval = .seconds(5)
    initialDelay = .zero
    weight = nil
    isCritical = false
    muted = false
    owner = nil
  }
}

extension CheckPolicy {
  /// Plans in older journals have `scrape` for `source`, and none of the keys that came later.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let older = try decoder.container(keyedBy: OlderKeys.self)
    self.init(
      name: try values.decode(String.self, forKey: .name),
      source: try older.decodeIfPresent(String.self, forKey: .scrape).map { .scrape($0) }
        ?? values.decode(MetricSource.self, forKey: .source),
      measure: try values.decode(Measure.self, forKey: .measure))
    worseWhen = try values.decodeIfPresent(Direction.self, forKey: .worseWhen) ?? worseWhen
    tolerance = try values.decode(Double.self, forKey: .tolerance)
    passMargin = try values.decodeIfPresent(Double.self, forKey: .passMargin)
    limit = try values.decodeIfPresent(Double.self, forKey: .limit)
    interval = try values.decode(TimeSpan.self, forKey: .interval)
    initialDelay = try values.decode(TimeSpan.self, forKey: .initialDelay)
    weight = try values.decodeIfPresent(Double.self, forKey: .weight)
    isCritical = try values.decodeIfPresent(Bool.self, forKey: .isCritical) ?? isCritical
    muted = try values.decode(Bool.self, forKey: .muted)
    owner = try values.decodeIfPresent(String.self, forKey: .owner)
  }

  private enum OlderKeys: String, CodingKey { case scrape }
}

extension CheckPolicy.Measure {
  /// Plans in older journals have a ratio's `bad` for `events`, and one `quantile`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func selector(_ key: CodingKeys) throws -> String? {
      guard values.contains(key) else { return nil }
      return try values.nestedContainer(keyedBy: Keys.self, forKey: key).decode(String.self, forKey: ._0)
    }
    if values.contains(.ratio) {
      let ratio = try values.nestedContainer(keyedBy: Keys.self, forKey: .ratio)
      self = .ratio(
        events: try ratio.decodeIfPresent(String.self, forKey: .bad) ?? ratio.decode(String.self, forKey: .events),
        total: try ratio.decode(String.self, forKey: .total))
    } else if values.contains(.histogram) {
      let histogram = try values.nestedContainer(keyedBy: Keys.self, forKey: .histogram)
      self = .histogram(
        name: try histogram.decode(String.self, forKey: .name),
        quantiles: try histogram.decodeIfPresent(Double.self, forKey: .quantile).map { [$0] }
          ?? histogram.decode([Double].self, forKey: .quantiles))
    } else if let name = try selector(.gauge) {
      self = .gauge(name)
    } else if let name = try selector(.rate) {
      self = .rate(name)
    } else if let name = try selector(.share) {
      self = .share(name)
    } else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no known measure"))
    }
  }

  private enum Keys: String, CodingKey { case events, bad, total, name, quantile, quantiles, _0 }
}

/// Where the numbers of a check come from.
public enum MetricSource: Codable, Hashable, Sendable {
  /// Prometheus exposition text on each instance; an address with `{host}`, `{id}` and labels.
  case scrape(String)
  case prometheus(PrometheusSource)
  case graphite(GraphiteSource)
  case statsd(StatsDSource)
  case command(CommandSource)
  /// A JSON document on each instance; an address with `{host}`, `{id}` and labels.
  case http(String)
}

/// The HTTP API of a Prometheus server. Instances are told apart by a label of the series.
public struct PrometheusSource: Codable, Hashable, Sendable {
  /// Base address, such as `http://prometheus.example.net:9090`.
  public var url: String
  /// Label that names the instance.
  public var label: String
  /// Value of that label for an instance, with `{host}`, `{id}` and labels.
  public var instance: String
  /// Name of an environment variable of the controller with a bearer token; nil for none.
  public var tokenVariable: String?
  public init(url: String, label: String = "instance", instance: String, tokenVariable: String? = nil) {
    self.url = url
    self.label = label
    self.instance = instance
    self.tokenVariable = tokenVariable
  }
}

/// The render API of a Graphite server. Targets name the instance with `{host}`, `{id}` or labels.
public struct GraphiteSource: Codable, Hashable, Sendable {
  public var url: String
  /// The targets count up for ever instead of giving each interval's count.
  public var isCumulative: Bool
  public init(url: String, isCumulative: Bool = false) {
    self.url = url
    self.isCumulative = isCumulative
  }
}

/// A UDP listener in the controller, for services that send StatsD lines.
public struct StatsDSource: Codable, Hashable, Sendable {
  /// `address:port` to listen on.
  public var listen: String
  /// Tag that names the instance by its id (or address); nil: metric names carry `{id}`, `{host}` or a label.
  public var tag: String?
  public init(listen: String, tag: String? = nil) {
    self.listen = listen
    self.tag = tag
  }
}

/// A program on the controller's machine that prints one JSON document: business metrics from an SQL client, say.
public struct CommandSource: Codable, Hashable, Sendable {
  /// argv, no shell, run in the policy file's directory. Pointers of the check carry `{id}`, `{host}` or a label.
  public var argv: [String]
  /// The policy file's directory, kept here because a rollout may be taken up from another one.
  public var directory: String?
  public var timeout: TimeSpan
  /// The numbers count up for ever instead of giving what is new since the last run.
  public var isCumulative: Bool
  public init(argv: [String], timeout: TimeSpan = .seconds(10), isCumulative: Bool = true) {
    self.argv = argv
    self.timeout = timeout
    self.isCumulative = isCumulative
  }
}
