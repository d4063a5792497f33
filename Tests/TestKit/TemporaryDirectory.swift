import FoundationEssentials
import Glibc

/// What a fixture could not do.
public struct FixtureFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// A directory of a test's own, removed with all it holds when the body ends.
public struct TemporaryDirectory: Sendable {
  public let path: String

  /// The path is short enough for a socket in it, where `parent` is.
  public static func with<Result>(
    within parent: String = "/tmp", isolation: isolated (any Actor)? = #isolation,
    _ body: (TemporaryDirectory) async throws -> Result
  ) async throws -> Result {
    let directory = try TemporaryDirectory(within: parent)
    defer { try? FileManager.default.removeItem(atPath: directory.path) }
    return try await body(directory)
  }

  private init(within parent: String) throws {
    var pattern = Array("\(parent)/canary-test-XXXXXX".utf8CString)
    let made = pattern.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let start = buffer.baseAddress, let made = mkdtemp(start) else { return nil }
      return String(cString: made)
    }
    guard let made else { throw FixtureFailure("no temporary directory: errno \(errno)") }
    path = made
  }

  public func path(_ name: String) -> String { path + "/" + name }

  /// A directory in it as one of these; it is removed with this one.
  public func subdirectory(_ name: String) throws -> TemporaryDirectory {
    TemporaryDirectory(existing: try directory(name))
  }

  private init(existing path: String) { self.path = path }

  /// A new directory in it.
  @discardableResult
  public func directory(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    return path(name)
  }

  /// A new file in it, executable for its owner if asked for.
  @discardableResult
  public func file(_ name: String, _ text: String, executable: Bool = false) throws -> String {
    try file(name, Array(text.utf8), executable: executable)
  }

  @discardableResult
  public func file(_ name: String, _ bytes: [UInt8], executable: Bool = false) throws -> String {
    let target = path(name)
    if let slash = target.lastIndex(of: "/") {
      try FileManager.default.createDirectory(atPath: String(target[..<slash]), withIntermediateDirectories: true)
    }
    try Data(bytes).write(to: URL(filePath: target))
    if chmod(target, executable ? 0o755 : 0o644) != 0 { throw FixtureFailure("chmod \(target): errno \(errno)") }
    return target
  }
}

/// The contents of a file, repaired where they are not UTF-8; nil when it is not there.
public func contents(of path: String) -> String? {
  guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
  return String(decoding: data, as: UTF8.self)
}
