import ChildProcesses
import FoundationEssentials
import Glibc

/// A real Prometheus server on a free loopback port, with a configuration and a store of its own.
public actor RealPrometheus {
  /// One thing it scrapes.
  public struct Target: Hashable, Sendable {
    /// `host:port`.
    public var address: String
    public var path: String
    /// Labels of its series; `instance` is the address unless it is among them.
    public var labels: [String: String]
    public init(_ address: String, path: String = "/metrics", labels: [String: String] = [:]) {
      (self.address, self.path, self.labels) = (address, path, labels)
    }
  }

  public nonisolated let port: Int
  public nonisolated var url: String { "http://127.0.0.1:\(port)" }
  private let directory: TemporaryDirectory
  private var process: ServerProcess?

  /// Where it is, nil when it is not installed.
  public static let program: String? = ["/usr/bin/prometheus", "/usr/local/bin/prometheus"].first {
    (path: String) in access(path, X_OK) == 0
  }

  /// Runs `body` with a new server that scrapes `targets` every second. It has ended when this returns or throws.
  public static func with<Result>(
    scraping targets: [Target], isolation: isolated (any Actor)? = #isolation,
    _ body: (RealPrometheus) async throws -> Result
  ) async throws -> Result {
    try await TemporaryDirectory.with { directory in
      try directory.file("prometheus.yml", configuration(targets))
      let server = try await started(in: directory)
      do {
        let result = try await body(server)
        await server.kill()
        return result
      } catch {
        await server.kill()
        throw error
      }
    }
  }

  /// On another port where somebody took the first one meanwhile.
  private static func started(in directory: TemporaryDirectory) async throws -> RealPrometheus {
    for _ in 0..<4 {
      let server = RealPrometheus(port: try await FreePort.next(), directory: directory)
      do {
        try await server.start()
        return server
      } catch let failure as FixtureFailure where failure.description.contains("in use") {
        await server.kill()
      }
    }
    throw FixtureFailure("prometheus found no free port")
  }

  private init(port: Int, directory: TemporaryDirectory) { (self.port, self.directory) = (port, directory) }

  /// Starts it, or starts it again on the same port and store.
  public func start() async throws {
    guard let program = Self.program else { throw FixtureFailure("no prometheus on this machine; install prometheus") }
    let process = try await ServerProcess.start([
      program, "--config.file=\(directory.path("prometheus.yml"))", "--storage.tsdb.path=\(directory.path("data"))",
      "--web.listen-address=127.0.0.1:\(port)", "--storage.tsdb.retention.time=1d", "--log.level=info",
    ])
    self.process = process
    guard await process.says("Server is ready to receive web requests") else {
      throw FixtureFailure("prometheus did not start: \(await process.log.text)")
    }
  }

  /// Ends it at once, as a crash would; what it had stored stays.
  public func kill() async {
    await process?.kill()
    process = nil
  }

  private static func configuration(_ targets: [Target]) -> String {
    var lines = ["global: {scrape_interval: 1s, scrape_timeout: 1s}", "scrape_configs:", "- job_name: canary-test"]
    lines.append("  static_configs:")
    for target in targets {
      var labels = target.labels
      labels["__metrics_path__"] = target.path
      let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key): '\($0.value)'" }
      lines.append("  - targets: ['\(target.address)']")
      lines.append("    labels: {\(pairs.joined(separator: ", "))}")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
