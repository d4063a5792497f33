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

  /// By check and by instance. `documents` has one per instance, or one for all where it has only one.
  mutating func observe(_ documents: [Result<JSONValue, ReadingProblem>], at now: Timestamp) -> [[Observation]] {
    let dated = instances.indices.map { instance in
      documents[documents.count == 1 ? 0 : instance].flatMap { dating($0, of: instance, at: now) }
    }
    return rows.indices.map { row in
      guard case .measured(var series) = rows[row] else { return broken(row) }
      let observations = instances.indices.map { instance -> Observation in
        switch dated[instance] {
        case .failure(let problem): return .none(problem)
        case .success(let (document, time)): return series[instance].observe(document, at: time)
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

  /// A document that says when it was written is stale when it is the one from before, or too old.
  private mutating func dating(
    _ document: JSONValue, of instance: Int, at now: Timestamp
  ) -> Result<(JSONValue, Timestamp), ReadingProblem> {
    guard let time = DocumentTime.of(document) else { return .success((document, now)) }
    defer { times[instance] = time }
    if let before = times[instance], time <= before {
      return .failure(ReadingProblem(.stale, detail: "a document as old as the one before, by its member at"))
    }
    let age = (now - time).milliseconds
    guard age <= max(Self.longestAge.milliseconds, 3 * interval.milliseconds) else {
      return .failure(ReadingProblem(.stale, detail: "a document \(age / 1000) s old, by its member at"))
    }
    return .success((document, time))
  }

  /// Documents may be older where the interval is long: three of it.
  private static let longestAge = TimeSpan.minutes(1)
}
