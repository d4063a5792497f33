/// One metric of a StatsD datagram, as Etsy's StatsD wrote it and DogStatsD extended it:
/// `name:value|type|@rate|#tag:value,tag`. DogStatsD's packed values (`name:1:2:3|d`) are one line with several values;
/// its container and timestamp fields are passed over.
struct StatsDLine: Hashable, Sendable {
  var name: String
  var value: Value
  /// The share of events that the client sends, above 0 and at most 1.
  var sampleRate = 1.0
  var tags: [Tag] = []

  struct Tag: Hashable, Sendable {
    var name: String
    var value: String
  }

  enum Value: Hashable, Sendable {
    /// `c`: the sum of the line's values; below zero takes back.
    case counter(Double)
    /// `ms`, `h` and `d`: observations, none below zero, in the unit that was sent (milliseconds for `ms`).
    case timer([Double])
    /// `g` without a sign.
    case gauge(Double)
    /// `g` with a sign changes the level there is.
    case gaugeChange(Double)
    /// `s`
    case member(String)
  }
}

/// Splits datagrams into lines. Nothing a datagram holds makes it trap: what is no line is counted.
enum StatsDParser {
  /// Hands every line to `take`, in order, and answers how many were none. Empty lines, and DogStatsD's events and
  /// service checks, which are no metrics, count as neither.
  static func lines(in datagram: [UInt8], _ take: (StatsDLine) -> Void) -> Int {
    var malformed = 0
    for piece in datagram.split(separator: UInt8(ascii: "\n")) {
      let text = piece.last == UInt8(ascii: "\r") ? piece.dropLast() : piece
      if text.isEmpty || text.starts(with: Self.event) || text.starts(with: Self.serviceCheck) { continue }
      if let line = line(text) { take(line) } else { malformed += 1 }
    }
    return malformed
  }

  private static let event = Array("_e{".utf8)
  private static let serviceCheck = Array("_sc|".utf8)

  static func line(_ text: ArraySlice<UInt8>) -> StatsDLine? {
    let sections = text.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
    guard sections.count >= 2, let colon = sections[0].firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex,
      let value = value(sections[0][sections[0].index(after: colon)...], type: sections[1])
    else { return nil }
    var line = StatsDLine(name: String(decoding: sections[0][..<colon], as: UTF8.self), value: value)
    for section in sections.dropFirst(2) {
      switch section.first {
      case UInt8(ascii: "@"):
        guard let rate = number(section.dropFirst()), rate > 0, rate <= 1 else { return nil }
        line.sampleRate = rate
      case UInt8(ascii: "#"): line.tags = tags(section.dropFirst())
      default: break
      }
    }
    return line
  }

  private static func value(_ text: ArraySlice<UInt8>, type: ArraySlice<UInt8>) -> StatsDLine.Value? {
    if type.elementsEqual("s".utf8) { return .member(String(decoding: text, as: UTF8.self)) }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var numbers: [Double] = []
    for part in parts {
      guard let number = number(part) else { return nil }
      numbers.append(number)
    }
    if type.elementsEqual("c".utf8) {
      let sum = numbers.reduce(0, +)
      return sum.isFinite ? .counter(sum) : nil
    }
    if type.elementsEqual("g".utf8) { return numbers.last.map { isSigned(parts.last) ? .gaugeChange($0) : .gauge($0) } }
    guard type.elementsEqual("ms".utf8) || type.elementsEqual("h".utf8) || type.elementsEqual("d".utf8),
      numbers.allSatisfy({ $0 >= 0 })
    else { return nil }
    return .timer(numbers)
  }

  private static func isSigned(_ text: ArraySlice<UInt8>?) -> Bool {
    text?.first == UInt8(ascii: "+") || text?.first == UInt8(ascii: "-")
  }

  private static func tags(_ text: ArraySlice<UInt8>) -> [StatsDLine.Tag] {
    text.split(separator: UInt8(ascii: ",")).map { tag in
      let colon = tag.firstIndex(of: UInt8(ascii: ":")) ?? tag.endIndex
      return StatsDLine.Tag(
        name: String(decoding: tag[..<colon], as: UTF8.self),
        value: String(decoding: tag[colon...].dropFirst(), as: UTF8.self))
    }
  }

  /// Decimal, with or without exponent, and finite. `Double` alone would take `nan`, `inf` and hexadecimal too.
  private static func number(_ text: ArraySlice<UInt8>) -> Double? {
    guard text.count <= 32, text.contains(where: { (0x30...0x39).contains($0) }),
      text.allSatisfy({ (0x30...0x39).contains($0) || Self.numberSigns.contains($0) }),
      let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite
    else { return nil }
    return number
  }

  private static let numberSigns = Array("+-.eE".utf8)
}
