public import CurlClient
public import RolloutCore
public import RolloutEngine

/// Measures checks by scraping Prometheus expositions from the instances themselves.
public struct ScrapeAnalyst: Analyst {
  private let curl: CurlClient
  private let clock: any WallClock

  public init(curl: CurlClient, clock: any WallClock) {
    self.curl = curl
    self.clock = clock
  }

  /// Why a check can never be measured on these instances, for plans and checks of a policy; nil when it can.
  public static func refusal(of check: CheckPolicy, on instances: [Instance]) -> String? {
    let request = AnalysisRequest(
      instances: instances, checks: [check], falseAlarm: 0.01, horizon: .minutes(1), baseline: .zero,
      untilRequests: nil, reportInterval: .minutes(1))
    let analysis = Analysis(number: 0, stage: .comparison, updated: Array(instances.indices), siblings: [])
    let setup = BurnInSetup(BurnInRequest(request, analysis))
    guard case .broken(_, let detail) = setup.analysis.checks[0] else { return nil }
    return detail
  }

  public func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    let analysis = current.value
    let number = analysis.number
    var watch = BurnInWatch(BurnInRequest(request, analysis), start: clock.now())
    if watch.setup.groups.isEmpty {
      await report(number, watch.setup.analysis.verdict())
      return await clock.waitForCancellation()
    }
    var beats = watch.setup.groups.map { Beat(interval: $0.interval, from: clock.now()) }
    await withTaskGroup(of: Turn.self) { tasks in
      for (index, group) in watch.setup.groups.enumerated() {
        let start = beats[index].next
        tasks.addTask { await turn(of: index, group, at: start) }
      }
      // One turn of a group at a time, recorded by this task alone, so that reports come in order.
      while let turn = await tasks.next(), let answers = turn.answers, !Task.isCancelled {
        let now = clock.now()
        watch.record(answers, of: turn.group, at: now)
        if let verdict = watch.due(at: now) { await report(number, verdict) }
        beats[turn.group].advance(now: clock.now())
        let (group, next) = (watch.setup.groups[turn.group], beats[turn.group].next)
        tasks.addTask { await self.turn(of: turn.group, group, at: next) }
      }
      tasks.cancelAll()
    }
  }

  private struct Turn: Sendable {
    var group: Int
    /// Nil when cancelled.
    var answers: ScrapeGroup.Answers?
  }

  private func turn(of index: Int, _ group: ScrapeGroup, at time: Timestamp) async -> Turn {
    do { try await clock.sleep(until: time) } catch { return Turn(group: index) }
    let answers = await group.scrape(curl)
    return Turn(group: index, answers: Task.isCancelled ? nil : answers)
  }
}

/// Records scrapes and says when a verdict is due.
struct BurnInWatch {
  private(set) var setup: BurnInSetup
  private let start: Timestamp
  private let updatedCount: Int
  private let reportInterval: TimeSpan
  private var reported: (outcome: Verdict.Outcome, at: Timestamp)?

  /// Samples with a timestamp of their own older than this are no data (Prometheus's look-back).
  private static let staleness = TimeSpan.minutes(5)

  init(_ request: BurnInRequest, start: Timestamp) {
    setup = BurnInSetup(request)
    self.start = start
    updatedCount = request.updated.count
    reportInterval = request.reportInterval
  }

  mutating func record(_ answers: ScrapeGroup.Answers, of group: Int, at now: Timestamp) {
    let stale = now.milliseconds - Self.staleness.milliseconds
    for check in setup.groups[group].checks {
      var readings: [Reading] = []
      for (instance, answer) in answers.enumerated() {
        switch answer {
        case .success(let samples):
          readings.append(setup.readers[check][instance].read(samples, staleBefore: stale))
        case .failure(let problem): readings.append(.none(problem))
        }
      }
      let isJudged = now - start >= setup.analysis.checks[check].policy.initialDelay
      setup.analysis.record(
        check, updated: Array(readings.prefix(updatedCount)), siblings: Array(readings.dropFirst(updatedCount)),
        isJudged: isJudged)
    }
  }

  /// The verdict, when its outcome has changed or enough time has passed since the last.
  mutating func due(at now: Timestamp) -> Verdict? {
    let verdict = setup.analysis.verdict()
    if let reported, reported.outcome == verdict.outcome, now - reported.at < reportInterval { return nil }
    reported = (verdict.outcome, now)
    return verdict
  }
}
