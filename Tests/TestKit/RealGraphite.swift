import FoundationEssentials
import Glibc

/// A real Graphite on free loopback ports: carbon-cache, which takes and stores numbers, and graphite-web, which
/// answers for them. Buckets are of one second.
public actor RealGraphite {
  public nonisolated let port: Int
  public nonisolated var url: String { "http://127.0.0.1:\(port)" }
  /// Where carbon takes its line protocol.
  public nonisolated let linePort: Int
  private let picklePort: Int
  private let queryPort: Int
  private let directory: TemporaryDirectory
  private var carbon: ServerProcess?
  private var web: ServerProcess?

  /// Debian's own interpreter: graphite-web is a package of it, and of no other that may stand before it on the PATH.
  private static let python = "/usr/bin/python3"
  private static let carbonProgram = "/usr/bin/carbon-cache"

  public static var isInstalled: Bool {
    access(carbonProgram, X_OK) == 0 && access("/usr/bin/graphite-manage", X_OK) == 0
  }

  /// Runs `body` with a new Graphite, which has ended when this returns or throws.
  public static func with<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (RealGraphite) async throws -> Result
  ) async throws -> Result {
    guard isInstalled else {
      throw FixtureFailure("no Graphite on this machine; install graphite-web and graphite-carbon")
    }
    return try await TemporaryDirectory.with { directory in
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

  /// On other ports where somebody took one of the first meanwhile.
  private static func started(in directory: TemporaryDirectory) async throws -> RealGraphite {
    for _ in 0..<4 {
      var ports: [Int] = []
      while ports.count < 4 { ports.append(try await FreePort.next()) }
      let server = try RealGraphite(directory: directory, ports: ports)
      do {
        try await server.start()
        return server
      } catch let failure as FixtureFailure where failure.description.contains("in use") {
        await server.kill()
      }
    }
    throw FixtureFailure("Graphite found no free ports")
  }

  private init(directory: TemporaryDirectory, ports: [Int]) throws {
    (port, linePort, picklePort, queryPort) = (ports[0], ports[1], ports[2], ports[3])
    self.directory = directory
    for name in ["whisper", "log", "conf", "settings"] { try directory.directory(name) }
    try directory.file("conf/carbon.conf", Self.carbonConfiguration(directory, linePort, picklePort, queryPort))
    try directory.file("conf/storage-schemas.conf", "[all]\npattern = .*\nretentions = 1s:1h\n")
    try directory.file(
      "conf/storage-aggregation.conf", "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = sum\n")
    try directory.file("settings/canary_test_settings.py", Self.webConfiguration(directory, queryPort))
    try directory.file("serve.py", Self.webServer)
  }

  /// Starts both, or starts them again on the same ports and store.
  public func start() async throws {
    // One that was killed cannot remove it.
    unlink(directory.path("carbon.pid"))
    let carbon = try await ServerProcess.start(
      [
        Self.carbonProgram, "--config=\(directory.path("conf/carbon.conf"))",
        "--pidfile=\(directory.path("carbon.pid"))", "--nodaemon", "start",
      ], environment: ["PYTHONWARNINGS": "ignore"])
    self.carbon = carbon
    guard await carbon.says("starting on \(queryPort)"), await carbon.says("starting on \(picklePort)") else {
      throw FixtureFailure("carbon-cache did not start: \(await carbon.log.text)")
    }
    let web = try await ServerProcess.start(
      [Self.python, directory.path("serve.py"), "\(port)"],
      environment: [
        "PYTHONPATH": directory.path("settings"), "DJANGO_SETTINGS_MODULE": "graphite.settings",
        "GRAPHITE_SETTINGS_MODULE": "canary_test_settings", "PYTHONDONTWRITEBYTECODE": "1",
      ])
    self.web = web
    guard await web.says("ready") else {
      throw FixtureFailure("graphite-web did not start: \(await web.log.text)")
    }
  }

  /// Ends both at once, as a crash would; what carbon had written stays.
  public func kill() async {
    await web?.kill()
    await carbon?.kill()
    (web, carbon) = (nil, nil)
  }

  /// Sends numbers as services do, in carbon's line protocol. `at` in seconds since 1970.
  public func send(_ points: [(path: String, value: Double, at: Int64)]) throws {
    let text = points.map { "\($0.path) \($0.value) \($0.at)\n" }.joined()
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(fd) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(linePort).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, size) == 0 }
    }
    let sent = isConnected ? Array(text.utf8).withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, 0) } : -1
    guard sent == text.utf8.count else { throw FixtureFailure("carbon took \(sent) of \(text.utf8.count) bytes") }
  }

  private static func carbonConfiguration(
    _ directory: TemporaryDirectory, _ line: Int, _ pickle: Int, _ query: Int
  ) -> String {
    """
    [cache]
    STORAGE_DIR = \(directory.path)
    LOCAL_DATA_DIR = \(directory.path("whisper"))
    CONF_DIR = \(directory.path("conf"))
    LOG_DIR = \(directory.path("log"))
    PID_DIR = \(directory.path)
    ENABLE_LOGROTATION = False
    USER =
    MAX_CREATES_PER_MINUTE = inf
    MAX_UPDATES_PER_SECOND = inf
    LINE_RECEIVER_INTERFACE = 127.0.0.1
    LINE_RECEIVER_PORT = \(line)
    PICKLE_RECEIVER_INTERFACE = 127.0.0.1
    PICKLE_RECEIVER_PORT = \(pickle)
    CACHE_QUERY_INTERFACE = 127.0.0.1
    CACHE_QUERY_PORT = \(query)
    MIN_TIMESTAMP_RESOLUTION = 1

    """
  }

  private static func webConfiguration(_ directory: TemporaryDirectory, _ query: Int) -> String {
    """
    SECRET_KEY = "canary-test"
    ALLOWED_HOSTS = ["*"]
    TIME_ZONE = "UTC"
    LOG_ROTATION = False
    LOG_DIR = "\(directory.path("log"))"
    STORAGE_DIR = "\(directory.path)"
    WHISPER_DIR = "\(directory.path("whisper"))"
    CONF_DIR = "\(directory.path("conf"))"
    INDEX_FILE = "\(directory.path("index"))"
    CARBONLINK_HOSTS = ["127.0.0.1:\(query)"]
    FUNCTION_PLUGINS = []
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "\(directory.path("graphite.db"))"}}

    """
  }

  /// graphite-web as a WSGI application in the server of Python's library.
  private static let webServer = """
    import sys
    from wsgiref.simple_server import make_server
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application())
    print("ready", flush=True)
    server.serve_forever()

    """
}
