/// Numbers for people.
enum Figures {
  /// Three significant digits: `0.00412`, `3.07`, `41.5`, `1234`; `–` for what was not measured. Below 10⁻⁹ is 0: sums
  /// of logarithms leave such remainders.
  static func short(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    let size = abs(value)
    if size < 1e-9 { return "0" }
    if size >= 1e15 { return String(value) }
    var decimals = 0
    var threshold = 100.0
    while size > 0, size < threshold, decimals < 11 {
      decimals += 1
      threshold /= 10
    }
    return fixed(value, decimals)
  }

  /// Two significant digits, three from 100 on and around 1: `1.8`, `1.02`, `0.97`, `12`, `120`.
  static func brief(_ value: Double) -> String {
    let size = abs(value)
    if size >= 100 || size == 0 { return short(value.rounded()) }
    return fixed(value, size >= 9.95 ? 0 : size >= 1.095 ? 1 : 2)
  }

  /// A whole number with thousands set off: `1,200`.
  static func count(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return short(value) }
    var digits = String(Int64(abs(value).rounded()))
    var text = ""
    while digits.count > 3 {
      text = ",\(digits.suffix(3))" + text
      digits.removeLast(3)
    }
    return (value <= -0.5 ? "-" : "") + digits + text
  }

  /// Two significant digits, for what is only about so.
  static func rounded(_ value: Double) -> Double {
    guard value.isFinite else { return value }
    var scale = 1.0
    while abs(value) / scale >= 100, scale < 1e15 { scale *= 10 }
    return (value / scale).rounded() * scale
  }

  /// `40 %` of a part from 0 to 1. Never 100 before it is all, and never 0 of something.
  static func percent(_ part: Double) -> String {
    guard part.isFinite else { return short(part) }
    let whole = (part * 100).rounded()
    if part < 1, whole >= 100 { return "99 %" }
    if part > 0, whole < 1 { return "<1 %" }
    return "\(short(whole)) %"
  }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e18 else { return String(value) }
    var digits = String(Int64(scaled))
    if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
    var text = String(digits.dropLast(decimals))
    let fraction = digits.suffix(decimals)
    if fraction.contains(where: { $0 != "0" }) {
      text += "." + fraction
      while text.last == "0" { text.removeLast() }
    }
    return value < 0 && scaled > 0 ? "-" + text : text
  }

  /// How much of `threshold` is there, as a bar of `columns`.
  static func bar(_ value: Double, of threshold: Double, columns: Int = 20) -> String {
    let share = threshold > 0 && value.isFinite ? min(max(value / threshold, 0), 1) : 0
    let full = Int((share * Double(columns)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: columns - full)
  }
}
