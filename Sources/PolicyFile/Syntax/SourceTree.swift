internal import Yams

/// A value of the document with its place. All scalars are text: what they mean is the schema's business.
struct SourceNode: Sendable {
  var span: Span
  var content: Content

  enum Content: Sendable {
    /// `isPlain` is true without quotes.
    case scalar(String, isPlain: Bool)
    /// Nothing stands where a value belongs.
    case missing
    case sequence([SourceNode])
    case mapping([Entry])
    /// Reported already.
    case reported
  }

  struct Entry: Sendable {
    var key: String
    var keySpan: Span
    var value: SourceNode
  }

  /// As a person would call it.
  var shape: String {
    switch content {
    case .scalar: "a single value"
    case .missing: "nothing"
    case .sequence: "a list"
    case .mapping: "a mapping of keys"
    case .reported: "a value"
    }
  }
}

/// Composes a guarded document and gives every value its place.
struct SourceTree {
  private let tokens: [SyntaxGuard.Token]
  private var nextToken = 0
  private var sink: DiagnosticSink

  /// The root of the document, or nil after reporting why there is none.
  static func compose(_ original: [UInt8], into sink: inout DiagnosticSink) -> SourceNode? {
    guard SourceText.check(original, into: &sink) else { return nil }
    var syntax = SyntaxGuard(sink)
    syntax.run()
    sink = syntax.sink
    guard syntax.isComposable else { return nil }
    do throws(Problem) {
      guard let root = try parse(syntax.masked) else {
        sink.error(
          .emptyFile, Span(line: 1, column: 1), "the file has no content",
          help: "start from `policies/reference.yaml`, which documents every key")
        return nil
      }
      var tree = SourceTree(tokens: syntax.tokens, sink: sink)
      let result = tree.convert(root)
      sink = tree.sink
      return result
    } catch {
      sink.error(.invalidYAML, error.span, "not valid YAML: \(error.text)", help: error.help)
      return nil
    }
  }

  private init(tokens: [SyntaxGuard.Token], sink: DiagnosticSink) {
    self.tokens = tokens
    self.sink = sink
  }

  // MARK: - The library

  private struct Problem: Error {
    var span: Span
    var text: String
    var help: String?
  }

  private static func parse(_ bytes: [UInt8]) throws(Problem) -> Node? {
    do {
      // No resolver: it would guess types, with regular expressions, for every key.
      return try Yams.compose(
        yaml: String(decoding: bytes, as: UTF8.self), Resolver.basic, .default, .utf8)
    } catch let error as YamlError {
      throw problem(error)
    } catch {
      throw Problem(span: Span(line: 1, column: 1), text: "the document cannot be read")
    }
  }

  private static func problem(_ error: YamlError) -> Problem {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let place = context.map { " \($0.text) that starts in line \($0.mark.line)" } ?? ""
      return Problem(
        span: Span(line: mark.line, column: mark.column), text: problem + place,
        help: "look at the indentation, brackets and quotes here and in the line above")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.prefix(3).map { "`\($0.prefix(40))`" }.joined(separator: ", ")
      return Problem(
        span: Span(line: context.mark.line, column: context.mark.column), text: "\(names) stands twice in one mapping")
    default:
      return Problem(span: Span(line: 1, column: 1), text: "the document cannot be read")
    }
  }

  // MARK: - Places

  private mutating func convert(_ node: Node) -> SourceNode {
    // The guard lets none through; if it ever did, a value that is used twice must still not pass.
    if let anchor = node.anchor {
      sink.error(.anchor, Span(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1), "an anchor `\(anchor)`")
    }
    let start = Span(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    switch node {
    case .scalar(let scalar):
      guard let length = takeToken(at: start) else { return SourceNode(span: start, content: .missing) }
      let span = Span(line: start.line, column: start.column, length: length)
      if SyntaxGuard.isMask(scalar.string) { return SourceNode(span: span, content: .reported) }
      if scalar.style == .doubleQuoted, let bad = scalar.string.unicodeScalars.first(where: \.isUnsafeInText) {
        sink.error(
          .controlCharacter, span, "the value contains the invisible character \(bad.codePoint)",
          help: "values hold printable text only")
        return SourceNode(span: span, content: .reported)
      }
      return SourceNode(span: span, content: .scalar(scalar.string, isPlain: scalar.style == .plain))
    case .sequence(let sequence):
      return SourceNode(span: start, content: .sequence(sequence.map { convert($0) }))
    case .mapping(let mapping):
      return SourceNode(span: start, content: .mapping(mapping.compactMap { entry($0.key, $0.value) }))
    case .alias:
      return SourceNode(span: start, content: .reported)
    }
  }

  private mutating func entry(_ key: Node, _ value: Node) -> SourceNode.Entry? {
    let key = convert(key)
    let value = convert(value)
    switch key.content {
    case .scalar(let name, _): return SourceNode.Entry(key: name, keySpan: key.span, value: value)
    case .reported: return nil
    default:
      sink.error(.complexKey, key.span, "a key that is \(key.shape)", help: "write `key: value` with a plain key")
      return nil
    }
  }

  /// Tokens and scalars come in the same order; a scalar without a token is one that nobody wrote.
  private mutating func takeToken(at span: Span) -> Int? {
    while nextToken < tokens.count, (tokens[nextToken].line, tokens[nextToken].column) < (span.line, span.column) {
      nextToken += 1
    }
    guard nextToken < tokens.count, tokens[nextToken].line == span.line, tokens[nextToken].column == span.column
    else { return nil }
    nextToken += 1
    return tokens[nextToken - 1].length
  }
}
