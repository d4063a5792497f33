internal import CanaryJudge
internal import ImmuneSystem
internal import RolloutCore
internal import RolloutEngine

/// Makes one reader's observations into looks.
struct LookDraft {
  private let interval: TimeSpan
  private var checks: [Check]
  private var arms: [JudgeTick.Arm]?
  /// When positions were seen to have changed arm last.
  private var changes: [Int: Timestamp] = [:]

  private struct Check {
    let index: Int
    /// End of the last look in which anything was seen: what grew since is in the next.
    var lastSeen: Timestamp?
    /// Positions whose next counts are not those of the look: they changed arm since they were last seen, or were
    /// silent while others were seen, and then catch up on more time than the others' counts cover.
    var moved: Set<Int> = []

    mutating func look(_ observed: [Observation]) -> CheckLook {
      let look = LookDraft.check(index, observed, moved: &moved)
      if observed.contains(where: \.isSight) {
        for (position, observation) in observed.enumerated() {
          if case .none = observation { moved.insert(position) }
        }
      }
      return look
    }
  }

  init(checks: [Int], interval: TimeSpan) {
    self.interval = interval
    self.checks = checks.map { Check(index: $0) }
  }

  /// One look for the checks that cover the same time; none for a check that has nothing new yet.
  mutating func looks(_ observations: [[Observation]], at now: Timestamp, in segment: Segment) -> [Look] {
    let before = arms ?? segment.arms
    let changed = segment.arms.indices.filter { before[$0] != segment.arms[$0] }
    arms = segment.arms
    for position in changed { changes[position] = now }
    var looks: [Look] = []
    for (position, raw) in zip(checks.indices, observations) {
      let observed = raw.enumerated().map { own($1, $0) }
      checks[position].moved.formUnion(changed)
      if observed.allSatisfy({ $0 == .pending }) { continue }
      let duration = checks[position].lastSeen.map { max(.zero, now - $0) } ?? interval
      let look = checks[position].look(observed)
      if observed.contains(where: \.isSight) { checks[position].lastSeen = now }
      if let same = looks.firstIndex(where: { $0.duration == duration }) {
        looks[same].checks.append(look)
      } else {
        looks.append(Look(at: now, duration: duration, checks: [look]))
      }
    }
    return looks
  }

  /// What belongs to the present arm: a stretch that began before the change is nobody's.
  private func own(_ observation: Observation, _ position: Int) -> Observation {
    guard case .covering(let measurement, let since) = observation else { return observation }
    if let change = changes[position], since < change { return .first }
    return .measured(measurement)
  }

  /// A look of the past, as the source keeps it; in order.
  mutating func look(_ past: PastLook) -> Look {
    var looks: [CheckLook] = []
    for (position, raw) in zip(checks.indices, past.observations) {
      let observed = raw.enumerated().map { own($1, $0) }
      if !observed.allSatisfy({ $0 == .pending }) { looks.append(checks[position].look(observed)) }
    }
    return Look(at: past.at, duration: past.duration, checks: looks)
  }

  private static func check(_ check: Int, _ observed: [Observation], moved: inout Set<Int>) -> CheckLook {
    var look = CheckLook(check: check, readings: [])
    for (position, observation) in observed.enumerated() {
      let hasMoved = moved.contains(position)
      if observation.isSight { moved.remove(position) }
      let gap: Gap
      switch observation {
      case .measured(let measurement) where !measurement.isSound:
        gap = Gap(position: position, kind: .error, detail: "a number that is no measurement")
      case .measured(let measurement) where !hasMoved || measurement.isMomentary:
        look.readings.append(measurement)
        continue
      case .measured, .covering, .first, .pending: gap = Gap(position: position, kind: .first)
      case .none(let problem): gap = Gap(position: position, kind: problem.gapKind, detail: problem.detail)
      }
      look.readings.append(.missing)
      look.gaps.append(gap)
    }
    return look
  }
}

extension Observation {
  fileprivate var isSight: Bool {
    switch self {
    case .measured, .covering, .first: true
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
