/// Asks one instance whether it is healthy.
public struct ProbePolicy: Codable, Hashable, Sendable {
  public var name: String
  public var target: Target
  public var interval: TimeSpan
  public var timeout: TimeSpan
  /// Consecutive good answers that make the instance healthy.
  public var rise: Int
  /// Consecutive bad answers that make it unhealthy.
  public var fall: Int

  public enum Target: Codable, Hashable, Sendable {
    case http(HTTPProbe)
    /// `host:port`, templates allowed.
    case tcp(String)
    /// argv run on the instance's host; good when it exits 0.
    case command([String])
  }

  public init(
    name: String, target: Target, interval: TimeSpan = .seconds(2), timeout: TimeSpan = .seconds(1), rise: Int = 3,
    fall: Int = 2
  ) {
    self.name = name
    self.target = target
    self.interval = interval
    self.timeout = timeout
    self.rise = rise
    self.fall = fall
  }
}

/// An HTTP(S) GET to one of the policy's hosts. Redirects are not followed.
public struct HTTPProbe: Codable, Hashable, Sendable {
  /// With `{host}` and labels.
  public var url: String
  public var headers: [Header]
  public var expect: Expectation

  public struct Header: Codable, Hashable, Sendable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public struct Expectation: Codable, Hashable, Sendable {
    /// Accepted status codes. Default: 200.
    public var status: [Int]
    /// Text the body must contain.
    public var body: String?
    /// RFC 6901 pointer into a JSON body and the text of the value there.
    public var json: [JSONExpectation]
    public var headers: [Header]
    public var version: VersionSource?
    public init(
      status: [Int] = [200], body: String? = nil, json: [JSONExpectation] = [], headers: [Header] = [],
      version: VersionSource? = nil
    ) {
      self.status = status
      self.body = body
      self.json = json
      self.headers = headers
      self.version = version
    }
  }

  public struct JSONExpectation: Codable, Hashable, Sendable {
    public var pointer: String
    public var equals: String
    public init(pointer: String, equals: String) {
      self.pointer = pointer
      self.equals = equals
    }
  }

  /// Where the answer names the version that gave it.
  public enum VersionSource: Codable, Hashable, Sendable {
    /// The whole body, trimmed.
    case body
    /// RFC 6901 pointer into a JSON body.
    case pointer(String)
    /// A response header's value.
    case header(String)
    /// Another path on the same origin, whose trimmed body is the version (or JSON with a `version` member).
    case path(String)
  }

  public init(url: String, headers: [Header] = [], expect: Expectation = Expectation()) {
    self.url = url
    self.headers = headers
    self.expect = expect
  }
}

/// One metric of the immune system.
public struct CheckPolicy: Codable, Hashable, Sendable {
  public var name: String
  /// Address of a Prometheus exposition text on each instance, templates allowed.
  public var scrape: String
  public var measure: Measure
  /// Relative worsening against the siblings that is tolerated: 0.1 is 10 %.
  public var tolerance: Double
  /// Absolute bound whatever the siblings do. A ratio for `ratio`, the metric's own unit elsewhere.
  public var limit: Double?
  public var interval: TimeSpan
  /// Time after the update in which this check is not judged.
  public var initialDelay: TimeSpan
  /// Measured and shown, never acted on.
  public var muted: Bool

  public enum Measure: Codable, Hashable, Sendable {
    /// Events among requests: two counters, each a series selector as Prometheus writes it.
    case ratio(bad: String, total: String)
    /// Share of requests slower than the siblings' quantile, from a histogram.
    case histogram(name: String, quantile: Double)
    /// A gauge; needs `limit`.
    case gauge(String)
  }

  public init(name: String, scrape: String, measure: Measure) {
    self.name = name
    self.scrape = scrape
    self.measure = measure
    tolerance = 0.1
    limit = nil
    interval = .seconds(5)
    initialDelay = .zero
    muted = false
  }
}
