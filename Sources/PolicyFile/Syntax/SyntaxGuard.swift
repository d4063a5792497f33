/// Reads a document once, in linear time, before the YAML library may see it.
///
/// A policy needs a small part of YAML: block and flow collections, and values that each stand on one line. Within that
/// part this guard sees the same tokens as the library does, so that it can refuse what makes composing dangerous
/// (aliases as keys cost exponential time, deep nesting costs stack) and what makes policies unreadable (anchors, tags,
/// merge keys, block text), name every place at once, and find duplicate keys, of which the library names only the
/// first. Where it cannot be sure, it refuses.
///
/// What it reports and can cut out is masked with the same number of scalars, so that the rest can still be composed
/// and checked with unchanged positions.
struct SyntaxGuard {
  /// Collections within one another.
  static let maximumDepth = 32
  /// Values and collections. Bounds the time of the library, which allocates for each.
  static let maximumValues = 20_000

  /// A plain or quoted value or key, in the order of the document.
  struct Token {
    var line: Int
    var column: Int
    var length: Int
  }

  /// A block collection that is open, by the column (from 0) at which it stands.
  struct Block {
    var column: Int
    var isSequence: Bool
    var keys: Set<String> = []
  }

  /// A flow collection that is open.
  struct Flow {
    var opener: UInt8
    var span: Span
    var keys: Set<String> = []
    /// A value stands complete, so that only a comma or the end may follow.
    var isComplete = false
  }

  /// First of the private-use scalars that stand for what was reported already.
  static let maskBase: UInt32 = 0xF0000

  let source: SourceText
  var sink: DiagnosticSink
  var tokens: [Token] = []
  /// What the library is given.
  var masked: [UInt8]
  /// False when the document must not be composed.
  var isComposable = true
  var isStopped = false
  var blocks: [Block] = []
  var flows: [Flow] = []
  var valueCount = 0
  var maskCount: UInt32 = 0
  /// In block context: a value stands complete, so that only a sibling may follow.
  var isComplete = false
  /// A first line that is no `key: value`: the whole document, or a key that lost its colon.
  var loneValue: (span: Span, text: String)?
  var hasContent = false
  var hasDocumentStart = false
  // The line being read, from 1, and the position in it.
  var lineNumber = 0
  var columns = ColumnCounter()
  var position = 0
  var end = 0
  /// Whether a key or `-` may stand at the position, in block context.
  var mayStartEntry = true
  var lineHasKey = false
  var lineHasProperty = false
  /// Masks by byte range, applied at the end from the back.
  var masks: [(range: Range<Int>, text: [UInt8])] = []

  init(_ sink: DiagnosticSink) {
    self.source = sink.source
    self.sink = sink
    masked = []
  }

  mutating func run() {
    while lineNumber < source.lines.count, !isStopped, !sink.isFull {
      lineNumber += 1
      readLine()
    }
    if sink.isFull { isComposable = false }
    if !isStopped, let flow = flows.last {
      report(
        .unmatchedBracket, flow.span, "`\(Character(Unicode.Scalar(flow.opener)))` is not closed",
        help: "add `\(flow.opener == UInt8(ascii: "[") ? "]" : "}")`")
    }
    if isComposable { applyMasks() }
  }

  /// True when `text` is a mask: reported already.
  static func isMask(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    return first.value >= maskBase
  }

  /// Reports what makes composing pointless or dangerous.
  mutating func report(_ code: DiagnosticCode, _ span: Span, _ message: String, help: String? = nil) {
    isComposable = false
    sink.error(code, span, message, help: help)
  }

  /// Reports something after which the rest of the document cannot be understood.
  mutating func stop(_ code: DiagnosticCode, _ span: Span, _ message: String, help: String? = nil) {
    report(code, span, message, help: help)
    isStopped = true
  }

  mutating func span(_ range: Range<Int>) -> Span { columns.span(range, line: lineNumber, in: source) }

  func byte(_ index: Int) -> UInt8? { index < end ? source.bytes[index] : nil }

  func isBlankOrEnd(_ index: Int) -> Bool {
    guard let byte = byte(index) else { return true }
    return byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  var lineStart: Int { source.lines[lineNumber - 1].lowerBound }

  // MARK: - Masks

  mutating func maskWithSpaces(_ range: Range<Int>) {
    masks.append((range, [UInt8](repeating: UInt8(ascii: " "), count: source.width(range))))
  }

  /// Puts a plain value of its own in the place, unlike every other.
  mutating func maskAsReported(_ range: Range<Int>) {
    guard let scalar = Unicode.Scalar(Self.maskBase + min(maskCount, 0xFFF0)) else { return }
    maskCount += 1
    let filler = [UInt8](String(Character("\u{100000}")).utf8)
    var text = Array(String(Character(scalar)).utf8)
    for _ in 1..<max(1, source.width(range)) { text += filler }
    masks.append((range, text))
  }

  private mutating func applyMasks() {
    guard !masks.isEmpty else {
      masked = source.bytes
      return
    }
    masked.reserveCapacity(source.bytes.count * 2)
    var position = 0
    for mask in masks.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard mask.range.lowerBound >= position else { continue }
      masked += source.bytes[position..<mask.range.lowerBound]
      masked += mask.text
      position = mask.range.upperBound
    }
    masked += source.bytes[position...]
  }
}
