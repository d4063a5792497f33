/// The absolute bound of a check, fed with the updated arm's value: a ratio once enough exposure has come together, any
/// other value as it is. Breached after three intervals in a row beyond it.
struct LimitGuard: Hashable, Sendable {
  private var limit: AbsoluteLimit
  private var siblings: AbsoluteLimit
  private var window: RatioWindow
  private var siblingsWindow: RatioWindow
  /// −1 where lower is worse: both the bound and the values are turned round.
  private let sign: Double

  /// Fewest events' worth of exposure that make a ratio a measurement.
  static let minimumExposure = 20.0

  init?(rule: CheckRule) {
    guard let bound = rule.limit, !bound.isNaN else { return nil }
    sign = rule.kind.direction
    limit = AbsoluteLimit(bound: sign * bound)
    siblings = limit
    let exposure: Double
    switch rule.kind {
    // Enough that a bound of 1 in 1,000 is not broken by one event.
    case .ratio: exposure = max(Self.minimumExposure, min(3 / max(abs(bound), 1e-9), 10_000))
    default: exposure = 10
    }
    window = RatioWindow(minimum: exposure)
    siblingsWindow = window
  }

  mutating func record(_ tick: RateTick) {
    if let value = window.record(events: tick.canaryEvents, exposure: tick.canaryExposure) {
      limit.record(sign * value)
    }
    if let value = siblingsWindow.record(events: tick.baselineEvents, exposure: tick.baselineExposure) {
      siblings.record(sign * value)
    }
  }

  mutating func record(updated: Double?, siblings other: Double?) {
    if let updated { limit.record(sign * updated) }
    if let other { siblings.record(sign * other) }
  }

  var isBreached: Bool { limit.isBreached }
  var isHeld: Bool { limit.isHeld }
  var lastValue: Double? { limit.lastValue.map { sign * $0 } }
  var isBreachedBySiblings: Bool { siblings.isBreached }
}

extension CheckRule.Kind {
  /// −1 where lower values are worse, else +1.
  var direction: Double {
    switch self {
    case .ratio(.lower), .gauge(.lower), .rate(.lower): -1
    default: 1
    }
  }

  /// What tells a check's quantile parts apart: `p90`, `p99`, `p99.9`.
  static func partName(_ quantile: Double) -> String {
    let tenths = Int((quantile * 1000).rounded())
    return tenths % 10 == 0 ? "p\(tenths / 10)" : "p\(tenths / 10).\(tenths % 10)"
  }
}
