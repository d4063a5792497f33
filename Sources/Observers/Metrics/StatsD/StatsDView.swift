internal import CanaryJudge
internal import RolloutCore

/// One instance in one interval.
struct StatsDView {
  let interval: StatsDTally.Interval
  let memory: StatsDMemory
  let instance: Int
  /// The check's metrics as the policy writes them, for people.
  let names: [String]

  /// A level that was not sent for so long is not shown as today's (as long as Prometheus looks back).
  static let longestLevel = TimeSpan.minutes(5)

  func observation(of check: StatsDCheck) -> Observation {
    let result: Result<Observation, ReadingProblem>
    switch check {
    case .ratio(let events, let total):
      result = count(events, names[0]).flatMap { events in
        count(total, names[1]).map { ratio(events: events, total: $0) }
      }
    case .rate(let metric):
      result = count(metric, names[0]).map { count in
        // When within the interval it began to be sent is not known, so neither is the time.
        guard memory.isSteady[metric][instance] else { return .first }
        return .measured(.counts(events: count.value, exposure: memory.seconds * count.rate))
      }
    case .histogram(let metric): result = histogram(metric)
    case .gauge(let metric): result = gauge(metric)
    case .broken(let detail): result = .failure(ReadingProblem(.error, detail: detail))
    }
    switch result {
    case .success(let observation): return observation
    case .failure(let problem): return .none(problem)
    }
  }

  private struct Count {
    /// As sent at `rate`.
    var value: Double
    var rate: Double
  }

  /// Both at the smaller of the two sample rates.
  private func ratio(events: Count, total: Count) -> Observation {
    let rate = min(events.rate, total.rate)
    return .measured(
      .counts(events: events.value * (rate / events.rate), exposure: total.value * (rate / total.rate)))
  }

  /// Counters' sum, or how many timings came, or how many distinct members a set had.
  private func count(_ metric: Int, _ name: String) -> Result<Count, ReadingProblem> {
    let series = interval.series[metric][instance]
    let known = memory.sampleRate(metric, instance)
    if series.kinds.contains(.counter) {
      guard series.counter.value >= 0, series.counter.value.isFinite else {
        return .failure(error("\(name) fell by \(Phrase.number(-series.counter.value)), so it counts no events"))
      }
      return .success(Count(value: series.counter.value, rate: series.counter.rate ?? known))
    }
    if series.kinds.contains(.timer) {
      return .success(Count(value: series.observations.value, rate: series.observations.rate ?? known))
    }
    if series.kinds.contains(.set) { return members(series, name).map { Count(value: $0, rate: 1) } }
    guard series.kinds.isEmpty else { return .failure(mismatch(series, name, wanted: "a counter (c)")) }
    return .success(Count(value: 0, rate: known))
  }

  private func members(_ series: StatsDSeries, _ name: String) -> Result<Double, ReadingProblem> {
    guard !series.hasTooManyMembers else {
      return .failure(
        ReadingProblem(
          .partial, detail: "\(Phrase.clean(name)) has more than \(StatsDSeries.memberLimit) members in one interval"))
    }
    return .success(Double(series.members.count))
  }

  private func histogram(_ metric: Int) -> Result<Observation, ReadingProblem> {
    let series = interval.series[metric][instance]
    guard series.kinds.isEmpty || series.kinds.contains(.timer) else {
      return .failure(mismatch(series, names[0], wanted: "timings (ms, h or d)"))
    }
    return .success(.measured(.histogram(TimerBounds.histogram(series.buckets))))
  }

  private func gauge(_ metric: Int) -> Result<Observation, ReadingProblem> {
    let series = interval.series[metric][instance]
    if series.kinds == .set { return members(series, names[0]).map { .measured(.gauge($0)) } }
    guard series.kinds.isEmpty || series.kinds.contains(.gauge) else {
      return .failure(mismatch(series, names[0], wanted: "a gauge (g)"))
    }
    switch series.level {
    case .known(let value) where !value.isFinite: return .failure(error("\(names[0]) has grown beyond all numbers"))
    case .known(let value):
      guard let age = memory.levelAge(metric, instance), age <= Self.longestLevel else {
        let minutes = Self.longestLevel.milliseconds / 60_000
        return .failure(
          ReadingProblem(.stale, detail: "\(Phrase.clean(names[0])) was not sent for \(minutes) minutes"))
      }
      return .success(.measured(.gauge(value)))
    case .onlyChanges:
      return .failure(
        ReadingProblem(
          .noData, detail: "only changes of \(Phrase.clean(names[0])) were heard, and never its level; send one"))
    case .unknown:
      return .failure(ReadingProblem(.noData, detail: "no level of \(Phrase.clean(names[0])) was heard"))
    }
  }

  private func mismatch(_ series: StatsDSeries, _ name: String, wanted: String) -> ReadingProblem {
    error("\(name) comes as \(series.kinds.phrase), and the check wants \(wanted)")
  }

  private func error(_ detail: String) -> ReadingProblem {
    ReadingProblem(.error, detail: Phrase.clean(detail, limit: 240))
  }
}
