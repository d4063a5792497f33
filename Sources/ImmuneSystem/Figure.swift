/// Numbers for people: three significant digits. Without the C library's logarithms, so that a verdict's words are the
/// same wherever they are recomputed.
enum Figure {
  static func plain(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    let size = value.magnitude
    if size >= 1e15 { return "\(value)" }
    if size < 1e-12 { return "0" }
    var (decimals, edge) = (0, 100.0)
    while size < edge, decimals < 14 {
      decimals += 1
      edge /= 10
    }
    return fixed(value, decimals)
  }

  static func percent(_ share: Double) -> String { plain(share * 100) + " %" }

  /// With commas between thousands.
  static func count(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let digits = String(Int64(value.rounded()))
    var text = ""
    for (position, digit) in digits.enumerated() {
      let left = digits.count - position
      if position > 0, left.isMultiple(of: 3), text != "-" { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A stretch of time in its largest fitting unit: `40 s`, `9 min`, `2.5 h`.
  static func time(seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(count(max(1, seconds))) s"
    case ..<5400: "\(count(seconds / 60)) min"
    default: "\(plain((seconds / 360).rounded() / 10)) h"
    }
  }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    var digits = String(Int64((value.magnitude * scale).rounded()))
    if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
    var text = String(digits.dropLast(decimals))
    let fraction = digits.suffix(decimals)
    if fraction.contains(where: { $0 != "0" }) {
      text += "." + fraction
      while text.last == "0" { text.removeLast() }
    }
    return value < 0 ? "-" + text : text
  }
}
