/// One tick as every check sees it: when it was, and who was on which side.
struct Moment: Hashable, Sendable {
  /// Seconds since the deploy at the end of the tick, and the tick's length.
  var second: Double
  var duration: Double
  /// Every instance still runs the old version, and none ever ran the new one.
  var isBeforeDeploy: Bool
  /// Updated instances that are judged: of a check, those whose initial delay is over.
  var updated: [Int]
  /// All updated instances.
  var serving: [Int]
  var siblings: [Int]
  /// The arms differ from those of the tick before; of a check, from those it was last asked about.
  var armsChanged: Bool
  /// Per instance: seconds on the new version at the beginning of the tick; nil when not on it.
  var age: [Double?]

  var start: Double { second - duration }
  /// Nothing to compare with at the same moment.
  var isSoak: Bool { siblings.isEmpty && !serving.isEmpty }
}

/// The clock of one check: when judging began, and how long since it was last due.
struct CheckClock: Hashable, Sendable {
  private var lastDue: Double?
  private(set) var startedAt: Double?

  /// Seconds judged before this tick, or nil while nothing is judged yet. Not due ticks are not passed in.
  mutating func begin(_ moment: Moment) -> Double? {
    let start = lastDue.map { max(min($0, moment.start), moment.second - 3600) } ?? moment.start
    lastDue = moment.second
    guard !moment.isBeforeDeploy, !moment.updated.isEmpty else { return nil }
    if startedAt == nil { startedAt = max(moment.start, start, 0) }
    return max(0, start - (startedAt ?? 0))
  }
}
