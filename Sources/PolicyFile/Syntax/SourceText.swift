/// A document cut into lines, checked to be text that shows on a screen as what it is.
struct SourceText: Sendable {
  /// Largest document that is looked at.
  static let maximumBytes = 256 * 1024
  /// Longest line. Keeps columns, carets and error messages cheap and readable.
  static let maximumLineBytes = 8192

  let path: String
  let bytes: [UInt8]
  /// Byte ranges of the lines without their line breaks.
  let lines: [Range<Int>]

  init(_ bytes: [UInt8], path: String) {
    self.path = path
    let kept = bytes.count > Self.maximumBytes ? [] : bytes
    self.bytes = kept
    var lines: [Range<Int>] = []
    var start = 0
    kept.withUnsafeBufferPointer { kept in
      for (index, byte) in kept.enumerated() where byte == UInt8(ascii: "\n") {
        let end = index > start && kept[index - 1] == UInt8(ascii: "\r") ? index - 1 : index
        lines.append(start..<end)
        start = index + 1
      }
    }
    if start < kept.count { lines.append(start..<kept.count) }
    self.lines = lines
  }

  /// The text of a line, numbered from 1; empty where there is none. An overlong line is cut.
  func line(_ number: Int) -> String {
    guard number >= 1, number <= lines.count else { return "" }
    return String(decoding: bytes[lines[number - 1].prefix(Self.maximumLineBytes)], as: UTF8.self)
  }

  /// Number of Unicode scalars in a range of bytes.
  func width(_ range: Range<Int>) -> Int {
    var count = 0
    for index in range where bytes[index] & 0xC0 != 0x80 { count += 1 }
    return count
  }

  /// Reports everything about the bytes themselves that rules the document out. True when it may be read on.
  static func check(_ original: [UInt8], into sink: inout DiagnosticSink) -> Bool {
    guard original.count <= maximumBytes else {
      sink.error(
        .fileTooLarge, Span(line: 1, column: 1),
        "the file has \(original.count) bytes, and at most \(maximumBytes) are read",
        help: "move the list of hosts into a file of its own: `instances: {file: hosts.txt}`")
      return false
    }
    var isReadable = true
    for (index, range) in sink.source.lines.enumerated() {
      if range.count > maximumLineBytes {
        isReadable = false
        sink.error(
          .lineTooLong, Span(line: index + 1, column: 1),
          "the line has \(range.count) bytes, and at most \(maximumLineBytes) are read",
          help: "write the list with one item a line")
      } else if !checkLine(index + 1, range, into: &sink) {
        isReadable = false
      }
      if sink.isFull { return false }
    }
    return isReadable
  }

  private static func checkLine(_ number: Int, _ range: Range<Int>, into sink: inout DiagnosticSink) -> Bool {
    let isPlain = sink.source.bytes.withUnsafeBufferPointer { bytes in
      range.allSatisfy { (0x20..<0x7F).contains(bytes[$0]) || bytes[$0] == UInt8(ascii: "\t") }
    }
    if isPlain { return true }
    guard let text = String(validating: sink.source.bytes[range], as: UTF8.self) else {
      sink.error(
        .notUTF8, Span(line: number, column: columnOfInvalidByte(sink.source.bytes[range])),
        "bytes that are not UTF-8 text", help: "save the file as UTF-8")
      return false
    }
    var column = 0
    for scalar in text.unicodeScalars {
      column += 1
      guard scalar.isUnsafeInText, scalar != "\t" else { continue }
      let span = Span(line: number, column: column)
      if scalar.value == 0xFEFF {
        sink.error(
          .byteOrderMark, span, "a byte order mark", help: "save the file as UTF-8 without a byte order mark")
      } else {
        sink.error(
          .controlCharacter, span, "the invisible character \(scalar.codePoint)",
          help: scalar == "\r" ? "end lines with a line feed" : "delete it")
      }
      return false
    }
    return true
  }

  private static func columnOfInvalidByte(_ line: ArraySlice<UInt8>) -> Int {
    var decoder = UTF8()
    var bytes = line.makeIterator()
    var column = 1
    while case .scalarValue = decoder.decode(&bytes) { column += 1 }
    return column
  }
}

/// Counts columns from left to right, each scalar of a line once however many spans are asked for.
struct ColumnCounter {
  private var line = 0
  private var byte = 0
  private var column = 0

  mutating func span(_ range: Range<Int>, line number: Int, in source: SourceText) -> Span {
    if number != line || range.lowerBound < byte {
      (line, byte, column) = (number, source.lines[number - 1].lowerBound, 1)
    }
    column += source.width(byte..<range.lowerBound)
    byte = range.lowerBound
    return Span(line: number, column: column, length: source.width(range))
  }
}

extension Unicode.Scalar {
  /// As in `U+200B`.
  var codePoint: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
  }
}
