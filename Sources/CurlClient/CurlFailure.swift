/// Why there is no answer. `description` is a phrase for people; details come from the library, never from the peer's
/// bytes.
public enum CurlFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name has no address, or the lookup gave none in time.
  case resolve(host: String)
  case refused
  /// No connection for another reason, such as no route.
  case unreachable(detail: String)
  case timedOut(milliseconds: Int)
  /// No TLS connection: an untrusted or expired certificate, another name in it, no common version.
  case tls(detail: String)
  /// The body is longer than `maxBody` bytes, or the headers than 64 KiB.
  case tooLarge(limit: Int)
  /// Not HTTP, or cut off.
  case malformed(detail: String)
  /// The calling task was cancelled.
  case cancelled
  /// The request or this process cannot do it: a missing CA file, no file descriptors left.
  case unusable(detail: String)

  public var description: String {
    switch self {
    case .resolve(let host): "no address for \(host)"
    case .refused: "connection refused"
    case .unreachable(let detail): "no connection: \(detail)"
    case .timedOut(let milliseconds): "no answer within \(Self.span(milliseconds))"
    case .tls(let detail): "no TLS connection: \(detail)"
    case .tooLarge(let limit): "answer longer than \(limit) bytes"
    case .malformed(let detail): "not a whole HTTP answer: \(detail)"
    case .cancelled: "cancelled"
    case .unusable(let detail): detail
    }
  }

  private static func span(_ milliseconds: Int) -> String {
    milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
