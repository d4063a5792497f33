import ChildProcesses
import Foundation
import TestKit
import Testing

/// Real instances of a real HTTP service on this machine: a directory, a port and (over ssh) an sshd each.
struct Fleet: Sendable {
  enum Reach: Sendable { case ssh, local }

  let directory: TemporaryDirectory
  let instances: [ServiceInstance]
  let sshds: [LoopbackSSHD]
  let canary: BuiltCanary

  /// Runs `body` with `count` empty instances; every process of theirs has ended when it returns.
  static func with(
    _ count: Int = 3, over reach: Reach = .ssh, _ body: (Fleet) async throws -> Void
  ) async throws {
    try await TemporaryDirectory.with { directory in
      var sshds: [LoopbackSSHD] = []
      var instances: [ServiceInstance] = []
      for number in 1...count {
        let home = try directory.directory("host\(number)")
        try directory.directory("host\(number)/srv/shared/run")
        let port = try await FreePort.next()
        try directory.file("host\(number)/srv/shared/.env", "PORT=\(port)\n")
        var sshPort: Int?
        if reach == .ssh {
          let place = try directory.subdirectory("sshd\(number)")
          let sshd = try await LoopbackSSHD.start(in: place, environment: ["HOME": home])
          sshds.append(sshd)
          sshPort = sshd.port
        }
        instances.append(
          ServiceInstance(name: "shop\(number)", port: port, sshPort: sshPort, directory: home + "/srv"))
      }
      let canary = BuiltCanary(directory: directory.path)
      let fleet = Fleet(directory: directory, instances: instances, sshds: sshds, canary: canary)
      do {
        try await body(fleet)
      } catch {
        await fleet.stop()
        throw error
      }
      await fleet.stop()
    }
  }

  private func stop() async {
    for instance in instances {
      if let pid = instance.servicePID { kill(pid, SIGKILL) }
    }
    for sshd in sshds { await sshd.stop() }
    // Controllers that a test left in the background name the state directory in their environment.
    for pid in processes(withEnvironment: "CANARY_STATE=\(directory.path)/state") { kill(pid, SIGKILL) }
  }

  // MARK: Files

  /// Writes the policy. `extra` lines replace defaults of the same key.
  func writePolicy(_ extra: [String: String] = [:], zones: [String] = []) throws {
    var keys: [(String, String)] = [
      ("canary", "{count: 1}"), ("burn_in", "{min: 300ms, max: 1m}"), ("waves", "[50%, 100%]"),
      ("max_unavailable", "1"), ("min_healthy_time", "200ms"), ("healthy_deadline", "60s"),
      ("progress_deadline", "5m"), ("on_fail", "rollback"),
    ]
    for (key, value) in extra.sorted(by: { $0.key < $1.key }) {
      keys.removeAll { $0.0 == key }
      keys.append((key, value))
    }
    var text = "service: shop\ninstances:\n"
    for (index, instance) in instances.enumerated() {
      let ssh = instance.sshPort.map { ", ssh_port: \($0)" } ?? ""
      let zone = zones.isEmpty ? "" : ", zone: \(zones[index % zones.count])"
      text += "  - {host: \(instance.name), address: 127.0.0.1\(ssh)\(zone), directory: \(instance.directory), "
      text += "labels: {port: \"\(instance.port)\"}}\n"
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
        shared: {dirs: [run], files: [.env]}
        restart: [./restart]
      probes:
        - http: http://{host}:{port}/healthz
          interval: 100ms
          timeout: 5s
          rise: 2
          fall: 3
          expect: {status: 200, version: /version}

      """
    for (key, value) in keys { text += "\(key): \(value)\n" }
    try directory.file("canary.yaml", text)
  }

  /// Lines of shell that every restart of the instance reads first.
  func append(environment lines: [String], of instance: Int) throws {
    let path = instances[instance].directory + "/shared/.env"
    let text = (contents(of: path) ?? "") + lines.map { $0 + "\n" }.joined()
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// Packs a release. `says` is the version its service answers with; `sickAfter` seconds of health; `onHost` limits
  /// the sickness to one instance's port; `restart` goes in front of the restart script; `traits` are what the
  /// demo's service knows of speed and errors; `teller` replaces that service and finds it as `shop.py`.
  func pack(
    _ version: String, says: String? = nil, sickAfter: Double? = nil, onlyOn instance: Int? = nil,
    restart: String = "", traits: [String: Double] = [:], teller: String? = nil
  ) async throws {
    var release = "{\"version\": \"\(says ?? version)\""
    if let sickAfter { release += ", \"sick_after\": \(sickAfter)" }
    for (name, value) in traits.sorted(by: { $0.key < $1.key }) { release += ", \"\(name)\": \(value)" }
    release += "}\n"
    var script = "#!/bin/sh\nset -eu\n. ./.env\necho '\(version)' >>run/restarts\n"
    if let instance {
      let sick = "{\"version\": \"\(version)\", \"sick_after\": 0}"
      script += "if [ \"$PORT\" = \(instances[instance].port) ]; then echo '\(sick)' >release.json; fi\n"
    }
    script += restart + "\nexec ./restart-service\n"
    let name = "shop-\(version)"
    let built = try await Artifact.build(
      name,
      [
        .init("service.py", teller ?? Self.service), .init("shop.py", Self.service), .init("release.json", release),
        .init("restart", script, executable: true), .init("restart-service", Self.restart, executable: true),
      ], in: directory)
    try directory.directory("dist")
    try FileManager.default.moveItem(atPath: built.path, toPath: directory.path("dist/\(name).tar.gz"))
  }

  /// One service, with its restart and its customers, serves the demo and these tests.
  static let demo = ExampleSystemTests.root.appendingPathComponent("Sources/CanaryCommands/Demo").path
  private static let service = contents(of: demo + "/demo-service.py") ?? ""
  private static let restart = contents(of: demo + "/demo-restart.sh") ?? ""

  // MARK: What is true on the hosts

  /// Versions that `current` names, in the order of the instances.
  var versions: [String?] { instances.map(\.currentVersion) }

  /// Restarts of each instance, in order, by the version whose script ran.
  var restarts: [[String]] { instances.map(\.restarts) }

  /// Deploys a first version to every instance, under the quick policy. A test writes its own after it.
  func deploy(_ version: String, teller: String? = nil) async throws {
    try writePolicy()
    try await pack(version, teller: teller)
    let ended = try await canary("start", "shop@\(version)")
    try #require(ended.status == .exited(0), "\(ended)")
  }
}

struct ServiceInstance: Sendable {
  var name: String
  var port: Int
  var sshPort: Int?
  var directory: String

  var currentVersion: String? {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: directory + "/current") else {
      return nil
    }
    return target.split(separator: "/").last.map(String.init)
  }

  var restarts: [String] {
    (contents(of: directory + "/shared/run/restarts") ?? "").split(separator: "\n").map(String.init)
  }

  var servicePID: Int32? {
    contents(of: directory + "/shared/run/pid").flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// A pipe that the restart command reads before it goes on, where a release's script says `cat run/gate`.
  func makeGate() throws {
    guard mkfifo(directory + "/shared/run/gate", 0o600) == 0 else { throw FixtureFailure("mkfifo: errno \(errno)") }
  }

  /// Lets one waiting restart go on. True when one was waiting.
  func openGate() async -> Bool {
    await eventually {
      let descriptor = open(directory + "/shared/run/gate", O_WRONLY | O_NONBLOCK)
      guard descriptor >= 0 else { return false }
      close(descriptor)
      return true
    }
  }
}
