/// A place in a document: one line, a column and a number of columns.
public struct Span: Hashable, Sendable {
  /// From 1.
  public var line: Int
  /// From 1, in Unicode scalars.
  public var column: Int
  /// In Unicode scalars; at least 1.
  public var length: Int
  public init(line: Int, column: Int, length: Int = 1) {
    self.line = line
    self.column = column
    self.length = max(1, length)
  }
}

/// One thing that is wrong, or doubtful, in a file that a person wrote.
public struct Diagnostic: Hashable, Sendable {
  public var code: DiagnosticCode
  public var severity: Severity
  /// The file as the caller named it.
  public var path: String
  public var span: Span
  /// What is wrong, as a lower-case phrase.
  public var message: String
  /// What to write instead, or nil when the message says it all.
  public var help: String?
  /// The line that `span` is on, without its line break. Empty where the file has no such line.
  public var sourceLine: String

  public enum Severity: String, Hashable, Sendable, CaseIterable { case error, warning }

  public var line: Int { span.line }
  public var column: Int { span.column }
  public var length: Int { span.length }

  public init(
    code: DiagnosticCode, severity: Severity = .error, path: String, span: Span, message: String,
    help: String? = nil, sourceLine: String
  ) {
    self.code = code
    self.severity = severity
    self.path = path
    self.span = span
    self.message = message
    self.help = help
    self.sourceLine = sourceLine
  }
}

/// Collects what is found in one document and keeps it bounded.
struct DiagnosticSink {
  /// More than anyone repairs in one go; it also bounds the time and memory that a hostile file can cost.
  static let limit = 50

  let source: SourceText
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var dropped = 0
  private(set) var hasErrors = false

  init(source: SourceText) { self.source = source }

  var isFull: Bool { diagnostics.count >= Self.limit }

  mutating func error(_ code: DiagnosticCode, _ span: Span, _ message: String, help: String? = nil) {
    hasErrors = true
    add(code, .error, span, message, help)
  }

  mutating func warning(_ code: DiagnosticCode, _ span: Span, _ message: String, help: String? = nil) {
    add(code, .warning, span, message, help)
  }

  /// Everything found, in the order of the document.
  func sorted() -> [Diagnostic] {
    var all = diagnostics.enumerated().sorted { a, b in
      let (x, y) = (a.element.span, b.element.span)
      return (x.line, x.column, a.offset) < (y.line, y.column, b.offset)
    }.map(\.element)
    if dropped > 0, let last = all.last {
      all.append(
        Diagnostic(
          code: .moreProblems, severity: hasErrors ? .error : .warning, path: source.path, span: last.span,
          message: "\(dropped) more problem\(dropped == 1 ? " is" : "s are") not shown",
          help: "repair these first, then run the command again", sourceLine: last.sourceLine))
    }
    return all
  }

  private mutating func add(
    _ code: DiagnosticCode, _ severity: Diagnostic.Severity, _ span: Span, _ message: String, _ help: String?
  ) {
    guard !isFull else {
      dropped += 1
      return
    }
    diagnostics.append(
      Diagnostic(
        code: code, severity: severity, path: source.path, span: span, message: message, help: help,
        sourceLine: source.line(span.line)))
  }
}
