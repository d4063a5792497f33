import FoundationEssentials
import Glibc
import RolloutCore
import RolloutEngine
import Synchronization
import TestKit
import Testing
import Transports

/// The transports that the contract is tested on.
enum Kind: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case local, ssh
  var testDescription: String { rawValue }

  /// Without sshd only the local one; `sshdIsHere` says so.
  static var available: [Kind] { LoopbackSSHD.program == nil ? [.local] : [.local, .ssh] }
}

/// One host for one test: a home and a service directory of its own, and a transport that reaches it.
struct Bench: Sendable {
  let transport: any Transport
  let instance: Instance
  let root: TemporaryDirectory
  let sshd: LoopbackSSHD?
  private let held = OpenDescriptors()

  var home: String { root.path("home") }
  var directory: String { root.path("srv") }

  static func with(_ kind: Kind, _ body: @Sendable (Bench) async throws -> Void) async throws {
    try await TemporaryDirectory.with { root in
      let home = try root.directory("home")
      // Wrappers that stand still while a file says so.
      try root.file("home/bin/tar", Self.gate("tar"), executable: true)
      let environment = ["HOME": home, "PATH": "\(home)/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
      switch kind {
      case .local:
        let transport = LocalTransport(environment: environment)
        try await Self(transport, Instance(id: "web1"), root, nil).run(body)
      case .ssh:
        try await LoopbackSSHD.with(environment: environment) { sshd in
          let transport = SSHTransport(policy: sshd.policy)
          let instance = Instance(id: "web1", address: "127.0.0.1")
          try await Self(transport, instance, root, sshd).run(body)
        }
      }
    }
  }

  private init(_ transport: any Transport, _ instance: Instance, _ root: TemporaryDirectory, _ sshd: LoopbackSSHD?) {
    (self.transport, self.instance, self.root, self.sshd) = (transport, instance, root, sshd)
  }

  private func run(_ body: @Sendable (Bench) async throws -> Void) async throws {
    do { try await body(self) } catch {
      await transport.close()
      killLeftovers()
      throw error
    }
    await transport.close()
    let isClean = await eventually { leftovers.isEmpty }
    #expect(isClean, "left running: \(leftovers.map { commandLine(of: $0) })")
    killLeftovers()
  }

  private var leftovers: [Int32] { processes(withEnvironment: "HOME=\(home)").filter { isRunning($0) } }
  private func killLeftovers() { for pid in leftovers { kill(pid, SIGKILL) } }

  // MARK: Holding a step in the middle

  /// A program that, while `$HOME/hold-NAME` exists, says `$HOME/held-NAME` and waits for a line in `$HOME/go-NAME`.
  private static func gate(_ name: String) -> String {
    """
    #!/bin/sh
    if [ -e "$HOME/hold-\(name)" ]; then : >"$HOME/held-\(name)"; read -r line <"$HOME/go-\(name)"; fi
    exec /bin/\(name) "$@"
    """
  }

  /// A command that stands still until `release` and then says so in `$HOME/done`.
  var heldCommand: [String] {
    ["sh", "-c", ": >$HOME/held-command; read -r line <$HOME/go-command; echo done >>$HOME/done"]
  }

  func hold(_ name: String) throws {
    try root.file("home/hold-\(name)", "")
    guard mkfifo(root.path("home/go-\(name)"), 0o600) == 0 else { throw FixtureFailure("mkfifo: errno \(errno)") }
  }

  func isHeld(_ name: String) async -> Bool {
    await eventually { contents(of: root.path("home/held-\(name)")) != nil }
  }

  func release(_ name: String) throws {
    unlink(root.path("home/hold-\(name)"))
    // Both ways, so that opening does not wait for a reader that may be gone.
    let descriptor = open(root.path("home/go-\(name)"), O_RDWR | O_CLOEXEC)
    guard descriptor >= 0, write(descriptor, "go\n", 3) == 3 else { throw FixtureFailure("go: errno \(errno)") }
    // A pipe forgets its bytes with its last descriptor, so it stays open until the reader has surely opened it: the
    // script answers only after that.
    held.keep(descriptor)
  }

  /// The scripts that run on the host now.
  var scripts: [Int32] {
    processes(withEnvironment: "HOME=\(home)").filter { isRunning($0) && isScript(commandLine(of: $0)) }
  }

  private func isScript(_ line: String) -> Bool { line.hasPrefix("sh \(home)/.canary/host-") }

  /// kill -9 of the helper, as the out-of-memory killer does it.
  func killScripts() -> Int {
    let found = scripts
    for pid in found { kill(pid, SIGKILL) }
    return found.count
  }

  // MARK: Requests

  func key(_ step: StepKind, attempt: Int = 1) -> StepKey {
    StepKey(rollout: "r1", host: instance.id, step: step, attempt: attempt)
  }

  func command(_ action: HostCommand.Action, key: StepKey, fence: Fence) -> HostCommand {
    HostCommand(key: key, fence: fence, service: "checkout", directory: directory, action: action)
  }

  func stage(_ artifact: Artifact, version: Version = "1.0", attempt: Int = 1, fence: Fence = Fence(epoch: 1, step: 1))
    async -> Outcome
  {
    let staging = HostCommand.Staging(
      version: version, digest: artifact.digest, artifact: artifact.path, sharedDirectories: [], sharedFiles: [],
      keep: 3, protect: [])
    return await transport.perform(
      command(.stage(staging), key: key(.stage, attempt: attempt), fence: fence), on: instance)
  }

  func activate(
    _ restart: [String], version: Version = "1.0", attempt: Int = 1, timeout: TimeSpan = .seconds(60),
    fence: Fence = Fence(epoch: 1, step: 2)
  ) async -> Outcome {
    let activation = HostCommand.Activation(version: version, restart: restart, timeout: timeout)
    return await transport.perform(
      command(.activate(activation), key: key(.activate, attempt: attempt), fence: fence), on: instance)
  }

  func run(_ argv: [String], fence: Fence = Fence(epoch: 1, step: 3), attempt: Int = 1) async -> Outcome {
    await transport.perform(
      command(.run(argv: argv, timeout: .seconds(60)), key: key(.drain, attempt: attempt), fence: fence), on: instance)
  }

  func inspect(_ step: StepKey? = nil, fence: Fence? = nil) async throws -> HostReport {
    try await transport.inspect(instance, service: "checkout", directory: directory, step: step, fence: fence).get()
  }

  func artifact(_ name: String = "release", text: String = "hello\n") async throws -> Artifact {
    let entries: [Artifact.Entry] = [.init("app.txt", text), .init("bin/start", "#!/bin/sh\n", executable: true)]
    return try await Artifact.build(name, entries, in: root)
  }

  func check(_ argv: [String], timeout: TimeSpan = .seconds(30)) async throws -> CommandResult {
    try await transport.check(argv, timeout: timeout, on: instance).get()
  }

  /// Stages the release 1.0.
  func prepare() async throws {
    let outcome = await stage(try await artifact())
    guard outcome == .succeeded else { throw FixtureFailure("not staged: \(outcome)") }
  }

  /// Appends a line to a file of this name on every call.
  func counting(_ name: String) -> [String] { ["sh", "-c", "echo x >>\(root.path(name))"] }
  func count(_ name: String) -> Int { (contents(of: root.path(name)) ?? "").split(separator: "\n").count }
}

/// Descriptors that are closed with their owner.
private final class OpenDescriptors: Sendable {
  private let descriptors = Mutex<[Int32]>([])
  func keep(_ descriptor: Int32) { descriptors.withLock { $0.append(descriptor) } }
  deinit { for descriptor in descriptors.withLock({ $0 }) { close(descriptor) } }
}
