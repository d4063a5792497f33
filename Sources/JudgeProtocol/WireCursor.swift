/// Reads one JSON document off a run of bytes, front to back. Strict about structure, and quick: a tick of ten
/// kilobytes is read in tens of microseconds. Strings are compared as written; the protocol has none with escapes
/// that matter.
struct WireCursor {
  private let bytes: [UInt8]
  private(set) var place = 0
  private var depth = 0

  /// Objects and arrays within one another. The protocol has five; each costs stack.
  private static let maximumDepth = 32

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func skipSpace() {
    while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
  }

  mutating func next() throws(WireError) -> UInt8 {
    if place < bytes.count, bytes[place] > 0x20 { return bytes[place] }
    skipSpace()
    guard place < bytes.count else { throw WireError.malformed(at: place, expected: "more input") }
    return bytes[place]
  }

  /// Takes the byte if it is next.
  mutating func take(_ byte: UInt8) throws(WireError) -> Bool {
    guard try next() == byte else { return false }
    place += 1
    return true
  }

  mutating func expect(_ byte: UInt8) throws(WireError) {
    guard try take(byte) else {
      throw WireError.malformed(at: place, expected: "'\(Character(UnicodeScalar(byte)))'")
    }
  }

  mutating func string() throws(WireError) -> String {
    try expect(UInt8(ascii: "\""))
    let start = place
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard place < bytes.count else { throw WireError.malformed(at: start, expected: "the end of a string") }
    defer { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  /// The members of an object: `body` gets each key and must read its value.
  mutating func object(_ body: (String, inout WireCursor) throws(WireError) -> Void) throws(WireError) {
    try expect(UInt8(ascii: "{"))
    try enter()
    defer { depth -= 1 }
    if try take(UInt8(ascii: "}")) { return }
    repeat {
      let key = try string()
      try expect(UInt8(ascii: ":"))
      try body(key, &self)
    } while try take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  mutating func array(_ body: (inout WireCursor) throws(WireError) -> Void) throws(WireError) {
    try expect(UInt8(ascii: "["))
    try enter()
    defer { depth -= 1 }
    if try take(UInt8(ascii: "]")) { return }
    repeat { try body(&self) } while try take(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
  }

  private mutating func enter() throws(WireError) {
    guard depth < Self.maximumDepth else {
      throw WireError.malformed(at: place, expected: "no more than \(Self.maximumDepth) levels")
    }
    depth += 1
  }

  mutating func number() throws(WireError) -> Double {
    _ = try next()
    let start = place
    let isNegative = bytes[place] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    let first = place
    var whole = 0
    while place < bytes.count, bytes[place] &- 0x30 < 10, place - first < 18 {
      whole = whole * 10 + Int(bytes[place] - 0x30)
      place += 1
    }
    guard place > first else { throw WireError.malformed(at: start, expected: "a number") }
    if place < bytes.count, isInNumber(bytes[place]) { return try decimal(from: start) }
    return Double(isNegative ? -whole : whole)
  }

  private func isInNumber(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") || byte == UInt8(ascii: "+")
      || byte == UInt8(ascii: "-")
  }

  private mutating func decimal(from start: Int) throws(WireError) -> Double {
    while place < bytes.count, isInNumber(bytes[place]) { place += 1 }
    guard let value = Double(String(decoding: bytes[start..<place], as: UTF8.self)), value.isFinite else {
      throw WireError.malformed(at: start, expected: "a finite number")
    }
    return value
  }

  /// Reads past a value that is not needed.
  mutating func skip() throws(WireError) {
    switch try next() {
    case UInt8(ascii: "{"): try object { _, cursor throws(WireError) in try cursor.skip() }
    case UInt8(ascii: "["): try array { cursor throws(WireError) in try cursor.skip() }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      while place < bytes.count, bytes[place] >= UInt8(ascii: "a"), bytes[place] <= UInt8(ascii: "z") { place += 1 }
    default: _ = try number()
    }
  }

  /// Nothing but space may follow the document.
  mutating func end() throws(WireError) {
    skipSpace()
    guard place == bytes.count else { throw WireError.malformed(at: place, expected: "the end of the line") }
  }
}

/// Why a line cannot be answered.
public enum WireError: Error, Hashable, Sendable {
  case malformed(at: Int, expected: String)
  case missing(String)
  case unknown(String, String)

  public var description: String {
    switch self {
    case .malformed(let place, let expected): "byte \(place + 1): expected \(expected)"
    case .missing(let what): "\(what) is missing"
    case .unknown(let what, let value): "unknown \(what) '\(value)'"
    }
  }
}
