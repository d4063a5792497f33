internal import Glibc

/// Where to listen, from `address:port`: `127.0.0.1:8125`, `0.0.0.0:8125`, `[::1]:8125`, `[::]:8125`, and `localhost`
/// for the first. Other names are not looked up: a lookup may take long, and may answer another machine's address.
struct ListenAddress: Hashable, Sendable {
  /// As `address:port`, the same for `localhost` and its address.
  let text: String
  let host: String
  let port: UInt16
  let isIPv6: Bool

  struct Refusal: Error, Hashable, Sendable, CustomStringConvertible { var description: String }

  init(_ text: String) throws(Refusal) {
    let shown = Phrase.clean(text)
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw Refusal(description: "\(shown): not address:port, such as 127.0.0.1:8125")
    }
    guard port > 0 else { throw Refusal(description: "\(shown): port 0 is none that a service could send to") }
    var host = String(text[..<colon])
    isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
    if isIPv6 { host = String(host.dropFirst().dropLast()) }
    if host == "localhost" { host = "127.0.0.1" }
    var bytes = in6_addr()
    guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, host, &bytes) == 1 else {
      throw Refusal(
        description: "\(shown): not an address of this machine in digits, such as 127.0.0.1:8125 or [::]:8125")
    }
    self.text = isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    self.host = host
    self.port = port
  }

  func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    return withUnsafeMutablePointer(to: &storage) { pointer in
      let raw = UnsafeMutableRawPointer(pointer)
      if isIPv6 {
        let address = raw.assumingMemoryBound(to: sockaddr_in6.self)
        address.pointee.sin6_family = sa_family_t(AF_INET6)
        address.pointee.sin6_port = port.bigEndian
        inet_pton(AF_INET6, host, &address.pointee.sin6_addr)
      } else {
        let address = raw.assumingMemoryBound(to: sockaddr_in.self)
        address.pointee.sin_family = sa_family_t(AF_INET)
        address.pointee.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.pointee.sin_addr)
      }
      return body(UnsafePointer(raw.assumingMemoryBound(to: sockaddr.self)), socklen_t(length))
    }
  }
}
