/// A name that must not be mixed up with another kind of name. Encoded as a plain string.
public protocol Identifier: Hashable, Comparable, Codable, Sendable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  var text: String { get }
  init(_ text: String)
}

extension Identifier {
  public var description: String { text }
  public init(stringLiteral value: String) { self.init(value) }
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// One attempt to move a service's instances to a release.
public struct RolloutID: Identifier {
  public let text: String
  public init(_ text: String) { self.text = text }
}

/// An instance of the service, named as the policy names its host. Unique within a plan.
public struct HostID: Identifier {
  public let text: String
  public init(_ text: String) { self.text = text }
}

/// A release's version. Always text: `1.10` and `1.1` are different versions.
public struct Version: Identifier {
  public let text: String
  public init(_ text: String) { self.text = text }
}

/// SHA-256 of an artifact or a document, 64 lower-case hexadecimal digits.
public struct Digest: Identifier {
  public let text: String
  public init(_ text: String) { self.text = text }
}
