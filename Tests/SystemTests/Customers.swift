import ChildProcesses
import Foundation
import TestKit

/// The demo's load generator at work, and what it has seen.
struct Customers: Sendable {
  private let process: ProcessSession
  private let log: LineLog

  /// Runs `body` while requests arrive at `rate` a second, spread over `ports` in turn. They flow when it begins.
  static func with(rate: Int, _ ports: [Int], _ body: (Customers) async throws -> Void) async throws {
    let argv = ["python3", Fleet.demo + "/demo-load.py", "\(rate)"] + ports.map { "\($0)" }
    let process = try await ProcessSession.start(ProcessCommand(argv)).get()
    let log = LineLog()
    Task.detached {
      while let piece = await process.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
      await log.end()
    }
    let customers = Customers(process: process, log: log)
    do {
      guard await log.contains("\"answers\"") else {
        throw FixtureFailure("no load: \(String(decoding: await process.errorOutput, as: UTF8.self))")
      }
      try await body(customers)
    } catch {
      await customers.stop()
      throw error
    }
    await customers.stop()
  }

  private func stop() async {
    await process.terminate()
    _ = await process.end()
  }

  /// Everything seen up to now, at most a second old.
  func seen() async throws -> Report {
    let lines = await log.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard let last = lines.last else { throw FixtureFailure("the load generator has said nothing") }
    return try JSONDecoder().decode(Report.self, from: Data(last.utf8))
  }

  struct Report: Decodable, Sendable {
    var sent: Int
    /// Requests that ended in an error or without an answer.
    var failed: Int
    var refused: Int
    var releases: [String: Seen]
  }

  /// Answers of one release. Times in seconds, of the good answers.
  struct Seen: Decodable, Sendable {
    var answers = 0
    var failed = 0
    var seconds = 0.0
    var p50 = 0.0
    var p99 = 0.0

    var mean: Double { seconds / Double(max(1, answers - failed)) }

    /// What came after `earlier`; the quantiles are those of the whole.
    func since(_ earlier: Seen) -> Seen {
      Seen(
        answers: answers - earlier.answers, failed: failed - earlier.failed, seconds: seconds - earlier.seconds,
        p50: p50, p99: p99)
    }
  }
}
