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
