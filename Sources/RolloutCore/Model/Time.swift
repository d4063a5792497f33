/// A wall-clock instant in milliseconds since 1970-01-01T00:00:00Z. It is handed in, never read from a clock here.
public struct Timestamp: Hashable, Comparable, Codable, Sendable {
  public var milliseconds: Int64
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  public init(from decoder: any Decoder) throws {
    milliseconds = try decoder.singleValueContainer().decode(Int64.self)
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
  public static func + (a: Self, b: TimeSpan) -> Self {
    Self(milliseconds: clampedSum(a.milliseconds, b.milliseconds))
  }
  public static func - (a: Self, b: Self) -> TimeSpan {
    TimeSpan(milliseconds: clampedDifference(a.milliseconds, b.milliseconds))
  }
}

/// A length of time in milliseconds.
public struct TimeSpan: Hashable, Comparable, Codable, Sendable {
  public var milliseconds: Int64
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  public init(from decoder: any Decoder) throws {
    milliseconds = try decoder.singleValueContainer().decode(Int64.self)
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
  public static let zero = TimeSpan(milliseconds: 0)
  public static func seconds(_ n: Int64) -> Self { Self(milliseconds: n * 1000) }
  public static func minutes(_ n: Int64) -> Self { Self(milliseconds: n * 60_000) }
  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
  public static func + (a: Self, b: Self) -> Self { Self(milliseconds: clampedSum(a.milliseconds, b.milliseconds)) }
  public static func - (a: Self, b: Self) -> Self {
    Self(milliseconds: clampedDifference(a.milliseconds, b.milliseconds))
  }
}

// Stamps come from journals and networks: an absurd one must not trap.

private func clampedDifference(_ a: Int64, _ b: Int64) -> Int64 {
  let (difference, overflow) = a.subtractingReportingOverflow(b)
  return overflow ? (b < 0 ? .max : .min) : difference
}

private func clampedSum(_ a: Int64, _ b: Int64) -> Int64 {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? (a > 0 ? .max : .min) : sum
}

extension TimeSpan: CustomStringConvertible {
  /// As a policy writes it, exact to the millisecond: `250ms`, `1.5s`, `90s` as `1m30s`, `1h5m`.
  public var description: String {
    if milliseconds < 0 { return "-" + TimeSpan(milliseconds: Int64(clamping: milliseconds.magnitude)).description }
    if milliseconds < 1000 { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
    let (totalSeconds, rest) = (milliseconds / 1000, milliseconds % 1000)
    let (hours, minutes, seconds) = (totalSeconds / 3600, totalSeconds / 60 % 60, totalSeconds % 60)
    var text = ""
    if hours > 0 { text += "\(hours)h" }
    if minutes > 0 { text += "\(minutes)m" }
    if seconds > 0 || rest > 0 {
      text += "\(seconds)"
      if rest > 0 {
        var digits = String(rest + 1000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        text += "." + digits
      }
      text += "s"
    }
    return text
  }
}
