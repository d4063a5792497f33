internal import RolloutCore

/// Asks a Graphite server.
struct GraphiteClient: Sendable {
  let server: MetricServer

  struct Answer: Sendable {
    var series: [GraphiteAnswer.Series]
    var now: Timestamp
  }

  enum Window: Hashable, Sendable {
    /// Milliseconds before the server's now.
    case last(Int64)
    /// Milliseconds since 1970.
    case between(Int64, Int64)

    var fields: [FormField] {
      switch self {
      case .last(let span): Self.fields("-\((span + 999) / 1000)s", "now")
      case .between(let start, let end): Self.fields("\(start / 1000)", "\((end + 999) / 1000)")
      }
    }

    private static func fields(_ from: String, _ until: String) -> [FormField] {
      [FormField(name: "from", value: from), FormField(name: "until", value: until)]
    }
  }

  /// Django takes at most 1,000 fields of a form.
  private static let maxTargets = 500

  func ask(
    _ queries: [GraphiteQuery], windows: [Window], limit: TimeSpan, now: Timestamp
  ) async -> [Result<Answer, MetricServer.Failure>] {
    await withTaskGroup(of: (Int, Result<Answer, MetricServer.Failure>).self) { group in
      for (index, query) in queries.enumerated() {
        group.addTask { (index, await ask(query, windows[index], limit, now)) }
      }
      let none = ReadingProblem(.noData, detail: "not asked")
      var answers = [Result<Answer, MetricServer.Failure>](repeating: .failure(.none(none)), count: queries.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers
    }
  }

  /// Every part of an answer, or none: a part alone would pass for all.
  private func ask(
    _ query: GraphiteQuery, _ window: Window, _ limit: TimeSpan, _ now: Timestamp
  ) async -> Result<Answer, MetricServer.Failure> {
    let deadline = ContinuousClock.now + limit.duration
    let targets = query.requests
    var whole = Answer(series: [], now: now)
    for start in stride(from: 0, to: targets.count, by: Self.maxTargets) {
      let part = targets[start..<min(start + Self.maxTargets, targets.count)]
      switch await render(part, window, TimeSpan(deadline - .now), now) {
      case .failure(let failure): return .failure(failure)
      case .success(let answer):
        whole.series += answer.series
        // The first part's: buckets ready by then are ready in every part.
        if start == 0 { whole.now = answer.now }
      }
    }
    return .success(whole)
  }

  private func render(
    _ targets: ArraySlice<String>, _ window: Window, _ limit: TimeSpan, _ now: Timestamp
  ) async -> Result<Answer, MetricServer.Failure> {
    var form = targets.map { FormField(name: "target", value: $0) } + window.fields
    form += [FormField(name: "format", value: "json"), FormField(name: "noCache", value: "true")]
    switch await server.post(form, timeout: limit, now: now) {
    case .failure(let failure): return .failure(failure)
    case .success(let answer) where answer.status != 200:
      return .failure(.none(server.problem(answer, detail: Self.reason(answer))))
    case .success(let answer):
      do { return .success(Answer(series: try GraphiteAnswer(answer.body).series, now: answer.now)) } catch {
        return .failure(.none(ReadingProblem(error.kind, detail: "\(server.name): \(error.detail)")))
      }
    }
  }

  /// The first line of a refusal; a page of HTML says nothing.
  private static func reason(_ answer: MetricServer.Answer) -> String? {
    let text = Phrase.trimmed(String(decoding: answer.body.prefix(1000), as: UTF8.self))
    guard answer.status == 400, !text.hasPrefix("<") else { return nil }
    return text.split(separator: "\n").first.map(String.init)
  }
}
