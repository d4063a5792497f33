internal import CurlClient
internal import RolloutCore

/// Reads checks from the render API of a Graphite server: each bucket once, and only when it is one step old, because
/// the newest ones are still being filled. A bucket that comes later counts then.
actor GraphiteReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let client: GraphiteClient
  private let instances: Int
  private let style: CountLedger.Style
  private var states: [State]

  private struct State {
    let query: GraphiteQuery
    var paced: PacedCheck
    var sorter: GraphiteSorter
    // Graphite keeps the only record of what happened in a bucket: all of an outage is asked for.
    var back = LookBack(first: .minutes(5), cap: .minutes(360))
  }

  init(_ group: ReaderGroup, source: GraphiteSource, _ surroundings: ReaderSurroundings) throws(ReadingProblem) {
    client = GraphiteClient(
      server: try MetricServer(base: source.url, path: Self.path, curl: surroundings.curl))
    checks = group.indices
    interval = group.interval
    instances = group.instances.count
    style = source.isCumulative ? .growing : .perBucket
    states = []
    for check in group.checks {
      let query = try GraphiteQuery(check, group.instances)
      states.append(
        State(
          query: query, paced: PacedCheck(query, style, instances: instances), sorter: GraphiteSorter(query: query)))
    }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of check: CheckPolicy, source: GraphiteSource, on instances: [Instance]) -> String? {
    do {
      _ = try MetricServer.address(base: source.url, path: path)
      _ = try GraphiteQuery(check, instances)
      return nil
    } catch { return error.detail }
  }

  private static let path = "/render"

  func read(at now: Timestamp) async -> [[Observation]] {
    let limit = min(interval, .seconds(10))
    let windows = states.indices.map { index in
      let margin = max(states[index].back.first, 10 * (states[index].sorter.step ?? 0))
      return GraphiteClient.Window.last(states[index].back.span(at: now, margin: margin))
    }
    let answers = await client.ask(states.map(\.query), windows: windows, limit: limit, now: now)
    return answers.indices.map { index in
      switch answers[index] {
      case .failure(let failure):
        if failure == .tooLarge { states[index].back.shorten() }
        return Array(repeating: .none(failure.problem), count: instances)
      case .success(let answer): return look(answer, index, now)
      }
    }
  }

  private func look(_ answer: GraphiteClient.Answer, _ index: Int, _ now: Timestamp) -> [Observation] {
    if let problem = states[index].sorter.coarser(answer.series) {
      states[index].back.restart(at: now)
      return Array(repeating: .none(problem), count: instances)
    }
    states[index].back.noteAnswer(at: now)
    let found = states[index].sorter.sort(answer.series, before: answer.now.milliseconds)
    let ahead = answer.now - now
    let origin = (states[index].back.origin ?? now) + ahead
    let seen = states[index].paced.look(found, origin: origin.milliseconds, now: answer.now.milliseconds)
    return states[index].paced.dated(seen, ahead: ahead)
  }

  func history(from start: Timestamp, to end: Timestamp) async -> [PastLook] {
    let queries = states.map(\.query)
    var looks = PastLooks(
      queries.map { PacedCheck($0, style, instances: instances) }, from: start, to: end, interval: interval)
    for stretch in PastLooks.stretches(from: start, to: end, interval: interval) where !Task.isCancelled {
      let window = GraphiteClient.Window.between(stretch.from, stretch.to)
      let answers = await client.ask(
        queries, windows: queries.map { _ in window }, limit: .seconds(10), now: end)
      looks.add(
        zip(queries, answers).map { query, answer in
          var sorter = GraphiteSorter(query: query)
          return answer.map { sorter.sort($0.series, before: end.milliseconds) }
        }, from: stretch.from, to: stretch.to)
    }
    return looks.finished
  }
}

extension PacedCheck {
  fileprivate init(_ query: GraphiteQuery, _ style: CountLedger.Style, instances: Int) {
    // Two steps more than a scrape: that much of the newest is not read.
    self.init(name: Phrase.clean(query.name), query.kind, style, instances: instances, patience: 5)
  }
}

/// Gives each instance its series, without the buckets that are still being filled.
struct GraphiteSorter {
  let query: GraphiteQuery
  /// Milliseconds of the finest buckets seen.
  private(set) var step: Int64?
  /// Series that were there before, by instance.
  private var known: [Set<[MetricLabel]>]

  init(query: GraphiteQuery) {
    self.query = query
    known = Array(repeating: [], count: query.main.count)
  }

  /// Graphite answers for long ago with coarser buckets, which hold averages or sums of what was counted already.
  mutating func coarser(_ series: [GraphiteAnswer.Series]) -> ReadingProblem? {
    let steps = series.compactMap(\.step)
    guard let now = steps.min() else { return nil }
    defer { step = min(step ?? now, now) }
    guard let step, now > step else { return nil }
    return ReadingProblem(
      .partial,
      detail: "\(Phrase.clean(query.name)): buckets of \(TimeSpan(milliseconds: now)) instead of "
        + "\(TimeSpan(milliseconds: step)): the gap is longer than Graphite keeps the fine ones, and is left out")
  }

  mutating func sort(_ series: [GraphiteAnswer.Series], before now: Int64) -> [PacedCheck.Found] {
    var found = Array(repeating: PacedCheck.Found(), count: query.main.count)
    var present = Array(repeating: Set<[MetricLabel]>(), count: query.main.count)
    for one in series {
      guard let (instance, isBad) = query.owner(of: one.target) else { continue }
      let step = one.step ?? step ?? PacedCheck.assumedSpacing
      let ready = one.series.within(.min, now - 2 * step)
      if one.isUnreadable {
        found[instance].problem = ReadingProblem(
          .error, detail: "\(Phrase.clean(query.name)) has a value that is infinite or NaN")
      }
      found[instance].step = min(step, found[instance].step ?? step)
      if isBad { found[instance].bad.append(ready) } else { found[instance].series.append(ready) }
      if !isBad, !ready.points.isEmpty { present[instance].insert(one.series.sample.labels) }
    }
    for index in found.indices {
      if found[index].problem == nil { found[index].problem = missing(found[index], series: present[index], index) }
      known[index].formUnion(present[index])
    }
    return found
  }

  /// A store that does not answer takes its series with it; their counts must not pass for none.
  private func missing(_ found: PacedCheck.Found, series: Set<[MetricLabel]>, _ index: Int) -> ReadingProblem? {
    let lost = known[index].subtracting(found.series.map(\.sample.labels)).count
    if lost > 0, !found.series.isEmpty {
      return ReadingProblem(
        .partial, detail: "\(Phrase.clean(query.name)): \(lost) of \(known[index].count) series are not in the answer")
    }
    if found.series.isEmpty, found.bad.contains(where: { !$0.points.isEmpty }) {
      return ReadingProblem(.partial, detail: "\(Phrase.clean(query.name)): events, but no total")
    }
    return nil
  }
}
