internal import RolloutCore

/// Several checks of several instances, read from JSON documents.
struct JSONDesk {
  let instances: [Instance]
  private var rows: [Row]
  /// What the document of an instance spoke of last.
  private var times: [Timestamp?]
  private let interval: TimeSpan

  private enum Row {
    /// By instance.
    case measured([JSONSeries])
    /// Cannot be measured whatever comes.
    case broken(ReadingProblem)
  }

  init(_ checks: [Result<JSONCheck, ReadingProblem>], instances: [Instance], interval: TimeSpan) {
    self.instances = instances
    self.interval = interval
    times = Array(repeating: nil, count: instances.count)
    rows = checks.map { check in
      switch check {
      case .success(let check): .measured(instances.map { JSONSeries(check, $0) })
      case .failure(let problem): .broken(problem)
      }
    }
  }

  /// A document, and when it was so.
  private struct Dated {
    var document: JSONValue
    var time: Timestamp
    /// It says so itself.
    var isDated: Bool
  }

  private enum Page {
    case new(Dated)
    /// The one from before, still fresh.
    case unchanged
    case none(ReadingProblem)
  }

  /// By check and by instance. `documents` has one per instance, or one for all where it has only one. Documents that
  /// are renewed less often than they are read are held until every instance that has one has a new one, so that a look
  /// compares about the same stretch of time on all of them.
  mutating func observe(_ documents: [Result<JSONValue, ReadingProblem>], at now: Timestamp) -> [[Observation]] {
    let pages = instances.indices.map { instance in
      page(documents[documents.count == 1 ? 0 : instance], of: instance, at: now)
    }
    let isComplete = !pages.contains { if case .unchanged = $0 { true } else { false } }
    if isComplete { noteTimes(of: pages) }
    return rows.indices.map { row in
      guard case .measured(var series) = rows[row] else { return broken(row) }
      let observations = instances.indices.map { instance -> Observation in
        switch pages[instance] {
        case .none(let problem): return .none(problem)
        case .new(let dated) where isComplete: return Self.observe(dated, &series[instance])
        case .new, .unchanged: return .pending
        }
      }
      for instance in instances.indices.dropFirst() { series[instance].share(series[0].edges) }
      rows[row] = .measured(series)
      return observations
    }
  }

  private func broken(_ row: Int) -> [Observation] {
    guard case .broken(let problem) = rows[row] else { return [] }
    return Array(repeating: .none(problem), count: instances.count)
  }

  private static func observe(_ dated: Dated, _ series: inout JSONSeries) -> Observation {
    let before = series.last
    let observation = series.observe(dated.document, at: dated.time)
    guard dated.isDated else { return observation }
    if case .gauge = series.check.measure { return observation.since(dated.time) }
    return observation.since(before)
  }

  /// A document that says when it was written is stale when it is older than the one before, or too old.
  private mutating func page(
    _ document: Result<JSONValue, ReadingProblem>, of instance: Int, at now: Timestamp
  ) -> Page {
    let content: JSONValue
    switch document {
    case .failure(let problem): return .none(problem)
    case .success(let value): content = value
    }
    guard let time = DocumentTime.of(content) else {
      return .new(Dated(document: content, time: now, isDated: false))
    }
    if let before = times[instance], time < before {
      times[instance] = time
      return .none(ReadingProblem(.stale, detail: "a document older than the one before, by its member at"))
    }
    let age = (now - time).milliseconds
    guard age <= max(Self.longestAge.milliseconds, 3 * interval.milliseconds) else {
      return .none(ReadingProblem(.stale, detail: "a document \(age / 1000) s old, by its member at"))
    }
    return time == times[instance] ? .unchanged : .new(Dated(document: content, time: time, isDated: true))
  }

  private mutating func noteTimes(of pages: [Page]) {
    for (instance, page) in pages.enumerated() {
      if case .new(let dated) = page, dated.isDated { times[instance] = dated.time }
    }
  }

  /// Documents may be older where the interval is long: three of it.
  private static let longestAge = TimeSpan.minutes(1)
}
