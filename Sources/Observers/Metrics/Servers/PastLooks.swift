internal import RolloutCore

/// Looks of the past, cut out of what a server kept.
struct PastLooks {
  private var paced: [PacedCheck]
  private let start: Int64
  private let end: Int64
  private let step: Int64
  /// End of the next look, and of the last one that showed something.
  private var next: Int64
  private var last: Int64
  private(set) var finished: [PastLook] = []
  private var broken: [ReadingProblem?]
  private var waiting: [[PacedCheck.Found]]

  init(_ paced: [PacedCheck], from start: Timestamp, to end: Timestamp, interval: TimeSpan) {
    self.paced = paced
    self.start = start.milliseconds
    self.end = end.milliseconds
    step = max(1, interval.milliseconds)
    next = self.start + step
    last = self.start
    broken = Array(repeating: nil, count: paced.count)
    waiting = Array(repeating: [], count: paced.count)
  }

  /// Stretches to ask for: they end with a look, and the first begins early enough to say where counting begins.
  static func stretches(from start: Timestamp, to end: Timestamp, interval: TimeSpan) -> [(from: Int64, to: Int64)] {
    let step = max(1, interval.milliseconds)
    let part = max(1, longest / step) * step
    var result: [(from: Int64, to: Int64)] = []
    var begin = start.milliseconds
    while begin < end.milliseconds {
      let until = min(begin + part, end.milliseconds)
      result.append((result.isEmpty ? begin - before : begin, until))
      begin = until
    }
    return result
  }

  /// Milliseconds asked for at once.
  private static let longest: Int64 = 600_000
  /// Two scrapes of a minute, and some time for the second to be stored.
  private static let before: Int64 = 150_000

  /// Everything of `(from, to]`, by check. Stretches come in order.
  mutating func add(_ answers: [Result<[PacedCheck.Found], MetricServer.Failure>], from: Int64, to: Int64) {
    for (check, answer) in answers.enumerated() {
      switch answer {
      case .success(let found):
        broken[check] = nil
        waiting[check] = found
      case .failure(let failure):
        broken[check] = failure.problem
        waiting[check] = []
      }
    }
    var begin = from
    while next <= to {
      look(from: begin, to: next)
      (begin, next) = (next, next + step)
    }
  }

  private mutating func look(from begin: Int64, to end: Int64) {
    let observations = observe(from: begin, to: end)
    let hasData = observations.joined().contains { if case .measured = $0 { true } else { false } }
    if hasData {
      finished.append(
        PastLook(
          at: Timestamp(milliseconds: end), duration: TimeSpan(milliseconds: end - last), observations: observations))
    }
    // What is held is about the time since the last look that was handed over.
    if hasData || !observations.joined().contains(.pending) { last = end }
  }

  private mutating func observe(from begin: Int64, to end: Int64) -> [[Observation]] {
    paced.indices.map { check in
      if let problem = broken[check] {
        return Array(repeating: .none(problem), count: paced[check].count)
      }
      let part = waiting[check].map { found in
        PacedCheck.Found(
          series: found.series.map { $0.within(begin, end) }, bad: found.bad.map { $0.within(begin, end) },
          step: found.step, problem: found.problem)
      }
      return paced[check].look(part, origin: start, now: end)
    }
  }
}
