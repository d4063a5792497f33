import RolloutCore

/// A JSON value whose objects keep the order they were written in, so that a person can read a line from the left.
indirect enum JSONText: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral
{
  case null
  case bool(Bool)
  case integer(Int64)
  /// Infinities and NaN, which JSON lacks, are written as null.
  case number(Double)
  case string(String)
  case array([JSONText])
  case object([(String, JSONText)])

  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }

  static func == (a: Self, b: Self) -> Bool { a.line == b.line }
  func hash(into hasher: inout Hasher) { hasher.combine(line) }

  static func count(_ value: Int) -> JSONText { .integer(Int64(value)) }
  static func text(_ value: String?) -> JSONText { value.map { .string($0) } ?? .null }
  static func time(_ value: Timestamp?) -> JSONText { value.map { .string(TimeWords.precise($0)) } ?? .null }
  static func span(_ value: TimeSpan?) -> JSONText { value.map { .number(Double($0.milliseconds) / 1000) } ?? .null }
  static func amount(_ value: Double?) -> JSONText { value.map { .number($0) } ?? .null }

  /// On one line.
  var line: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// Over several lines, indented by two.
  var document: String {
    var text = ""
    write(to: &text, indent: 0)
    return text
  }

  private func write(to text: inout String, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += Self.number(value)
    case .string(let value): Self.write(value, to: &text)
    case .array(let items):
      Self.write(items.map { (nil, $0) }, "[", "]", to: &text, indent: indent)
    case .object(let members):
      Self.write(members.map { ($0.0, $0.1) }, "{", "}", to: &text, indent: indent)
    }
  }

  private static func write(
    _ items: [(String?, JSONText)], _ open: String, _ close: String, to text: inout String, indent: Int?
  ) {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += "," }
      if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
      if let name = item.0 {
        write(name, to: &text)
        text += indent == nil ? ":" : ": "
      }
      item.1.write(to: &text, indent: indent.map { $0 + 1 })
    }
    if let indent, !items.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
    text += close
  }

  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return String(value)
  }

  /// RFC 8259, section 7. C1 controls and bidi marks are escaped too, since people print these lines on terminals.
  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        let category = scalar.properties.generalCategory
        let isHidden = category == .control || category == .format || scalar.value == 0x2028 || scalar.value == 0x2029
        if isHidden {
          for unit in String(scalar).utf16 { text += "\\u" + hex(unit) }
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }

  private static func hex(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}
