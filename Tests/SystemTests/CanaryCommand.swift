import ChildProcesses
import Foundation
import TestKit

/// The built binary, run as a person or CI would, in a directory and with a state of its own.
struct CanaryCommand: Sendable {
  var directory: String
  var environment: [String: String?] = [:]

  /// Beside the test bundle, where the build puts it; `CANARY_BINARY` names another.
  static let binary: String = {
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
    return ProcessCommand([Self.binary] + arguments, environment: all, workingDirectory: directory)
  }

  /// Runs it to its end.
  func callAsFunction(_ arguments: String..., timeout: Duration = .seconds(120)) async throws -> Ended {
    try await run(arguments, timeout: timeout)
  }

  func run(_ arguments: [String], timeout: Duration = .seconds(120)) async throws -> Ended {
    let result = try await ChildProcess.run(command(arguments), timeout: timeout, outputLimit: 1 << 20).get()
    return Ended(
      status: result.status, output: String(decoding: result.output, as: UTF8.self),
      errors: String(decoding: result.errorOutput, as: UTF8.self))
  }

  struct Ended: Sendable, CustomStringConvertible {
    var status: ProcessStatus
    var output: String
    var errors: String
    var description: String { "\(status)\n\(output)\n\(errors)" }
  }

  /// Starts it with its output as JSON lines and goes on.
  func begin(_ arguments: String...) async throws -> Running {
    let process = try await ProcessSession.start(command(arguments + ["--output", "jsonl"])).get()
    let log = LineLog()
    Task.detached {
      while let piece = await process.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
      await log.end()
    }
    return Running(process: process, log: log)
  }

  struct Running: Sendable {
    let process: ProcessSession
    let log: LineLog

    /// Waits until an event of this name was recorded so often. Throws with all it said when it ended before.
    func reached(_ event: String, times: Int = 1) async throws {
      if await log.contains("\"event\":\"\(event)\"", times: times) { return }
      throw FixtureFailure("\(event) was not reached \(times) times: \(await ended())")
    }

    func kill() async {
      Glibc.kill(await process.processID, SIGKILL)
      _ = await process.end()
    }

    func interrupt() async -> Ended {
      Glibc.kill(await process.processID, SIGINT)
      return await ended()
    }

    /// Waits for its end.
    func ended() async -> Ended {
      let status = await process.end() ?? .signaled(0)
      return Ended(
        status: status, output: await log.text, errors: String(decoding: await process.errorOutput, as: UTF8.self))
    }
  }
}
