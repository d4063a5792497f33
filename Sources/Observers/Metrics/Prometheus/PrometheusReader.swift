internal import CurlClient
internal import RolloutCore

/// Reads checks from the HTTP API of a Prometheus server: the raw samples that are new since the last look, so that
/// increments, resets and restarts are found as for a scrape, and a look that fails is made up for by the next.
actor PrometheusReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let client: PrometheusClient
  private let queries: [PrometheusQuery]
  private var states: [State]

  private struct State {
    var paced: PacedCheck
    var back = LookBack(first: .seconds(150), cap: .minutes(30))
  }

  init(_ group: ReaderGroup, source: PrometheusSource, _ surroundings: ReaderSurroundings) throws(ReadingProblem) {
    let known = try PrometheusInstances(source, group.instances)
    let token = source.tokenVariable.flatMap(surroundings.environment).map(BearerToken.init(secret:))
    client = PrometheusClient(
      server: try MetricServer(base: source.url, path: Self.path, curl: surroundings.curl, token: token),
      instances: known, missingToken: token == nil ? source.tokenVariable : nil)
    checks = group.indices
    interval = group.interval
    var queries: [PrometheusQuery] = []
    for check in group.checks { queries.append(try PrometheusQuery(check, known)) }
    self.queries = queries
    states = queries.map { State(paced: PacedCheck($0, instances: known.values.count)) }
  }

  /// Why a check can never be measured on these instances; nil when it can. The environment is not looked at: a plan
  /// may be made where the token is not.
  static func refusal(of check: CheckPolicy, source: PrometheusSource, on instances: [Instance]) -> String? {
    do {
      _ = try MetricServer.address(base: source.url, path: path)
      _ = try PrometheusQuery(check, PrometheusInstances(source, instances))
      return nil
    } catch { return error.detail }
  }

  private static let path = "/api/v1/query"

  func read(at now: Timestamp) async -> [[Observation]] {
    let limit = min(interval, .seconds(10))
    let spans = states.indices.map { index in
      states[index].back.span(at: now, margin: Self.margin(states[index].paced.spacing))
    }
    let answers = await client.ask(queries, spans: spans, at: nil, limit: limit, now: now)
    return answers.indices.map { index in
      switch answers[index] {
      case .failure(let failure): return refused(failure, index)
      case .success(let answer):
        states[index].back.noteAnswer(at: now)
        let ahead = answer.now - now
        let origin = (states[index].back.origin ?? now) + ahead
        let seen = states[index].paced.look(
          answer.found, origin: origin.milliseconds, now: answer.now.milliseconds)
        return states[index].paced.dated(seen, ahead: ahead)
      }
    }
  }

  private func refused(_ failure: MetricServer.Failure, _ index: Int) -> [Observation] {
    if failure == .tooLarge { states[index].back.shorten() }
    return Array(repeating: .none(failure.problem), count: client.instances.values.count)
  }

  /// A scrape is in the server's store only when it is over, some time after the instant it is stamped with.
  private static func margin(_ spacing: Int64?) -> Int64 {
    min(max(3 * (spacing ?? PacedCheck.assumedSpacing), 10_000), 120_000)
  }

  func history(from start: Timestamp, to end: Timestamp) async -> [PastLook] {
    var looks = PastLooks(
      queries.map { PacedCheck($0, instances: client.instances.values.count) }, from: start, to: end,
      interval: interval)
    for stretch in PastLooks.stretches(from: start, to: end, interval: interval) where !Task.isCancelled {
      let answers = await client.ask(
        queries, spans: queries.map { _ in stretch.to - stretch.from }, at: stretch.to, limit: .seconds(10), now: end)
      looks.add(answers.map { $0.map(\.found) }, from: stretch.from, to: stretch.to)
    }
    return looks.finished
  }
}

extension PacedCheck {
  fileprivate init(_ query: PrometheusQuery, instances: Int) {
    self.init(name: query.name, query.kind, .growing, instances: instances, patience: 3)
  }
}

/// Asks a Prometheus server and sorts the answer by instance.
struct PrometheusClient: Sendable {
  let server: MetricServer
  let instances: PrometheusInstances
  /// The variable that should hold the token and is not set.
  let missingToken: String?

  struct Answer: Sendable {
    var found: [PacedCheck.Found]
    var now: Timestamp
  }

  /// By query: the samples of the last `spans` milliseconds before `end`, or before the server's now.
  func ask(
    _ queries: [PrometheusQuery], spans: [Int64], at end: Int64?, limit: TimeSpan, now: Timestamp
  ) async -> [Result<Answer, MetricServer.Failure>] {
    await withTaskGroup(of: (Int, Result<Answer, MetricServer.Failure>).self) { group in
      for (index, query) in queries.enumerated() {
        group.addTask {
          (index, await ask(query, Ask(span: spans[index], end: end, deadline: .now + limit.duration, now: now)))
        }
      }
      let none = ReadingProblem(.noData, detail: "not asked")
      var answers = [Result<Answer, MetricServer.Failure>](repeating: .failure(.none(none)), count: queries.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers
    }
  }

  private struct Ask {
    var span: Int64
    var end: Int64?
    var deadline: ContinuousClock.Instant
    var now: Timestamp
  }

  private func ask(_ query: PrometheusQuery, _ ask: Ask) async -> Result<Answer, MetricServer.Failure> {
    var found = Array(repeating: PacedCheck.Found(), count: instances.values.count)
    // The requests first: a scrape between the two answers then shows errors too new, which are left for the next look.
    switch await samples(query.main, ask) {
    case .failure(let failure): return .failure(failure)
    case .success(let (series, now)):
      sort(series) { found[$0].series.append($1) }
      guard let bad = query.bad else { return .success(Answer(found: found, now: now)) }
      return await samples(bad, ask).map { series, _ in
        sort(series) { found[$0].bad.append($1) }
        return Answer(found: found, now: now)
      }
    }
  }

  private func sort(_ series: [PointSeries], _ add: (Int, PointSeries) -> Void) {
    for one in series {
      if let index = instances.index(of: one.sample.label(instances.label)) { add(index, one) }
    }
  }

  private func samples(
    _ selector: String, _ ask: Ask
  ) async -> Result<([PointSeries], Timestamp), MetricServer.Failure> {
    if let missingToken {
      return .failure(.none(ReadingProblem(.error, detail: "environment variable \(missingToken) is not set")))
    }
    let left = TimeSpan(ask.deadline - .now)
    var form = [
      FormField(name: "query", value: "\(selector)[\(ask.span)ms]"),
      FormField(name: "timeout", value: "\(max(1, left.milliseconds))ms"),
    ]
    if let end = ask.end { form.append(FormField(name: "time", value: Self.seconds(end))) }
    switch await server.post(form, timeout: left, now: ask.now) {
    case .failure(let failure): return .failure(failure)
    case .success(let answer) where answer.status != 200:
      return .failure(.none(server.problem(answer, detail: PrometheusAnswer.reason(answer.body))))
    case .success(let answer): return whole(answer)
    }
  }

  private func whole(_ answer: MetricServer.Answer) -> Result<([PointSeries], Timestamp), MetricServer.Failure> {
    let content: PrometheusAnswer
    do { content = try PrometheusAnswer(answer.body) } catch {
      return .failure(.none(ReadingProblem(error.kind, detail: "\(server.name): \(error.detail)")))
    }
    if let warning = content.warnings.first {
      let detail = "\(server.name): not all of it, the server warns: \(Phrase.clean(warning, limit: 200))"
      return .failure(.none(ReadingProblem(.partial, detail: detail)))
    }
    return .success((content.series, answer.now))
  }

  private static func seconds(_ milliseconds: Int64) -> String {
    let digits = String(1000 + abs(milliseconds % 1000)).dropFirst()
    return "\(milliseconds / 1000).\(digits)"
  }
}
