import CurlClient
import RolloutCore
import RolloutEngine
import Synchronization

@testable import Observers

/// A clock that stands still until it is waited for. Then the world goes on by one step, and the wait is over.
final class SteppedClock: WallClock {
  private let time = Mutex(Timestamp(milliseconds: 1_700_000_000_000))
  private let steps = Mutex(0)
  private let step: @Sendable (Int) async throws -> Void

  init(_ step: @escaping @Sendable (Int) async throws -> Void) { self.step = step }

  func now() -> Timestamp { time.withLock { $0 } }
  func uptime() -> TimeSpan { now() - Timestamp(milliseconds: 0) }

  func sleep(until deadline: Timestamp) async throws {
    try Task.checkCancellation()
    let number = steps.withLock { steps in
      steps += 1
      return steps
    }
    do { try await step(number) } catch { throw CancellationError() }
    try Task.checkCancellation()
    time.withLock { $0 = max($0, deadline) }
  }
}

actor SampleList: SampleLog {
  private var records: [SampleRecord] = []

  func samples(from sequence: Int) async throws(StoreFailure) -> [SampleRecord] { Array(records.dropFirst(sequence)) }
  func append(_ new: [SampleRecord]) async throws(StoreFailure) { records += new }
}

/// One check of `web0`, just updated, against `web1`, `web2` and `web3`, from its source to its verdicts.
struct BurnIn {
  var check: CheckPolicy
  var labels: [Instance.Label] = []
  var directory: String?

  /// Verdicts, one after each look, up to the first after `steps` that says pass or fail, or after 400 steps.
  func verdicts(after steps: Int, _ step: @escaping @Sendable (Int) async throws -> Void) async throws -> [Verdict] {
    let instances = (0..<4).map { Instance(id: HostID("web\($0)"), address: "127.0.0.1", labels: labels) }
    let request = AnalysisRequest(
      instances: instances, checks: [check], falseAlarm: 0.01, horizon: .minutes(60), baseline: .zero,
      untilRequests: 2000, reportInterval: .zero, directory: directory)
    let clock = SteppedClock(step)
    let analyst = MetricAnalyst(curl: try CurlClient(), clock: clock)
    let (reports, signal) = AsyncStream<Verdict>.makeStream()
    let task = Task {
      await analyst.observe(
        request, current: CurrentAnalysis(Analysis(number: 1, stage: .comparison, updated: [0], siblings: [1, 2, 3])),
        samples: SampleList()
      ) { signal.yield($1) }
      signal.finish()
    }
    var all: [Verdict] = []
    for await verdict in reports {
      all.append(verdict)
      if all.count > steps, verdict.outcome == .pass || verdict.outcome == .fail || all.count > 400 { break }
    }
    task.cancel()
    await task.value
    return all
  }
}
