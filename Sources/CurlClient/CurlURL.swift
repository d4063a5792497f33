internal import CCurl

/// An http or https address, read by the same parser that later connects: what was checked is what is used.
public struct CurlURL: Hashable, Sendable, CustomStringConvertible {
  /// Normalised, without fragment.
  public let text: String
  public let scheme: String
  /// As normalised: lower case, numbers of an IPv4 address in dotted form, IPv6 in brackets.
  public let host: String
  public let port: Int
  /// Starts with `/`.
  public let path: String
  public let query: String?

  /// Why a text is not taken.
  public enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(String)
    case scheme(String)
    /// A user or password before the host: it makes one host look like another.
    case userInfo

    public var description: String {
      switch self {
      case .malformed(let detail): "not an address: \(detail)"
      case .scheme(let scheme): "scheme \(scheme) is not http or https"
      case .userInfo: "a user name before the host is not allowed"
      }
    }
  }

  public init(_ text: String) throws(Refusal) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw .malformed("blanks or control characters")
    }
    guard let handle = curl_url() else { throw .malformed("out of memory") }
    defer { curl_url_cleanup(handle) }
    // Host names with underscores are common inside; a missing scheme is a mistake here, never guessed.
    let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER)
    let code = curl_url_set(handle, CURLUPART_URL, text, flags)
    if code == CURLUE_USER_NOT_ALLOWED { throw .userInfo }
    guard code == CURLUE_OK else { throw .malformed(String(cString: curl_url_strerror(code))) }
    let scheme = Self.part(handle, CURLUPART_SCHEME) ?? ""
    guard scheme == "http" || scheme == "https" else { throw .scheme(scheme) }
    guard Self.part(handle, CURLUPART_USER) == nil, Self.part(handle, CURLUPART_PASSWORD) == nil else {
      throw .userInfo
    }
    guard Self.part(handle, CURLUPART_ZONEID) == nil else { throw .malformed("IPv6 zone") }
    guard let host = Self.part(handle, CURLUPART_HOST), !host.isEmpty,
      let port = Self.part(handle, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap(Int.init)
    else { throw .malformed("no host or port") }
    curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
    self.scheme = scheme
    self.host = host.lowercased()
    self.port = port
    path = Self.part(handle, CURLUPART_PATH) ?? "/"
    query = Self.part(handle, CURLUPART_QUERY)
    self.text = Self.part(handle, CURLUPART_URL) ?? text
  }

  /// Scheme, host and port.
  public var origin: String { "\(scheme)://\(host):\(port)" }
  public var description: String { text }

  private static func part(_ handle: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    guard curl_url_get(handle, part, &value, flags) == CURLUE_OK, let value else { return nil }
    defer { curl_free(value) }
    return String(cString: value)
  }
}
