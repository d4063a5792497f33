internal import CanaryJudge
public import CurlClient
public import ImmuneSystem
public import RolloutCore
public import RolloutEngine

/// What the sources of a policy's checks still know of the past, outside of any rollout: what `canary calibrate` plays
/// burn-ins in. Only metrics servers keep one.
public struct CheckHistory: Sendable {
  private let surroundings: ReaderSurroundings

  public struct Answer: Hashable, Sendable {
    /// Ascending by time; readings are in the order of the instances.
    public var looks: [Look]
    /// Why a check gave nothing, by check.
    public var problems: [Problem]

    public struct Problem: Hashable, Sendable {
      public var check: Int
      public var detail: String
    }

    public init(looks: [Look], problems: [Problem] = []) {
      self.looks = looks
      self.problems = problems
    }
  }

  /// Asked for at once, so that somebody who waits can be told how far it is.
  private static let piece = TimeSpan.minutes(60)

  public init(curl: CurlClient, clock: any WallClock, directory: String?) {
    surroundings = ReaderSurroundings(curl: curl, clock: clock, directory: directory, listeners: StatsDListeners())
  }

  /// - Parameter progress: told after each piece how much of the range is read, from 0 to 1.
  public func looks(
    of checks: [CheckPolicy], on instances: [Instance], from start: Timestamp, to end: Timestamp,
    progress: @Sendable (Double) -> Void = { _ in }
  ) async -> Answer {
    let (groups, refusals) = MetricReaders.groups(checks, on: instances)
    var answer = Answer(looks: [], problems: refusals.map { .init(check: $0.check, detail: $0.detail) })
    for group in groups where !group.source.keepsHistory {
      answer.problems += group.indices.map { .init(check: $0, detail: "its source keeps no history") }
    }
    let readers = groups.filter(\.source.keepsHistory).compactMap { MetricReaders.reader($0, surroundings) }
    var begin = start
    while begin < end, !Task.isCancelled {
      let until = min(begin + Self.piece, end)
      for reader in readers { answer.looks += await Self.looks(reader, from: begin, to: until) }
      begin = until
      progress(Double((begin - start).milliseconds) / Double(max(1, (end - start).milliseconds)))
    }
    answer.looks.sort { $0.at < $1.at }
    let seen = Set(answer.looks.flatMap(\.checks).filter { $0.readings.contains { $0 != .missing } }.map(\.check))
    for reader in readers {
      let silent = reader.checks.filter { !seen.contains($0) }
      if !silent.isEmpty { answer.problems += await problems(of: silent, reader) }
      await reader.close()
    }
    return answer
  }

  private static func looks(_ reader: any MetricReader, from start: Timestamp, to end: Timestamp) async -> [Look] {
    var draft = LookDraft(checks: reader.checks, interval: reader.interval)
    return await reader.history(from: start, to: end).filter { $0.at <= end }.map { draft.look($0) }
  }

  /// What the source says now of checks that it has no past of.
  private func problems(of checks: [Int], _ reader: any MetricReader) async -> [Answer.Problem] {
    let now = await reader.read(at: surroundings.clock.now())
    return zip(reader.checks, now).filter { checks.contains($0.0) }.map { check, observations in
      for case .none(let problem) in observations { return Answer.Problem(check: check, detail: problem.detail) }
      return Answer.Problem(check: check, detail: "its source keeps nothing of that time")
    }
  }
}

extension MetricSource {
  /// Whether what was measured before can be asked for.
  public var keepsHistory: Bool {
    switch self {
    case .prometheus, .graphite: true
    case .scrape, .statsd, .command, .http: false
    }
  }
}
