import ChildProcesses
import Foundation
import TestKit

/// A real HAProxy in front of a fleet, `balance leastconn`, that watches /healthz itself.
enum Balancer {
  static let program: String? = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].first { access($0, X_OK) == 0 }

  /// Runs `body` with the port it serves.
  static func with(_ fleet: Fleet, _ body: (Int) async throws -> Void) async throws {
    let (process, port) = try await start(fleet)
    do {
      try await body(port)
    } catch {
      await stop(process)
      throw error
    }
    await stop(process)
  }

  private static func stop(_ process: ProcessSession) async {
    await process.terminate()
    _ = await process.end()
  }

  private static func start(_ fleet: Fleet) async throws -> (ProcessSession, Int) {
    guard let program else { throw FixtureFailure("no haproxy on this machine") }
    var said = ""
    for _ in 0..<5 {
      let port = try await FreePort.next()
      let file = try fleet.directory.file("haproxy.cfg", configuration(fleet, port: port))
      let process = try await ProcessSession.start(ProcessCommand([program, "-db", "-f", file])).get()
      let isUp = await eventually {
        if await isServing(port) { return true }
        return await process.hasEnded
      }
      if isUp, await !process.hasEnded { return (process, port) }
      await stop(process)
      said = String(decoding: await process.errorOutput, as: UTF8.self)
    }
    throw FixtureFailure("haproxy did not start: \(said)")
  }

  private static func configuration(_ fleet: Fleet, port: Int) -> String {
    var text = """
      defaults
        mode http
        timeout connect 2s
        timeout client 30s
        timeout server 10s
        option redispatch
        retries 2
      frontend shop
        bind 127.0.0.1:\(port)
        default_backend instances
      backend instances
        balance leastconn
        option httpchk GET /healthz
        default-server inter 200ms fall 2 rise 1 check

      """
    for instance in fleet.instances { text += "  server \(instance.name) 127.0.0.1:\(instance.port)\n" }
    return text
  }
}
