public import CurlClient
public import RolloutCore

/// An address of one instance, from a policy's template. Only the instance's own host is ever spoken to, whatever
/// labels and templates say: otherwise a policy could aim requests at other machines.
public struct InstanceAddress: Hashable, Sendable {
  public let url: CurlURL

  public enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(address: String, detail: String)
    case otherHost(address: String, expected: String)
    /// A `host:port` without port, or with more than that.
    case notHostAndPort(address: String)
    /// The path of a version assertion must begin with `/`.
    case path(String)

    public var description: String {
      switch self {
      case .unreadable(let address, let detail): "\(address): \(detail)"
      case .otherHost(let address, let expected):
        "\(address): only the instance's own host \(expected) may be asked; write {host} there"
      case .notHostAndPort(let address): "\(address): not host:port"
      case .path(let path): "version path \(path): must begin with /"
      }
    }
  }

  /// An http or https address.
  public init(expanding template: String, for instance: Instance) throws(Refusal) {
    let text = instance.expanding(template)
    do { url = try CurlURL(text) } catch {
      throw .unreadable(address: Phrase.address(text), detail: error.description)
    }
    guard let own = Self.host(of: instance), url.host == own else {
      throw .otherHost(address: Phrase.address(url), expected: Phrase.clean(instance.address))
    }
  }

  /// `host:port`.
  public init(endpoint template: String, for instance: Instance) throws(Refusal) {
    let text = instance.expanding(template)
    try self.init(expanding: "http://" + template, for: instance)
    // What remains beside host and port would be silently ignored.
    guard url.path == "/", url.query == nil, !text.contains("/"), !text.contains("?"), !text.contains("#"),
      text.hasSuffix(":\(url.port)")
    else { throw .notHostAndPort(address: Phrase.address(text)) }
  }

  /// Another path on the same scheme, host and port.
  public func sibling(path: String) throws(Refusal) -> InstanceAddress {
    guard path.hasPrefix("/") else { throw .path(Phrase.address(path)) }
    do { return InstanceAddress(url: try CurlURL(url.origin + path)) } catch {
      throw .unreadable(address: Phrase.address(path), detail: error.description)
    }
  }

  private init(url: CurlURL) { self.url = url }

  private static func host(of instance: Instance) -> String? {
    let isIPv6 = instance.address.contains(":") && !instance.address.hasPrefix("[")
    return try? CurlURL("http://" + (isIPv6 ? "[\(instance.address)]" : instance.address) + "/").host
  }
}
