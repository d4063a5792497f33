internal import Foundation
internal import Glibc

/// A real HTTP server in a process of its own (`server.py`), on free loopback ports. It dies with this value, and with
/// the test process whatever happens to that.
public final class LoopbackServer: @unchecked Sendable {
  public struct Answer: Encodable, Sendable {
    public var status: Int
    public var headers: [String: String]
    public var body: String
    public init(status: Int = 200, headers: [String: String] = [:], body: String = "") {
      self.status = status
      self.headers = headers
      self.body = body
    }
  }

  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  public let port: Int
  public let tlsPort: Int
  public let caFile: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let lock = NSLock()
  private var buffer: [UInt8] = []

  private struct Hello: Decodable {
    var port: Int
    var tls: Int?
    var ca: String?
  }
  private struct Count: Decodable {
    var count: Int
    var headers: [String: String]?
    var body: String?
  }
  private struct SetCommand: Encodable {
    var set: String
    var answers: [Answer]
  }

  public init(port wanted: Int? = nil, tls: Bool = false) throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("server.py")
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script.path] + (wanted.map { ["\($0)"] } ?? []) + (tls ? ["--tls"] : [])
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var pending: [UInt8] = []
    let line = try Self.line(from: output.fileHandleForReading.fileDescriptor, &pending)
    let hello = try JSONDecoder().decode(Hello.self, from: Data(line))
    buffer = pending
    port = hello.port
    tlsPort = hello.tls ?? 0
    caFile = hello.ca ?? ""
  }

  deinit { stop() }

  /// Ends the process and everything it serves.
  public func stop() {
    guard process.isRunning else { return }
    try? input.fileHandleForWriting.close()
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    // A killed server cannot remove its certificate.
    if !caFile.isEmpty {
      try? FileManager.default.removeItem(at: URL(fileURLWithPath: caFile).deletingLastPathComponent())
    }
  }

  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// What `path` answers from now on; the last answer repeats.
  public func set(_ path: String, _ answers: [Answer]) throws {
    _ = try command(JSONEncoder().encode(SetCommand(set: path, answers: answers)))
  }

  /// Requests seen for `path`.
  public func count(_ path: String) throws -> Int {
    let reply = try command(JSONEncoder().encode(["count": path]))
    return try JSONDecoder().decode(Count.self, from: Data(reply)).count
  }

  /// Headers, by lower-case name, and body of the last request for `path`; nil when there was none.
  public func lastRequest(_ path: String) throws -> (headers: [String: String], body: String)? {
    let reply = try command(JSONEncoder().encode(["count": path]))
    let seen = try JSONDecoder().decode(Count.self, from: Data(reply))
    return seen.headers.map { ($0, seen.body ?? "") }
  }

  private func command(_ json: Data) throws -> [UInt8] {
    try lock.withLock {
      try input.fileHandleForWriting.write(contentsOf: json + [UInt8(ascii: "\n")])
      return try Self.line(from: output.fileHandleForReading.fileDescriptor, &buffer)
    }
  }

  private static func line(from fd: Int32, _ buffer: inout [UInt8]) throws -> [UInt8] {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer.removeFirst(end + 1) }
        return Array(buffer[..<end])
      }
      var wait = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 60_000) == 1 else { throw Failure(description: "the test server does not answer") }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(fd, &chunk, chunk.count)
      guard count > 0 else { throw Failure(description: "the test server ended") }
      buffer += chunk[..<count]
    }
  }
}

/// True as soon as `condition` holds, false when it did not within a minute.
public func eventually(_ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(60)
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    await Task.yield()
  }
  return true
}

/// A loopback port that nobody listens on: bound once, and free again.
public func unusedPort() -> Int {
  let (fd, port) = boundSocket()
  close(fd)
  return port
}

/// Accepts connections in the kernel's queue and never answers one.
public final class SilentListener: Sendable {
  public let port: Int
  private let fd: Int32

  public init() throws {
    (fd, port) = boundSocket()
    guard listen(fd, 16) == 0 else { throw LoopbackServer.Failure(description: "no port to listen on") }
  }

  deinit { close(fd) }
}

private func boundSocket() -> (fd: Int32, port: Int) {
  let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
      bind(fd, plain, length)
      getsockname(fd, plain, &length)
    }
    return (fd, Int(UInt16(bigEndian: pointer.pointee.sin_port)))
  }
}
