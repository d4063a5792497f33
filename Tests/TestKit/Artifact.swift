import ChildProcesses
import Crypto
import FoundationEssentials
public import RolloutCore

/// A release as it is built: a `.tar.gz` with its digest.
public struct Artifact: Sendable {
  public let path: String
  public let digest: RolloutCore.Digest

  public struct Entry: Sendable {
    public var name: String
    public var contents: [UInt8]
    public var isExecutable: Bool
    public init(_ name: String, _ text: String, executable: Bool = false) {
      self.init(name, Array(text.utf8), executable: executable)
    }
    public init(_ name: String, _ contents: [UInt8], executable: Bool = false) {
      self.name = name
      self.contents = contents
      isExecutable = executable
    }
  }

  /// Packs `entries` with `tar` into `<name>.tar.gz` of `directory`.
  public static func build(
    _ name: String, _ entries: [Entry], in directory: TemporaryDirectory
  ) async throws -> Artifact {
    let tree = try directory.directory(name + ".tree")
    for entry in entries {
      try directory.file("\(name).tree/\(entry.name)", entry.contents, executable: entry.isExecutable)
    }
    let path = directory.path(name + ".tar.gz")
    try await runOrThrow(["tar", "-czf", path, "-C", tree, "."])
    return Artifact(path: path, digest: try sha256(ofFile: path))
  }

  public init(path: String, digest: RolloutCore.Digest) {
    self.path = path
    self.digest = digest
  }
}

public func sha256(ofFile path: String) throws -> RolloutCore.Digest {
  let digest = SHA256.hash(data: try Data(contentsOf: URL(filePath: path)))
  return RolloutCore.Digest(
    digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined())
}

/// Runs a program to its end and gives its standard output; throws what it said when it does not exit with 0.
@discardableResult
public func runOrThrow(
  _ argv: [String], environment: [String: String?] = [:], timeout: Duration = .seconds(60)
) async throws -> String {
  let result = try await ChildProcess.run(ProcessCommand(argv, environment: environment), timeout: timeout).get()
  guard result.status.isSuccess else {
    throw FixtureFailure("\(argv): \(result.status): \(String(decoding: result.errorOutput, as: UTF8.self))")
  }
  return String(decoding: result.output, as: UTF8.self)
}
