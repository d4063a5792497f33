/// Gives a policy the files that it includes. Reading policies touches no file by itself.
public struct IncludeReader: Sendable {
  /// Is handed a path as the policy has it: relative to the policy, not empty, without `/` or `-` in front.
  public var read: @Sendable (String) -> Result<IncludedFile, IncludeRefusal>

  public init(_ read: @escaping @Sendable (String) -> Result<IncludedFile, IncludeRefusal>) { self.read = read }

  /// For documents that come from no file.
  public static let none = Self { _ in .failure(.unreadable("this policy comes from no file, so that it includes none"))
  }
}

public struct IncludedFile: Hashable, Sendable {
  /// As diagnostics name it. The same for two includes of one file.
  public var path: String
  public var bytes: [UInt8]
  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

public enum IncludeRefusal: Error, Hashable, Sendable {
  /// The path leads out of the directory that is named.
  case outside(String)
  /// With the system's words, such as `no such file or directory`.
  case unreadable(String)
}
