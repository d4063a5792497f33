import ChildProcesses
import FoundationEssentials
import Glibc
public import RolloutCore

/// A real sshd on 127.0.0.1 for one test: keys, configuration and known_hosts of its own, run as the user we are.
public final class LoopbackSSHD: Sendable {
  public let port: Int
  public let directory: TemporaryDirectory
  /// Everything sshd logs.
  public let log: LineLog
  private let process: ProcessSession

  /// Where sshd is, nil when it is not installed.
  public static let program: String? = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"].first {
    (path: String) in access(path, X_OK) == 0
  }

  /// Runs `body` with a new sshd, which has ended when this returns or throws. `environment` is what sessions get on
  /// top of the usual; a `HOME` there keeps the real home directory out of the test. `configuration`: further lines of
  /// sshd_config.
  public static func with<Result>(
    environment: [String: String] = [:], configuration: [String] = [],
    isolation: isolated (any Actor)? = #isolation, _ body: (LoopbackSSHD) async throws -> Result
  ) async throws -> Result {
    try await TemporaryDirectory.with { directory in
      let sshd = try await start(in: directory, environment: environment, configuration: configuration)
      do {
        let result = try await body(sshd)
        await sshd.stop()
        return result
      } catch {
        await sshd.stop()
        throw error
      }
    }
  }

  /// A new sshd whose files are in `directory`. To be ended with `stop`.
  public static func start(
    in directory: TemporaryDirectory, environment: [String: String] = [:], configuration: [String] = []
  ) async throws -> LoopbackSSHD {
    guard let program else { throw FixtureFailure("no sshd on this machine; install openssh-server") }
    if getuid() == 0 { mkdir("/run/sshd", 0o755) }
    try await makeKey(directory.path("id"))
    try await makeKey(directory.path("host_key"))
    try directory.file("authorized_keys", contents(of: directory.path("id.pub")) ?? "")
    for _ in 0..<5 {
      let port = try await FreePort.next()
      try directory.file(
        "sshd_config", serverConfiguration(port, directory, environment, configuration).joined(separator: "\n") + "\n")
      let command = [program, "-D", "-e", "-f", directory.path("sshd_config")]
      let process = try await ProcessSession.start(
        ProcessCommand(["sh", "-c", #"exec "$@" 2>&1"#, "sh"] + command)
      ).get()
      let log = LineLog()
      Task.detached {
        while let piece = await process.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
        await log.end()
      }
      if await log.contains("Server listening on") {
        let sshd = LoopbackSSHD(port: port, directory: directory, log: log, process: process)
        try sshd.writeClientFiles()
        return sshd
      }
      await process.terminate()
      let said = await log.text
      guard said.contains("in use") else { throw FixtureFailure("sshd did not start: \(said)") }
    }
    throw FixtureFailure("sshd found no free port")
  }

  private init(port: Int, directory: TemporaryDirectory, log: LineLog, process: ProcessSession) {
    (self.port, self.directory, self.log, self.process) = (port, directory, log, process)
  }

  /// Ends it and every connection, and waits for that. Remote commands see the end of their input.
  public func stop() async {
    // While it lives its connections can be found.
    await killConnections()
    await process.terminate()
    _ = await process.end()
  }

  // MARK: The client's side

  /// Reaches this sshd, and only it.
  public var policy: SSHPolicy { SSHPolicy(port: port, configFile: directory.path("ssh_config")) }

  /// As `known_hosts` names it, with its key as it is on disk now.
  public var knownHostsLine: String {
    let words = (contents(of: directory.path("host_key.pub")) ?? "").split(separator: " ")
    return "[127.0.0.1]:\(port) " + words.prefix(2).joined(separator: " ")
  }

  /// A client configuration that reaches every one of `servers`, by port, written into `directory`.
  public static func writeClientConfiguration(for servers: [LoopbackSSHD], in directory: TemporaryDirectory) throws
    -> String
  {
    try directory.file("known_hosts", servers.map { $0.knownHostsLine + "\n" }.joined())
    var lines = ["Host *"] + servers.map { "IdentityFile \($0.directory.path("id"))" }
    lines += [
      "IdentitiesOnly yes", "IdentityAgent none", "User \(userName)",
      "UserKnownHostsFile \(directory.path("known_hosts"))", "GlobalKnownHostsFile /dev/null",
      "KexAlgorithms curve25519-sha256",
    ]
    return try directory.file("ssh_config", lines.joined(separator: "\n") + "\n")
  }

  private func writeClientFiles() throws {
    _ = try Self.writeClientConfiguration(for: [self], in: directory)
  }

  // MARK: Trouble on purpose

  /// Connections that were let in so far.
  public var acceptedConnections: Int { get async { await log.count(of: "Accepted publickey") } }

  /// Kills the processes of every open connection, as a lost network would look from both ends. What they had started
  /// goes on.
  public func killConnections() async {
    let listener = await process.processID
    for pid in descendants(of: listener) where processName(pid) == "sshd" || processName(pid) == "sshd-session" {
      kill(pid, SIGKILL)
    }
  }

  /// Gives it another host key, as a host that was set up anew or an impostor has. The client still knows the old one.
  public func rotateHostKey() async throws {
    for name in ["host_key", "host_key.pub"] { unlink(directory.path(name)) }
    try await Self.makeKey(directory.path("host_key"))
    let before = await log.count(of: "Server listening on")
    kill(await process.processID, SIGHUP)
    guard await log.contains("Server listening on", times: before + 1) else {
      throw FixtureFailure("sshd did not restart with another key: \(await log.text)")
    }
  }

  // MARK: Files

  private static func makeKey(_ path: String) async throws {
    try await runOrThrow(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "canary-test", "-f", path])
  }

  private static func serverConfiguration(
    _ port: Int, _ directory: TemporaryDirectory, _ environment: [String: String], _ more: [String]
  ) -> [String] {
    // For each keyword sshd takes the first line it meets.
    var lines = more
    lines += [
      "ListenAddress 127.0.0.1:\(port)", "HostKey \(directory.path("host_key"))", "PidFile none",
      "AuthorizedKeysFile \(directory.path("authorized_keys"))", "StrictModes no", "UsePAM no",
      "PasswordAuthentication no", "PermitRootLogin yes", "MaxStartups 500:30:500", "MaxAuthTries 100",
      "PrintMotd no", "LogLevel INFO",
    ]
    if !environment.isEmpty {
      let pairs = environment.sorted { $0.key < $1.key }.map { "\"\($0.key)=\($0.value)\"" }
      lines.append("SetEnv " + pairs.joined(separator: " "))
    }
    return lines
  }

  private static let userName: String = {
    guard let entry = getpwuid(getuid()) else { return "root" }
    return String(cString: entry.pointee.pw_name)
  }()
}
