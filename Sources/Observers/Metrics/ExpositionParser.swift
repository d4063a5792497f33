/// Reads the Prometheus text format 0.0.4 in one pass over the bytes.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public struct ExpositionParser {
  private let bytes: [UInt8]
  private let wanted: [[UInt8]]?
  private var index = 0
  private var line = 1

  /// The samples in order. With `named` only those of that name; the other lines are still checked. One malformed
  /// line refuses the whole text: half an exposition must not look like counters that stand still.
  public static func samples(
    in bytes: [UInt8], named: [String]? = nil
  ) throws(ExpositionError) -> [MetricSample] {
    var parser = ExpositionParser(bytes: bytes, wanted: named.map { $0.map { Array($0.utf8) } })
    return try parser.run()
  }

  private init(bytes: [UInt8], wanted: [[UInt8]]?) {
    self.bytes = bytes
    self.wanted = wanted
  }

  private mutating func run() throws(ExpositionError) -> [MetricSample] {
    guard bytes.isEmpty || bytes[bytes.count - 1] == .newline else {
      throw ExpositionError(line: bytes.count { $0 == .newline } + 1, problem: .truncated)
    }
    var samples: [MetricSample] = []
    while index < bytes.count {
      skipBlanks()
      switch peek {
      case .newline: break
      case UInt8(ascii: "#"): skipToLineEnd()
      default: if let sample = try sample() { samples.append(sample) }
      }
      // Every branch ends before a line's end, and the text ends with one.
      index += 1
      line += 1
    }
    return samples
  }

  private mutating func sample() throws(ExpositionError) -> MetricSample? {
    let name = span(first: \.startsMetricName, rest: \.continuesMetricName)
    guard !name.isEmpty else { throw fail(.name) }
    let isWanted = wanted?.contains { bytes[name].elementsEqual($0) } ?? true
    skipBlanks()
    let labels = peek == UInt8(ascii: "{") ? try labels(keep: isWanted) : []
    skipBlanks()
    let value = try number()
    skipBlanks()
    let timestamp = peek == .newline ? nil : try milliseconds()
    skipBlanks()
    guard peek == .newline else { throw fail(.trailing) }
    guard isWanted else { return nil }
    return MetricSample(name: text(name), labels: labels, value: value, timestamp: timestamp)
  }

  private mutating func labels(keep: Bool) throws(ExpositionError) -> [MetricLabel] {
    var result: [MetricLabel] = []
    index += 1
    while true {
      skipBlanks()
      if peek == UInt8(ascii: "}") { break }
      let name = span(first: \.startsLabelName, rest: \.continuesLabelName)
      guard !name.isEmpty else { throw fail(peek == .newline ? .labels : .labelName) }
      skipBlanks()
      guard peek == UInt8(ascii: "=") else { throw fail(.labelValue) }
      index += 1
      skipBlanks()
      let value = try quoted(keep: keep)
      if keep { result.append(MetricLabel(name: text(name), value: value)) }
      skipBlanks()
      if peek == UInt8(ascii: ",") {
        index += 1
      } else if peek != UInt8(ascii: "}") {
        throw fail(.labels)
      }
    }
    index += 1
    return result
  }

  private mutating func quoted(keep: Bool) throws(ExpositionError) -> String {
    guard peek == UInt8(ascii: "\"") else { throw fail(.labelValue) }
    index += 1
    var start = index
    var unescaped: [UInt8] = []
    while peek != UInt8(ascii: "\"") {
      guard peek != .newline else { throw fail(.labelValue) }
      if peek == UInt8(ascii: "\\") {
        unescaped += bytes[start..<index]
        index += 1
        unescaped.append(try escaped())
        start = index + 1
      }
      index += 1
    }
    defer { index += 1 }
    guard keep else { return "" }
    if unescaped.isEmpty { return text(start..<index) }
    return String(decoding: unescaped + bytes[start..<index], as: UTF8.self)
  }

  private func escaped() throws(ExpositionError) -> UInt8 {
    switch peek {
    case UInt8(ascii: "n"): .newline
    case UInt8(ascii: "\\"), UInt8(ascii: "\""): peek
    default: throw fail(.escape)
    }
  }

  private mutating func number() throws(ExpositionError) -> Double {
    let token = token()
    if let digits = smallInteger(token) { return Double(digits) }
    guard let value = Double(text(token)) else { throw fail(.value) }
    return value
  }

  private mutating func milliseconds() throws(ExpositionError) -> Int64 {
    guard let value = Int64(text(token())) else { throw fail(.timestamp) }
    return value
  }

  /// Most values are counters: up to 15 digits are exact and need no general conversion.
  private func smallInteger(_ token: Range<Int>) -> Int64? {
    guard !token.isEmpty, token.count <= 15 else { return nil }
    var result: Int64 = 0
    for byte in bytes[token] {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      result = result * 10 + Int64(byte - 0x30)
    }
    return result
  }
}

extension ExpositionParser {
  /// A line's end stands for the end of the text too, so looking never runs past it.
  private var peek: UInt8 { index < bytes.count ? bytes[index] : .newline }

  private mutating func skipBlanks() { while peek.isBlank { index += 1 } }
  private mutating func skipToLineEnd() { while peek != .newline { index += 1 } }

  private mutating func token() -> Range<Int> {
    let start = index
    while !peek.isBlank, peek != .newline { index += 1 }
    return start..<index
  }

  private mutating func span(first: (UInt8) -> Bool, rest: (UInt8) -> Bool) -> Range<Int> {
    let start = index
    guard first(peek) else { return start..<start }
    while rest(peek) { index += 1 }
    return start..<index
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
  private func fail(_ problem: ExpositionError.Problem) -> ExpositionError {
    ExpositionError(line: line, problem: problem)
  }
}

extension UInt8 {
  fileprivate static let newline = UInt8(ascii: "\n")
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 }
  var startsLabelName: Bool {
    (0x61...0x7a).contains(self) || (0x41...0x5a).contains(self) || self == UInt8(ascii: "_")
  }
  var continuesLabelName: Bool { startsLabelName || (0x30...0x39).contains(self) }
  var startsMetricName: Bool { startsLabelName || self == UInt8(ascii: ":") }
  var continuesMetricName: Bool { continuesLabelName || self == UInt8(ascii: ":") }
}
