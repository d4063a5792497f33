public import RolloutCore

/// What a check's values are counted in.
public enum CheckUnit: String, Hashable, Sendable, CaseIterable {
  /// A part of a whole, shown in percent.
  case share
  case seconds, milliseconds, bytes
  case perSecond = "per_second"
  case bytesPerSecond = "bytes_per_second"
  /// The metric's own, which nothing names.
  case plain

  /// From the measure and the metric's name, whose last word is the base unit
  /// (https://prometheus.io/docs/practices/naming/). StatsD timers are in milliseconds.
  public init(_ check: CheckPolicy) {
    switch check.measure {
    case .ratio: self = .share
    // What is compared of a share of the traffic is the traffic itself.
    case .share: self = .perSecond
    case .rate(let metric): self = Self.named(metric) == .bytes ? .bytesPerSecond : .perSecond
    case .gauge(let metric): self = Self.named(metric) ?? .plain
    case .histogram(let metric, _):
      if let named = Self.named(metric) {
        self = named
      } else if case .statsd = check.source {
        self = .milliseconds
      } else {
        self = .plain
      }
    }
  }

  private static func named(_ metric: String) -> CheckUnit? {
    let name = metric.prefix { $0 != "{" }.lowercased()
    let words = name.split { !$0.isLetter && !$0.isNumber }
    let last = words.last { !["total", "bucket", "sum", "count"].contains($0) }
    switch last {
    case "seconds", "second", "s": return .seconds
    case "milliseconds", "millis", "ms": return .milliseconds
    case "bytes": return .bytes
    case "ratio": return .share
    default: return nil
    }
  }

  /// `0.72 %`, `243 ms`, `1.2 s`, `412 MB`, `48/s`; `–` for what was not measured.
  public func text(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    switch self {
    case .share: return Figure.percent(value)
    case .seconds: return Self.seconds(value)
    case .milliseconds: return Self.seconds(value / 1000)
    case .bytes: return Self.bytes(value)
    case .perSecond: return "\(Figure.plain(value))/s"
    case .bytesPerSecond: return "\(Self.bytes(value))/s"
    case .plain: return Figure.plain(value)
    }
  }

  private static func seconds(_ value: Double) -> String {
    let size = abs(value)
    if size >= 0.9995 || size == 0 { return "\(Figure.plain(value)) s" }
    return size < 0.0009995 ? "\(Figure.plain(value * 1e6)) µs" : "\(Figure.plain(value * 1000)) ms"
  }

  private static func bytes(_ value: Double) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var (value, unit) = (value, 0)
    while abs(value) >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return "\(Figure.plain(value)) \(units[unit])"
  }
}
