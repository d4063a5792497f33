/// Numbers and percentages as policies write them.
enum NumberText {
  /// Decimal digits, no sign, no leading zero, no separators.
  static func integer(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy(isDigit) else { return nil }
    guard text == "0" || text.utf8.first != UInt8(ascii: "0") else { return nil }
    return Int(text)
  }

  /// A decimal number such as `0.99`, `-3` or `1e6`; finite.
  static func number(_ text: String) -> Double? {
    var rest = Array(text.utf8)[...]
    guard rest.count <= 32 else { return nil }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    guard dropDigits(&rest) else { return nil }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard dropDigits(&rest) else { return nil }
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest.removeFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
      guard dropDigits(&rest) else { return nil }
    }
    guard rest.isEmpty, let value = Double(text), value.isFinite else { return nil }
    return value
  }

  /// The number in front of `%`: `12.5%` is 12.5. No sign, no exponent.
  static func percentage(_ text: String) -> Double? {
    guard text.hasSuffix("%") else { return nil }
    let digits = text.dropLast()
    guard digits.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else { return nil }
    return number(String(digits))
  }

  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func dropDigits(_ rest: inout ArraySlice<UInt8>) -> Bool {
    let run = rest.prefix(while: isDigit)
    rest = rest[run.endIndex...]
    return !run.isEmpty
  }
}
