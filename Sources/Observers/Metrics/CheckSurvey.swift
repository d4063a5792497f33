public import CanaryJudge
public import CurlClient
public import RolloutCore
public import RolloutEngine

/// A look at everything that the checks of a policy read, outside of any rollout: what `canary plan` counts traffic
/// with, and what `canary doctor` asks the sources with. Nothing is judged and nothing is kept.
public struct CheckSurvey: Sendable {
  private let surroundings: ReaderSurroundings

  /// What one check showed.
  public struct Row: Hashable, Sendable {
    /// Why it can never be measured; nil when it can.
    public var refusal: String?
    /// Per instance; empty for a check that is refused.
    public var answers: [Answer]
    public init(refusal: String? = nil, answers: [Answer] = []) {
      self.refusal = refusal
      self.answers = answers
    }
  }

  /// What one instance showed of one check.
  public enum Answer: Hashable, Sendable {
    /// Events and exposure of this stretch of time: requests for a ratio, seconds for rates and shares.
    case counted(events: Double, exposure: Double, over: TimeSpan)
    /// Observations of this stretch of time.
    case observed(Histogram, over: TimeSpan)
    /// A level now.
    case level(Double)
    /// It answers, and its counters were seen once: there is nothing to compare them with.
    case seen
    case none(Silence, detail: String)
  }

  /// Why there is nothing. Never the same as zero.
  public enum Silence: String, Hashable, Sendable, CaseIterable {
    case noData = "no_data"
    case stale, partial, error
  }

  public enum Looks: Hashable, Sendable {
    /// One look; sources that are sent to wait so long for a first packet.
    case one(patience: TimeSpan)
    /// What is counted between two looks; sources that keep a history answer for its last five minutes at once.
    case two(apart: TimeSpan)
  }

  /// How much of a source's own history tells what the traffic is like.
  private static let past = TimeSpan.minutes(5)

  /// - Parameter directory: where relative paths of command sources start.
  public init(curl: CurlClient, clock: any WallClock, directory: String?) {
    surroundings = ReaderSurroundings(
      curl: curl, clock: clock, directory: directory, listeners: StatsDListeners())
  }

  /// In the order of `checks`. Sources are asked at the same time. Takes the time between the looks and what the
  /// slowest source needs, each at most its check's interval or 10 s.
  public func rows(of checks: [CheckPolicy], on instances: [Instance], _ looks: Looks) async -> [Row] {
    let (groups, refusals) = MetricReaders.groups(checks, on: instances)
    var rows = [Row](repeating: Row(), count: checks.count)
    for refusal in refusals { rows[refusal.check].refusal = refusal.detail }
    await withTaskGroup(of: [(check: Int, answers: [Answer])].self) { tasks in
      for group in groups {
        tasks.addTask { await answers(of: group, looks) }
      }
      for await found in tasks {
        for (check, answers) in found { rows[check].answers = answers }
      }
    }
    return rows
  }

  private func answers(of group: ReaderGroup, _ looks: Looks) async -> [(check: Int, answers: [Answer])] {
    guard let reader = MetricReaders.reader(group, surroundings) else {
      let nobody = Answer.none(.error, detail: "its source cannot be read")
      return group.indices.map { ($0, group.instances.map { _ in nobody }) }
    }
    let clock = surroundings.clock
    let start = clock.now()
    var found: [[Answer]]
    switch looks {
    case .one(let patience):
      found = merged(group, await reader.read(at: start), over: .zero)
      if case .statsd = group.source, await rest(until: start + patience) {
        found = later(found, merged(group, await reader.read(at: clock.now()), over: clock.now() - start))
      }
    case .two(let apart):
      let past = await reader.history(from: start + (TimeSpan.zero - Self.past), to: start)
      found = Self.summed(past, group)
      if found.isEmpty {
        found = merged(group, await reader.read(at: start), over: .zero)
        let asked = clock.now()
        if await rest(until: asked + apart) {
          let now = clock.now()
          found = later(found, merged(group, await reader.read(at: now), over: now - asked))
        }
      }
    }
    await reader.close()
    return zip(reader.checks, found).map { ($0, $1) }
  }

  /// False when cancelled.
  private func rest(until time: Timestamp) async -> Bool {
    do { try await surroundings.clock.sleep(until: time) } catch { return false }
    return true
  }

  // MARK: Adding up

  private func merged(_ group: ReaderGroup, _ observations: [[Observation]], over span: TimeSpan) -> [[Answer]] {
    observations.map { $0.map { Self.answer($0, over: span) } }
  }

  private static func answer(_ observation: Observation, over span: TimeSpan) -> Answer {
    switch observation {
    case .first, .pending, .measured(.missing): .seen
    case .measured(.gauge(let value)): .level(value)
    case .measured(.counts(let events, let exposure)): .counted(events: events, exposure: exposure, over: span)
    case .measured(.histogram(let histogram)): .observed(histogram, over: span)
    case .covering(let measurement, _): answer(.measured(measurement), over: span)
    case .none(let problem): .none(Silence(problem.kind), detail: problem.detail)
    }
  }

  /// The second look, where it says more than the first. Counts of a first look cover no known time.
  private func later(_ first: [[Answer]], _ second: [[Answer]]) -> [[Answer]] {
    zip(first, second).map { zip($0, $1).map { Self.isNews($1) || !Self.isNews($0) ? $1 : $0 } }
  }

  private static func isNews(_ answer: Answer) -> Bool {
    if case .none = answer { false } else { true }
  }

  /// Looks of the past as one; empty where they hold nothing of some instance.
  private static func summed(_ looks: [PastLook], _ group: ReaderGroup) -> [[Answer]] {
    var sums: [[Answer]] = group.indices.map { _ in group.instances.map { _ in .seen } }
    for look in looks {
      for (check, observations) in look.observations.enumerated() where sums.indices.contains(check) {
        for (instance, observation) in observations.enumerated() where sums[check].indices.contains(instance) {
          sums[check][instance] = sum(sums[check][instance], answer(observation, over: look.duration))
        }
      }
    }
    return sums.joined().allSatisfy { $0 != .seen } ? sums : []
  }

  private static func sum(_ known: Answer, _ next: Answer) -> Answer {
    switch (known, next) {
    case (.counted(let events, let exposure, let span), .counted(let more, let further, let longer)):
      .counted(events: events + more, exposure: exposure + further, over: span + longer)
    case (.observed(let one, let span), .observed(let other, let longer)):
      one.adding(other).map { .observed($0, over: span + longer) } ?? next
    case (_, .counted), (_, .observed), (_, .level): next
    default: known
    }
  }
}

extension Histogram {
  /// Both together; nil where their edges differ.
  public func adding(_ other: Histogram) -> Histogram? {
    guard upperBounds == other.upperBounds else { return nil }
    var counts = [Double](repeating: 0, count: upperBounds.count)
    for bucket in buckets + other.buckets where counts.indices.contains(Int(bucket.index)) {
      counts[Int(bucket.index)] += bucket.count
    }
    return Histogram(
      upperBounds: upperBounds,
      buckets: counts.enumerated().filter { $0.element > 0 }.map { Bucket(index: Int32($0.offset), count: $0.element) })
  }
}

extension CheckSurvey.Silence {
  fileprivate init(_ kind: ReadingProblem.Kind) {
    self =
      switch kind {
      case .noData: .noData
      case .stale: .stale
      case .partial: .partial
      case .error: .error
      }
  }
}
