internal import CanaryJudge
internal import ImmuneSystem
internal import RolloutCore
internal import RolloutEngine

/// Makes one reader's observations into looks.
struct LookDraft {
  let checks: [Int]
  /// End of the last look in which anything was seen: what grew since is in the next.
  private var lastSeen: Timestamp?
  /// Arms at the last look: what an instance showed belongs to no arm when it changed meanwhile.
  private var arms: [JudgeTick.Arm]?
  /// By check: instances that changed arm while what they showed was held back.
  private var moved: [Set<Int>]
  private let interval: TimeSpan

  init(checks: [Int], interval: TimeSpan) {
    self.checks = checks
    self.interval = interval
    moved = checks.map { _ in [] }
  }

  mutating func look(_ observations: [[Observation]], at now: Timestamp, in segment: Segment) -> Look {
    let before = arms ?? segment.arms
    arms = segment.arms
    let duration = lastSeen.map { max(.zero, now - $0) } ?? interval
    if observations.contains(where: { $0.contains { $0.isSight } }) { lastSeen = now }
    let changed = segment.arms.indices.filter { before[$0] != segment.arms[$0] }
    let looks = zip(checks.indices, observations).map { index, observed in
      let moved = moved[index].union(changed)
      self.moved[index] = moved.filter { observed[$0] == .pending }
      return Self.check(checks[index], observed, isMoved: moved.contains)
    }
    return Look(at: now, duration: duration, checks: looks)
  }

  /// A look of the past, as the source keeps it.
  func look(_ past: PastLook) -> Look {
    let looks = zip(checks, past.observations).map { Self.check($0, $1, isMoved: { _ in false }) }
    return Look(at: past.at, duration: past.duration, checks: looks)
  }

  private static func check(_ check: Int, _ observed: [Observation], isMoved: (Int) -> Bool) -> CheckLook {
    var readings: [Measurement] = []
    var gaps: [Gap] = []
    for (position, observation) in observed.enumerated() {
      switch observation {
      case .measured(let measurement) where !measurement.isSound:
        readings.append(.missing)
        gaps.append(Gap(position: position, kind: .error, detail: "a number that is no measurement"))
      case .measured(let measurement) where !isMoved(position) || measurement.isMomentary:
        readings.append(measurement)
      case .measured, .first, .pending:
        readings.append(.missing)
        gaps.append(Gap(position: position, kind: .first))
      case .none(let problem):
        readings.append(.missing)
        gaps.append(Gap(position: position, kind: problem.gapKind, detail: problem.detail))
      }
    }
    return CheckLook(check: check, readings: readings, gaps: gaps)
  }
}

extension Observation {
  fileprivate var isSight: Bool {
    switch self {
    case .measured, .first: true
    case .pending, .none: false
    }
  }
}

extension ReadingProblem {
  fileprivate var gapKind: Gap.Kind {
    switch kind {
    case .noData: .noData
    case .stale: .stale
    case .partial: .partial
    case .error: .error
    }
  }
}

extension Measurement {
  /// What it says holds now and not of the time since the last look.
  fileprivate var isMomentary: Bool { if case .gauge = self { true } else { false } }

  /// Finite, and not negative where it counts.
  fileprivate var isSound: Bool {
    switch self {
    case .missing: false
    case .counts(let events, let exposure): events.isFinite && exposure.isFinite && events >= 0 && exposure >= 0
    case .gauge(let value): value.isFinite
    case .histogram(let histogram):
      histogram.buckets.allSatisfy { $0.count.isFinite && $0.count >= 0 }
        && zip(histogram.upperBounds, histogram.upperBounds.dropFirst()).allSatisfy { $0 < $1 }
    }
  }
}
