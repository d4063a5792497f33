import Crypto
import Foundation
import HostProtocol
import RolloutCore
import Testing

/// A shell that may run the script, and what it finds in PATH.
enum HostShell: String, CaseIterable, CustomTestStringConvertible {
  case dash, bash, busybox
  static let installed = allCases.filter { isInstalled($0.rawValue) }
  var testDescription: String { rawValue }
}

/// A service's directory on a host of its own, driven by real processes. Removed when it goes away.
final class TestHost {
  let shell: HostShell
  let root: String
  let directory: String
  var path: String
  /// Each rollout has an epoch of its own, as a journal gives them out.
  var rollout: RolloutID = "r-1" {
    didSet { if rollout != oldValue { epoch += 1 } }
  }
  var epoch: Int64 = 1
  private var step: Int64 = 0

  /// In memory where there is room: hundreds of syncs of a disk that others write to take minutes.
  static let place: String = {
    let free = try? FileManager.default.attributesOfFileSystem(forPath: "/dev/shm")[.systemFreeSize] as? Int
    return (free ?? 0) > 200_000_000 && FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
  }()

  init(_ shell: HostShell = .dash, within parent: String = TestHost.place) throws {
    self.shell = shell
    root = parent + "/canary-test-" + UUID().uuidString.prefix(8)
    directory = root + "/srv/check out"
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    try Data(HostScript.source).write(to: URL(fileURLWithPath: root + "/host.sh"))
    if shell == .busybox { try installBusybox() }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// PATH of nothing but busybox, and flock of util-linux where busybox was built without it.
  private func installBusybox() throws {
    path = root + "/bin"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try run(["busybox", "--install", "-s", path])
    if !exists("../bin/flock", in: path) {
      try FileManager.default.createSymbolicLink(atPath: path + "/flock", withDestinationPath: "/usr/bin/flock")
    }
  }

  var argv: [String] {
    switch shell {
    case .dash: ["dash"]
    case .bash: ["bash", "--posix"]
    case .busybox: [root + "/bin/sh"]
    }
  }

  func start(environment: [String: String] = [:]) throws -> Child {
    var variables = ["PATH": path, "HOME": root, "LC_ALL": "C.UTF-8"]
    variables.merge(environment) { $1 }
    return try Child(argv + [root + "/host.sh"], environment: variables)
  }

  /// One process, one request, one answer.
  func ask(_ request: HostRequest, body: [UInt8] = [], environment: [String: String] = [:]) throws -> HostResponse {
    let child = try start(environment: environment)
    child.feed(request.bytes + body)
    let responses = try Self.responses(in: child.finish().output)
    return try #require(responses.first)
  }

  static func responses(in output: [UInt8]) throws -> [HostResponse] {
    var stream = HostStream()
    return try stream.append(output).compactMap { if case .response(let response) = $0 { response } else { nil } }
  }

  // MARK: Commands

  func key(_ kind: StepKind, attempt: Int = 1) -> StepKey {
    StepKey(rollout: rollout, host: "web1", step: kind, attempt: attempt)
  }

  func command(_ kind: StepKind, attempt: Int = 1, _ action: HostCommand.Action) -> HostCommand {
    step += 1
    return HostCommand(
      key: key(kind, attempt: attempt), fence: Fence(epoch: epoch, step: step), service: "checkout",
      directory: directory, action: action)
  }

  func perform(_ command: HostCommand, body: [UInt8] = [], environment: [String: String] = [:]) throws -> Outcome {
    let request = try HostRequest.perform(command, artifactSize: Int64(body.count))
    return try ask(request, body: body, environment: environment).outcome
  }

  func staging(
    _ version: Version, _ artifact: [UInt8], attempt: Int = 1, keep: Int = 5, protect: [Version] = [],
    sharedDirectories: [String] = [], sharedFiles: [String] = []
  ) -> HostCommand {
    command(
      .stage, attempt: attempt,
      .stage(
        HostCommand.Staging(
          version: version, digest: sha256(artifact), artifact: "unused", sharedDirectories: sharedDirectories,
          sharedFiles: sharedFiles, keep: keep, protect: protect)))
  }

  func activation(_ version: Version, attempt: Int = 1, restart: [String], timeout: TimeSpan = .seconds(20))
    -> HostCommand
  {
    command(
      .activate, attempt: attempt,
      .activate(HostCommand.Activation(version: version, restart: restart, timeout: timeout)))
  }

  /// Stages and activates, each of which must succeed.
  func deploy(_ version: Version, keep: Int = 5, protect: [Version] = []) throws {
    rollout = RolloutID("deploy-\(version)")
    let artifact = try release(version)
    try #require(try perform(staging(version, artifact, keep: keep, protect: protect), body: artifact) == .succeeded)
    try #require(try perform(activation(version, restart: [])) == .succeeded)
  }

  func inspect(_ step: StepKey? = nil, fence: Fence? = nil, wait: TimeSpan = .zero) throws -> HostReport {
    try ask(.inspect(service: "checkout", directory: directory, step: step, fence: fence, wait: wait)).report()
  }

  // MARK: Files

  func exists(_ name: String, in place: String? = nil) -> Bool {
    FileManager.default.fileExists(atPath: (place ?? directory) + "/" + name)
  }

  func text(_ name: String) -> String? { try? String(contentsOfFile: directory + "/" + name, encoding: .utf8) }

  func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: directory + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func list(_ name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/" + name)) ?? []).sorted()
  }

  /// Every path below `root` but the ledger's, with its content or target: what a refused step must not change.
  func snapshot() throws -> String {
    let script = #"cd "$1" && find . -path '*/.canary' -prune -o -type f -exec cksum {} + -o -type l -exec ls -l {} +"#
    return String(decoding: try run(["sh", "-c", script, "sh", root]).output, as: UTF8.self)
  }
}

func sha256(_ bytes: [UInt8]) -> RolloutCore.Digest {
  RolloutCore.Digest(SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
}

/// An artifact that knows its version.
func release(_ version: Version) throws -> [UInt8] {
  try gzip(
    TarWriter.archive([
      .directory("./"), .directory("./bin"), .file("./bin/serve", "#!/bin/sh\necho \(version)\n", mode: 0o755),
      .file("./VERSION", "\(version)\n"), .link("./latest", to: "bin/serve"), .link("./bin/version", to: "../VERSION"),
      .file("./gr\u{fc}n"),
    ]))
}

extension Outcome {
  /// The detail of a failure; nil otherwise.
  var failure: String? { if case .failed(let detail) = self { detail } else { nil } }
}
