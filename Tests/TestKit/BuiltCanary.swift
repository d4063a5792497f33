public import ChildProcesses
import Foundation
import Glibc

/// The built binary, run as a person or CI would, in a directory and with a state of its own.
public struct BuiltCanary: Sendable {
  public var directory: String
  public var environment: [String: String?]
  /// What it is started through, such as a program that gives it another host name.
  public var launcher: [String] = []

  public init(directory: String, environment: [String: String?] = [:]) {
    self.directory = directory
    self.environment = environment
  }

  /// Beside the test bundle, where the build puts it; `CANARY_BINARY` names another.
  public static let binary: String = {
    if let path = ProcessInfo.processInfo.environment["CANARY_BINARY"] { return path }
    let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return bundle.deletingLastPathComponent().appendingPathComponent("canary").path
  }()

  private func command(_ arguments: [String]) -> ProcessCommand {
    var all: [String: String?] = [
      "CANARY_STATE": directory + "/state", "CANARY_USER": "tester", "NO_COLOR": nil, "TERM": "dumb",
      "GITHUB_ACTIONS": nil, "CI": nil,
    ]
    for (name, value) in environment { all[name] = value }
    return ProcessCommand(launcher + [Self.binary] + arguments, environment: all, workingDirectory: directory)
  }

  /// Runs it to its end.
  public func callAsFunction(_ arguments: String..., timeout: Duration = .seconds(120)) async throws -> Ended {
    try await run(arguments, timeout: timeout)
  }

  public func run(_ arguments: [String], timeout: Duration = .seconds(120)) async throws -> Ended {
    let result = try await ChildProcess.run(command(arguments), timeout: timeout, outputLimit: 1 << 20).get()
    return Ended(
      status: result.status, output: String(decoding: result.output, as: UTF8.self),
      errors: String(decoding: result.errorOutput, as: UTF8.self))
  }

  public struct Ended: Sendable, CustomStringConvertible {
    public var status: ProcessStatus
    public var output: String
    public var errors: String
    public var description: String { "\(status)\n\(output)\n\(errors)" }
  }

  /// Starts it with its output as JSON lines and goes on.
  public func begin(_ arguments: String...) async throws -> Running { try await begin(arguments) }

  public func begin(_ arguments: [String]) async throws -> Running {
    let process = try await ProcessSession.start(command(arguments + ["--output", "jsonl"])).get()
    let log = LineLog()
    Task.detached {
      while let piece = await process.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
      await log.end()
    }
    return Running(process: process, log: log)
  }

  public struct Running: Sendable {
    public let process: ProcessSession
    public let log: LineLog

    /// Waits until an event of this name was recorded so often. Throws with all it said when it ended before.
    public func reached(_ event: String, times: Int = 1) async throws {
      if await log.contains("\"event\":\"\(event)\"", times: times) { return }
      throw FixtureFailure("\(event) was not reached \(times) times: \(await ended())")
    }

    public func kill() async {
      Glibc.kill(await process.processID, SIGKILL)
      _ = await process.end()
    }

    public func interrupt() async -> Ended {
      Glibc.kill(await process.processID, SIGINT)
      return await ended()
    }

    /// Waits for its end.
    public func ended() async -> Ended {
      let status = await process.end() ?? .signaled(0)
      return Ended(
        status: status, output: await log.text, errors: String(decoding: await process.errorOutput, as: UTF8.self))
    }
  }
}
