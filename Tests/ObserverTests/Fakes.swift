import Foundation
import Observers
import RolloutCore
import RolloutEngine

/// A clock that jumps to whatever is waited for: waits cost nothing and happen in the order they are asked for.
final class JumpingClock: WallClock {
  private let time = Guarded(Timestamp(milliseconds: 1_000_000))

  func now() -> Timestamp { time.with { $0 } }
  func uptime() -> TimeSpan { now() - Timestamp(milliseconds: 0) }
  func sleep(until deadline: Timestamp) async throws {
    try Task.checkCancellation()
    await Task.yield()
    time.with { $0 = max($0, deadline) }
  }
}

final class Guarded<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value
  init(_ value: Value) { self.value = value }
  func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    try lock.withLock { try body(&value) }
  }
}

/// Suspends until the calling task is cancelled.
func untilCancelled() async {
  for await _ in AsyncStream<Never>(unfolding: nil) {}
}

extension AsyncStream where Element == Never {
  fileprivate init(unfolding: Never?) { self.init { _ in } }
}

/// Answers command probes from a list, then says so once and answers no more. Anything else is unexpected.
final class ScriptedTransport: Transport {
  struct Script {
    var answers: [Result<CommandResult, Unreachable>]
    var asked: [[String]] = []
    var underWay = 0
    var mostUnderWay = 0
  }

  let script: Guarded<Script>
  let exhausted: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  init(_ answers: [Result<CommandResult, Unreachable>]) {
    script = Guarded(Script(answers: answers))
    (exhausted, signal) = AsyncStream.makeStream()
  }

  convenience init(good: [Bool]) {
    self.init(good.map { .success(CommandResult(exitStatus: $0 ? 0 : 3, output: "")) })
  }

  func check(
    _ argv: [String], timeout: TimeSpan, on instance: Instance
  ) async -> Result<CommandResult, Unreachable> {
    let answer = script.with { script in
      script.asked.append(argv)
      script.underWay += 1
      script.mostUnderWay = max(script.mostUnderWay, script.underWay)
      return script.answers.isEmpty ? nil : script.answers.removeFirst()
    }
    await Task.yield()
    defer { script.with { $0.underWay -= 1 } }
    if let answer { return answer }
    signal.yield()
    await untilCancelled()
    return .failure(Unreachable(detail: "cancelled"))
  }

  func perform(_ command: HostCommand, on instance: Instance) async -> Outcome { fatalError("a probe mutates") }
  func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> { fatalError("a probe inspects") }
  func close() async {}
}

/// Runs `body` in a task that is cancelled when `done` has an element, and waits for its end.
func run(until done: AsyncStream<Void>, _ body: @escaping @Sendable () async -> Void) async {
  let task = Task { await body() }
  for await _ in done { break }
  task.cancel()
  await task.value
}
