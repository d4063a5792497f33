internal import Glibc

/// Numbers for people: three significant digits.
enum Figure {
  static func plain(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let digits = 2 - Int(floor(log10(abs(value))))
    guard (-12...12).contains(digits) else { return "\(value)" }
    let scale = pow(10, Double(abs(digits)))
    let rounded = digits >= 0 ? (value * scale).rounded() / scale : (value / scale).rounded() * scale
    if rounded == rounded.rounded(), abs(rounded) < 1e15 { return "\(Int64(rounded))" }
    return "\(rounded)"
  }

  static func percent(_ share: Double) -> String { plain(share * 100) + " %" }

  static func count(_ value: Double) -> String {
    value.isFinite && abs(value) < 1e15 ? "\(Int64(value.rounded()))" : "\(value)"
  }
}
