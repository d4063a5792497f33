import ChildProcesses
import Foundation
import Glibc
import TestKit

/// Two instances of a service, a web server that answers for them, and the built binary: what one cell after another
/// takes place in. Every cell begins with the same bytes on the disk.
public struct Arena: Sendable {
  public enum Reach: String, Sendable { case local, ssh }

  public let reach: Reach
  let directory: TemporaryDirectory
  let hosts: [ArenaHost]
  let sshds: [LoopbackSSHD]
  private let port: Int
  private let web: ProcessSession
  /// The compiled `faults.c`.
  let faults: String

  static let count = 2
  public static let hasSSH = LoopbackSSHD.program != nil

  /// In memory where there is room: a cell makes hundreds of syncs, and what is lost here is a process, not the power.
  static let place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

  /// Runs `body` in a new arena, with version 1.0 on every host. Every process of it has ended when this returns.
  public static func with<Result: Sendable>(
    _ reach: Reach = .local, _ body: @Sendable (Arena) async throws -> Result
  ) async throws -> Result {
    try await TemporaryDirectory.with(within: place) { directory in
      let arena = try await Arena(reach, in: directory)
      let result: Swift.Result<Result, any Error>
      do {
        try await arena.prepare()
        result = .success(try await body(arena))
      } catch { result = .failure(error) }
      await arena.stop()
      return try result.get()
    }
  }

  private init(_ reach: Reach, in directory: TemporaryDirectory) async throws {
    (self.reach, self.directory) = (reach, directory)
    faults = directory.path("faults.so")
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("faults.c").path
    let compile = "exec \"$(command -v clang || command -v cc)\" -O1 -fPIC -shared -o \"$1\" \"$2\" -ldl"
    try await runOrThrow(["sh", "-c", compile, "sh", faults, source])
    hosts = (1...Self.count).map { ArenaHost(name: "shop\($0)", directory: directory.path("host\($0)/srv")) }
    for host in hosts { try directory.directory("\(host.home)/srv/shared/run") }
    var sshds: [LoopbackSSHD] = []
    if reach == .ssh {
      for host in hosts {
        let place = try directory.subdirectory("sshd-\(host.home)")
        // What is to fail on a host is written there by each cell.
        let environment = ["HOME": directory.path(host.home), "CANARY_ARENA": directory.path]
        sshds.append(try await LoopbackSSHD.start(in: place, environment: environment))
      }
    }
    self.sshds = sshds
    port = try await FreePort.next()
    let command = ["busybox", "httpd", "-f", "-p", "127.0.0.1:\(port)", "-h", directory.path]
    web = try await ProcessSession.start(ProcessCommand(command)).get()
  }

  private func prepare() async throws {
    try await pack("0.9")
    try await pack("1.0")
    try await pack("2.0")
    try await pack("3.0")
    // Where nothing is current there is no hook to run. An older release is there to be pruned.
    try writePolicy(hooks: false)
    for version in ["0.9", "1.0"] {
      let first = try await canary().run(["start", "shop@\(version)"])
      guard first.status == .exited(0) else { throw FixtureFailure("the first version: \(first)") }
    }
    for host in hosts { try host.write("1.0\n", to: "shared/run/restarts") }
    _ = await eventually { isQuiet }
    try await runOrThrow(["sh", "-c", "mkdir template && cp -a host* state template/"], in: directory.path)
  }

  private func stop() async {
    killAll()
    try? await unmount()
    await web.terminate()
    _ = await web.end()
    for sshd in sshds { await sshd.stop() }
  }

  /// Directories that a cell may put a small file system in place of.
  var mountPoints: [String] { [state, hosts[0].directory] }

  /// Puts a file system of `size` in place of a directory, with what is in it.
  func mount(_ size: String, at path: String) async throws {
    let script = "cp -a \"$1\" \"$1.copy\" && mount -t tmpfs -o size=$2 tmpfs \"$1\" && cp -a \"$1.copy/.\" \"$1/\""
    try await runOrThrow(["sh", "-c", script, "sh", path, size], in: directory.path)
  }

  private func unmount() async throws {
    let mounts = contents(of: "/proc/self/mounts") ?? ""
    for path in mountPoints where mounts.contains(" \(path) ") {
      try await runOrThrow(["umount", "-l", path], in: directory.path)
    }
  }

  // MARK: Cells

  /// Puts the disk back to where every cell begins.
  func reset() async throws {
    killAll()
    try await unmount()
    let script = """
      rm -rf host* state scratch && cp -a template/host* template/state . && mkdir scratch
      """
    try await runOrThrow(["sh", "-c", script], in: directory.path)
    try writePolicy()
  }

  /// The binary, with `faults` in its environment.
  func canary(_ faults: [String: String?] = [:]) -> BuiltCanary {
    var environment: [String: String?] = ["CANARY_ARENA": directory.path, "HOME": directory.path("host1")]
    for (name, value) in faults { environment[name] = value }
    return BuiltCanary(directory: directory.path, environment: environment)
  }

  var state: String { directory.path("state") }
  var journal: String { state + "/canary.db" }
  func scratch(_ name: String) -> String { directory.path("scratch/" + name) }

  /// Processes that a cell started, but those of sshd itself.
  var left: [Int32] { processes(withEnvironment: "CANARY_ARENA=\(directory.path)") }
  var isQuiet: Bool { left.allSatisfy { !isRunning($0) } }

  private func killAll() {
    for pid in left { kill(pid, SIGKILL) }
  }

  // MARK: Files

  /// `extra` lines replace defaults of the same key.
  func writePolicy(_ extra: [String: String] = [:], hooks: Bool = true) throws {
    var keys = [
      "canary": "{count: 1}", "burn_in": "{min: 60ms, max: 1m}", "waves": "[100%]", "max_unavailable": "1",
      "min_healthy_time": "20ms", "healthy_deadline": "20s", "progress_deadline": "1m", "on_fail": "rollback",
    ]
    for (key, value) in extra { keys[key] = value }
    var text = "service: shop\ninstances:\n"
    for (index, host) in hosts.enumerated() {
      let ssh = sshds.isEmpty ? "" : ", ssh_port: \(sshds[index].port)"
      text += "  - {host: \(host.name), address: 127.0.0.1\(ssh), directory: \(host.directory), "
      text += "labels: {port: \"\(port)\", home: \(host.home)}}\n"
    }
    if sshds.isEmpty {
      text += "transport: {local: {}}\n"
    } else {
      let config = try LoopbackSSHD.writeClientConfiguration(for: sshds, in: directory)
      text += "transport: {ssh: {config: \(config)}}\n"
    }
    text += """
      release:
        artifact: dist/shop-{version}.tar.gz
        directory: /srv/shop
        shared: {dirs: [run]}
        restart: [./restart]
        keep: 2
      \(hooks ? "  drain: [./hook, drain]\n  undrain: [./hook, undrain]" : "")
      probes:
        - http: http://{host}:{port}/{home}/srv/shared/run/version
          interval: 100ms
          timeout: 100ms
          rise: 1
          fall: 3
          expect: {status: 200, version: "/{home}/srv/shared/run/version"}

      """
    for (key, value) in keys.sorted(by: { $0.key < $1.key }) { text += "\(key): \(value)\n" }
    try directory.file("canary.yaml", text)
  }

  /// A release whose restart command keeps a log, and makes the web server name its version.
  private func pack(_ version: String) async throws {
    let entries = ArenaHost.files(of: version).map { Artifact.Entry($0.key, $0.value, executable: $0.key != "release") }
    let built = try await Artifact.build("shop-\(version)", entries.sorted { $0.name < $1.name }, in: directory)
    try directory.directory("dist")
    try FileManager.default.moveItem(atPath: built.path, toPath: directory.path("dist/shop-\(version).tar.gz"))
  }
}

/// Runs a program in a directory to its end.
func runOrThrow(_ argv: [String], in directory: String) async throws {
  let command = ProcessCommand(argv, workingDirectory: directory)
  let result = try await ChildProcess.run(command, timeout: .seconds(60)).get()
  guard result.status.isSuccess else {
    throw FixtureFailure("\(argv): \(result.status): \(String(decoding: result.errorOutput, as: UTF8.self))")
  }
}
