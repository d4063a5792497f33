/// One HTTP(S) request. Redirects are never followed and the environment's proxies never used: the host named here is
/// the only one that is spoken to.
public struct CurlRequest: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable {
    case get = "GET"
    case head = "HEAD"
    /// Sends `body`.
    case post = "POST"
  }

  public var method: Method
  public var url: CurlURL
  public var headers: [CurlHeader]
  /// From the call to the last byte, in milliseconds.
  public var timeout: Int
  /// Name lookup, connection and TLS handshake, in milliseconds.
  public var connectTimeout: Int
  /// Bytes of body accepted.
  public var maxBody: Int
  /// PEM bundle to trust instead of the system's.
  public var caFile: String?
  /// Sent with `post` only, as `application/x-www-form-urlencoded` unless a header says otherwise.
  public var body: [UInt8] = []
  /// False opens a connection for this request alone, so that the answer shows that the server accepts new ones.
  public var reusesConnections: Bool

  public init(
    _ url: CurlURL, method: Method = .get, headers: [CurlHeader] = [], timeout: Int = 10_000,
    connectTimeout: Int = 5_000, maxBody: Int = 1 << 20, caFile: String? = nil, reusesConnections: Bool = true
  ) {
    self.url = url
    self.method = method
    self.headers = headers
    self.timeout = timeout
    self.connectTimeout = connectTimeout
    self.maxBody = maxBody
    self.caFile = caFile
    self.reusesConnections = reusesConnections
  }
}

public struct CurlHeader: Hashable, Sendable {
  public var name: String
  public var value: String
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// A complete answer.
public struct CurlResponse: Hashable, Sendable {
  public var status: Int
  /// In order of arrival, values trimmed.
  public var headers: [CurlHeader]
  public var body: [UInt8]

  public init(status: Int, headers: [CurlHeader], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, whatever its case.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// The body as text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: body, as: UTF8.self) }
}
