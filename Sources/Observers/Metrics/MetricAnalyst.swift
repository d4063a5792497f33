internal import CanaryJudge
public import CurlClient
internal import ImmuneSystem
public import RolloutCore
public import RolloutEngine

/// Measures checks, keeps every sample, and says what they mean.
public struct MetricAnalyst: Analyst {
  private let curl: CurlClient
  private let clock: any WallClock
  /// Shared by the rollouts of this process.
  private let listeners = StatsDListeners()

  public init(curl: CurlClient, clock: any WallClock) {
    self.curl = curl
    self.clock = clock
  }

  /// Why a check can never be measured on these instances, for plans and checks of a policy; nil when it can.
  public static func refusal(of check: CheckPolicy, on instances: [Instance]) -> String? {
    MetricReaders.refusal(of: check, on: instances)
  }

  public func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    let hosts = request.measured.filter { request.instances.indices.contains($0) }
    let (groups, refusals) = MetricReaders.groups(request.checks, on: hosts.map { request.instances[$0] })
    let surroundings = ReaderSurroundings(curl: curl, clock: clock, directory: request.directory, listeners: listeners)
    let readers = groups.compactMap { MetricReaders.reader($0, surroundings) }
    var watch = AnalysisWatch(
      request, current: current, hosts: hosts, refusals: refusals.map { .init(check: $0.check, detail: $0.detail) },
      readers: readers, samples: samples, clock: clock, report: report)
    await watch.run()
    for reader in readers { await reader.close() }
  }
}

/// One rollout's measuring, from the start or takeover of its controller to the end.
struct AnalysisWatch {
  private let request: AnalysisRequest
  private let current: CurrentAnalysis
  private let hosts: [Int]
  private let refusals: [Segment.Refusal]
  private let readers: [any MetricReader]
  private let clock: any WallClock
  private let report: @Sendable (Int64, Verdict) async -> Void
  private var notebook: Notebook
  private var drafts: [LookDraft]
  private var beats: [Beat] = []
  /// The sources knew the whole time before the push.
  private var historyIsWhole = false
  private var reported: (number: Int64, outcome: Verdict.Outcome, at: Timestamp)?

  /// How often the analysis that is wanted is looked at when there is nothing to read, or no store to begin with.
  private static let idleInterval = TimeSpan.seconds(5)

  init(
    _ request: AnalysisRequest, current: CurrentAnalysis, hosts: [Int], refusals: [Segment.Refusal],
    readers: [any MetricReader], samples: any SampleLog, clock: any WallClock,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) {
    self.request = request
    self.current = current
    self.hosts = hosts
    self.refusals = refusals
    self.readers = readers
    self.clock = clock
    self.report = report
    notebook = Notebook(request, log: samples)
    drafts = readers.map { LookDraft(checks: $0.checks, interval: $0.interval) }
  }

  private struct Turn: Sendable {
    /// Nil for a beat without a reader.
    var reader: Int?
    /// Nil when cancelled.
    var answer: (at: Timestamp, observations: [[Observation]])?
  }

  mutating func run() async {
    guard await load() else { return }
    await begin()
    // Where there is nothing to read, only the analysis that is wanted can change.
    let intervals = readers.isEmpty ? [Self.idleInterval] : readers.map(\.interval)
    beats = intervals.map { Beat(interval: $0, from: clock.now()) }
    guard await conclude() else { return }
    await withTaskGroup(of: Turn.self) { tasks in
      for index in beats.indices { start(index, in: &tasks) }
      // One turn of a reader at a time, noted by this task alone, so that looks are in order.
      while let turn = await tasks.next(), let answer = turn.answer, !Task.isCancelled {
        let segment = segment()
        if let index = turn.reader {
          for look in drafts[index].looks(answer.observations, at: answer.at, in: segment) {
            notebook.note(.look(look), at: answer.at)
          }
        }
        guard await conclude() else { break }
        let index = turn.reader ?? 0
        beats[index].advance(now: clock.now())
        start(index, in: &tasks)
      }
      tasks.cancelAll()
    }
  }

  private func start(_ index: Int, in tasks: inout TaskGroup<Turn>) {
    let (clock, next) = (clock, beats[index].next)
    let reader = readers.indices.contains(index) ? readers[index] : nil
    tasks.addTask {
      do { try await clock.sleep(until: next) } catch { return Turn() }
      guard let reader else { return Turn(answer: (clock.now(), [])) }
      let now = clock.now()
      let observations = await reader.read(at: now)
      return Turn(reader: index, answer: Task.isCancelled ? nil : (now, observations))
    }
  }

  /// The record of whom the next look is about, noted anew where it differs from the last.
  private mutating func segment() -> Segment {
    let wanted = Segment(current.value, hosts: hosts, refusals: refusals)
    if notebook.segment != wanted { notebook.note(.segment(wanted), at: clock.now()) }
    return wanted
  }

  /// False when the store says that this is no longer ours, or the task is cancelled.
  private mutating func load() async -> Bool {
    while !Task.isCancelled {
      do throws(StoreFailure) {
        try await notebook.load()
        return true
      } catch {
        if case .leaseLost = error { return false }
      }
      do { try await clock.sleep(until: clock.now() + Self.idleInterval) } catch { return false }
    }
    return false
  }

  /// Kept out of line: inlined beside `segment()`, it makes the optimiser of Swift 6.3 give up on the whole module.
  private var isNewNumber: Bool {
    @inline(never) get { notebook.immune.number != current.value.number }
  }

  /// The first segment of a number before the push brings what the sources know of the time before it.
  private mutating func begin() async {
    let isNew = isNewNumber
    let segment = segment()
    guard isNew, segment.stage == .baseline, request.baseline > .zero else { return }
    let now = clock.now()
    let start = now + (.zero - request.baseline)
    var looks: [Look] = []
    for (index, reader) in readers.enumerated() {
      for past in await reader.history(from: start, to: now) where past.at <= now {
        looks.append(drafts[index].look(past))
      }
    }
    looks.sort { $0.at < $1.at }
    for look in looks { notebook.note(.look(look), at: look.at) }
    historyIsWhole = refusals.isEmpty && covers(looks, from: start, to: now, segment)
  }

  /// Whether every instance was seen from beginning to end, by every check. Sources keep steps: one may be missing at
  /// either end.
  private func covers(_ looks: [Look], from start: Timestamp, to end: Timestamp, _ segment: Segment) -> Bool {
    request.checks.indices.allSatisfy { check in
      segment.arms.indices.allSatisfy { position in
        guard segment.arms[position] != .out else { return true }
        let seen = looks.reduce(Int64(0)) { sum, look in
          let isSeen = look.checks.contains { $0.check == check && $0.readings[position] != .missing }
          return sum + (isSeen ? look.duration.milliseconds : 0)
        }
        return seen >= (end - start).milliseconds * 9 / 10
      }
    }
  }

  /// Stores what is noted and reports what it says. False when the store says that this is no longer ours.
  private mutating func conclude() async -> Bool {
    do throws(StoreFailure) {
      try await notebook.save()
    } catch {
      switch error {
      case .leaseLost: return false
      case .conflict: do { try await notebook.yield() } catch { return error.isOurs }
      case .unavailable, .corrupt, .unusable: break
      }
      return true
    }
    await reportWhenDue()
    if historyIsWhole, notebook.isSaved, let number = notebook.immune.number {
      historyIsWhole = false
      await current.baselineIsTaken(of: number)
    }
    return true
  }

  private mutating func reportWhenDue() async {
    guard notebook.isSaved, let number = notebook.immune.number, number == current.value.number else { return }
    guard notebook.immune.hasLooks || readers.isEmpty else { return }
    let now = clock.now()
    let outcome = notebook.immune.outcome
    let damage = notebook.damage.flatMap { $0.number == number && outcome != .fail ? $0.detail : nil }
    let shown = damage == nil ? outcome : .error
    // A wall clock that was set back must not silence it until the old time comes again.
    if let reported, reported.number == number, reported.outcome == shown, now >= reported.at,
      now - reported.at < request.reportInterval
    {
      return
    }
    reported = (number, shown, now)
    await report(number, damage.map { Verdict(outcome: .error, reason: $0) } ?? notebook.immune.verdict)
  }
}

extension StoreFailure {
  fileprivate var isOurs: Bool { if case .leaseLost = self { false } else { true } }
}
