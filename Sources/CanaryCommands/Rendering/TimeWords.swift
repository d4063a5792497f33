import RolloutCore

/// Times for people. UTC everywhere: hosts, controllers and readers sit in different zones.
enum TimeWords {
  /// `2026-11-21T12:03:44Z`. Years outside 0 to 9999 show as the nearest of those.
  static func utc(_ time: Timestamp) -> String { "\(date(time))T\(clock(time))" }

  /// `12:03:44Z`
  static func clock(_ time: Timestamp) -> String {
    let seconds = modulo(seconds(time), 86_400)
    return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))Z"
  }

  /// `2026-11-21T12:03:44.250Z`
  static func precise(_ time: Timestamp) -> String {
    let rest = String(modulo(clamped(time), 1000))
    return utc(time).dropLast() + "." + String(repeating: "0", count: 3 - rest.count) + rest + "Z"
  }

  /// `2026-11-21 12:03Z`, for tables.
  static func minute(_ time: Timestamp) -> String { "\(date(time)) \(clock(time).prefix(5))Z" }

  /// The length in the two largest units that matter: `4m10s`, `2h05m`, `3d4h`, `12s`. Never negative.
  static func length(_ span: TimeSpan) -> String {
    let total = max(0, span.milliseconds) / 1000
    let (days, hours, minutes, seconds) = (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60)
    if days > 0 { return hours > 0 ? "\(days)d\(hours)h" : "\(days)d" }
    if hours > 0 { return minutes > 0 ? "\(hours)h\(two(minutes))m" : "\(hours)h" }
    if minutes > 0 { return seconds > 0 ? "\(minutes)m\(two(seconds))s" : "\(minutes)m" }
    return "\(seconds)s"
  }

  /// A length that is only about so: `45s`, `9m`, `2h10m`.
  static func about(_ span: TimeSpan) -> String {
    let seconds = max(0, span.milliseconds) / 1000
    if seconds < 90 { return length(.seconds(max(5, (seconds + 2) / 5 * 5))) }
    if seconds < 7200 { return length(.minutes((seconds + 30) / 60)) }
    if seconds < 172_800 { return length(.minutes((seconds + 300) / 600 * 10)) }
    return length(.seconds(seconds))
  }

  /// `in 4m10s`, or `any moment` once it is past.
  static func until(_ deadline: Timestamp, now: Timestamp) -> String {
    let left = deadline - now
    return left.milliseconds < 1000 ? "any moment" : "in \(length(left))"
  }

  /// `4m10s ago`, or `just now`.
  static func ago(_ time: Timestamp, now: Timestamp) -> String {
    let past = now - time
    return past.milliseconds < 1000 ? "just now" : "\(length(past)) ago"
  }

  /// `in 4m10s, at 12:07:54Z`; with the date when that is more than a day away.
  static func deadline(_ deadline: Timestamp, now: Timestamp) -> String {
    let left = deadline - now
    let isFar = left.milliseconds > 86_400_000 || left.milliseconds < -86_400_000
    return "\(until(deadline, now: now)), at \(isFar ? utc(deadline) : clock(deadline))"
  }

  private static func seconds(_ time: Timestamp) -> Int64 { floorDivide(clamped(time), 1000) }

  /// 0000-01-01 to 9999-12-31, in milliseconds since 1970.
  private static func clamped(_ time: Timestamp) -> Int64 {
    min(max(time.milliseconds, -62_167_219_200_000), 253_402_300_799_999)
  }

  /// Days since 1970-01-01 to a civil date, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
  /// `civil_from_days`: eras of 400 years, years that begin in March.
  private static func date(_ time: Timestamp) -> String {
    let shifted = floorDivide(seconds(time), 86_400) + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = String(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))
    return String(repeating: "0", count: max(0, 4 - year.count)) + "\(year)-\(two(month))-\(two(day))"
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { (a - modulo(a, b)) / b }

  private static func modulo(_ a: Int64, _ b: Int64) -> Int64 {
    let rest = a % b
    return rest < 0 ? rest + b : rest
  }

  private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
