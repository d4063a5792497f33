import ChildProcesses
import Foundation
import Glibc
import TestKit

/// A service's process with the StatsD client of python3-statsd.
struct StatsDService {
  let process: ProcessSession

  init(port: Int, prefix: String) async throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "statsd_client.py")
    process = try await ProcessSession.start(
      ProcessCommand(["/usr/bin/python3", script.path(), "\(port)", prefix])
    ).get()
  }

  /// Returns when all are sent.
  func send(_ lines: [String]) async throws {
    for line in lines {
      guard await process.write(Array("\(line)\n".utf8)), await process.read() != nil else {
        throw FixtureFailure(String(decoding: await process.errorOutput, as: UTF8.self))
      }
    }
  }

  func die() async {
    kill(await process.processID, SIGKILL)
    _ = await process.end()
  }
}

/// Services `web0` and so on, started when they have something to send.
actor StatsDClients {
  private let port: Int
  private var services: [Int: StatsDService] = [:]

  init(port: Int) { self.port = port }

  func send(_ lines: [String], from instance: Int) async throws {
    var service = services[instance]
    if service == nil { service = try await StatsDService(port: port, prefix: "web\(instance)") }
    services[instance] = service
    try await service?.send(lines)
  }

  func die() async {
    for service in services.values { await service.die() }
    services = [:]
  }
}
