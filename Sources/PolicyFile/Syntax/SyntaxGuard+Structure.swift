extension SyntaxGuard {
  /// Takes note of a scalar that ends at the position, as a key or a value.
  mutating func finishScalar(_ range: Range<Int>, text: String?, isPlain: Bool) {
    let span = span(range)
    tokens.append(Token(line: span.line, column: span.column, length: span.length))
    countValue(span)
    if flows.isEmpty {
      if isKeyNext(isPlain: isPlain) { blockKey(range, span, text) } else { blockValue(range, span, isPlain) }
    } else {
      flowScalar(range, span, text, isPlain)
    }
    mayStartEntry = false
  }

  /// Looks for the `:` of a key and moves past it.
  private mutating func isKeyNext(isPlain: Bool) -> Bool {
    var index = position
    while byte(index) == UInt8(ascii: " ") { index += 1 }
    guard byte(index) == UInt8(ascii: ":") else { return false }
    guard isBlankOrEnd(index + 1) || (!flows.isEmpty && !isPlain) else { return false }
    position = index + 1
    return true
  }

  private mutating func countValue(_ span: Span) {
    valueCount += 1
    if valueCount > Self.maximumValues {
      stop(
        .tooManyValues, span, "more than \(Self.maximumValues) values",
        help: "move the list of hosts into a file of its own: `instances: {file: hosts.txt}`")
    } else if blocks.count + flows.count > Self.maximumDepth {
      stop(.nestedTooDeeply, span, "more than \(Self.maximumDepth) collections within one another")
    }
  }

  // MARK: - Block collections

  private mutating func blockKey(_ range: Range<Int>, _ span: Span, _ text: String?) {
    guard !lineHasKey else {
      return stop(
        .secondColon, span, "a second `key:` on one line",
        help: "put a value that has `: ` in it in quotes, or start a new line")
    }
    guard mayStartEntry else {
      return stop(.indentation, span, "a key where none can stand", help: "put the key on a line of its own")
    }
    if lineHasProperty { isComposable = false }
    lineHasKey = true
    guard enterBlock(isSequence: false, span) else { return }
    isComplete = false
    let duplicate = text.map { !blocks[blocks.count - 1].keys.insert($0).inserted } ?? false
    checkKey(range, span, text, isDuplicate: duplicate)
  }

  mutating func readDash() {
    let span = span(position..<position + 1)
    guard flows.isEmpty, mayStartEntry else {
      return stop(
        .indentation, span, "`- ` where no list item can stand",
        help: "put list items on lines of their own, or write `[a, b]`")
    }
    position += 1
    countValue(span)
    guard !isStopped, enterBlock(isSequence: true, span) else { return }
    isComplete = false
  }

  /// Closes the blocks that the column ends and opens one where a new one starts there.
  private mutating func enterBlock(isSequence: Bool, _ span: Span) -> Bool {
    let column = span.column - 1
    while let last = blocks.last,
      last.column > column || (last.column == column && last.isSequence && !isSequence)
    {
      blocks.removeLast()
      isComplete = true
    }
    if let last = blocks.last, last.column == column, last.isSequence == isSequence {
      return true
    }
    guard !isComplete else {
      if let loneValue, blocks.isEmpty {
        stop(.missingColon, loneValue.span, "a line without `key: `", help: colonHelp(loneValue.text))
      } else if let last = blocks.last, last.column == column {
        stop(.indentation, span, isSequence ? "a list item among keys" : "a key among list items")
      } else {
        stop(
          .indentation, span, "the indentation fits no line above",
          help: blocks.last.map { "start in column \($0.column + 1) to go on with the lines above" })
      }
      return false
    }
    blocks.append(Block(column: column, isSequence: isSequence))
    countValue(span)
    return !isStopped
  }

  private mutating func blockValue(_ range: Range<Int>, _ span: Span, _ isPlain: Bool) {
    let isFirst = !lineHasKey && mayStartEntry && source.bytes[lineStart..<range.lowerBound].allSatisfy { $0 == 0x20 }
    let text = String(decoding: source.bytes[range].prefix(200), as: UTF8.self)
    if isFirst, isComplete || !blocks.isEmpty {
      let column = span.column - 1
      if column <= (blocks.last?.column ?? -1) || (isComplete && text.contains(":")) {
        return stop(.missingColon, span, "a line without `key: `", help: colonHelp(text))
      }
    }
    if isComplete {
      return stop(
        isFirst ? .severalLines : .missingSeparator, span,
        isFirst ? "a value that goes on in a second line" : "text after the end of a value",
        help: isFirst ? "write the value on one line" : "put the whole value in quotes")
    }
    isComplete = true
    if isFirst, isPlain, blocks.isEmpty { loneValue = (span, text) }
  }

  private func colonHelp(_ text: String) -> String {
    guard let colon = text.firstIndex(of: ":") else {
      let words = text.split(separator: " ", maxSplits: 1)
      return words.count == 2 ? "write `\(words[0]): \(words[1])`" : "write `\(text): value`"
    }
    return "put a space after the colon: `\(text[..<colon]): \(text[text.index(after: colon)...])`"
  }

  // MARK: - Flow collections

  mutating func openFlow(_ opener: UInt8) {
    let span = span(position..<position + 1)
    if !flows.isEmpty, flows[flows.count - 1].isComplete {
      return stop(
        .missingSeparator, span, "a comma is missing before this, or quotes around the whole value",
        help: "text with `{`, `}`, `[`, `]` or `,` needs quotes inside brackets and braces")
    }
    if flows.isEmpty, isComplete {
      return stop(.missingSeparator, span, "a list or mapping after the end of a value")
    }
    position += 1
    mayStartEntry = false
    flows.append(Flow(opener: opener, span: span))
    countValue(span)
  }

  mutating func closeFlow(_ closer: UInt8) {
    let span = span(position..<position + 1)
    let expected: UInt8? = flows.last.map { $0.opener == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}") }
    guard closer == expected else {
      let shown = Character(Unicode.Scalar(closer))
      return stop(
        .unmatchedBracket, span,
        flows.last.map { "`\(shown)` cannot close `\(Character(Unicode.Scalar($0.opener)))`" }
          ?? "`\(shown)` closes nothing", help: "a value that starts with a bracket needs quotes")
    }
    position += 1
    flows.removeLast()
    if flows.isEmpty { isComplete = true } else { flows[flows.count - 1].isComplete = true }
    if isKeyNext(isPlain: false) {
      stop(.complexKey, span, "a list or mapping as a key", help: "write `key: value` with a plain key")
    }
  }

  private mutating func flowScalar(_ range: Range<Int>, _ span: Span, _ text: String?, _ isPlain: Bool) {
    let top = flows.count - 1
    guard !flows[top].isComplete else {
      let column = span.column - 1
      let startsLine = source.bytes[lineStart..<range.lowerBound].allSatisfy { $0 == UInt8(ascii: " ") }
      if startsLine, column <= (blocks.last?.column ?? 0), isKeyNext(isPlain: isPlain) {
        let opener = Character(Unicode.Scalar(flows[top].opener))
        return stop(
          .unmatchedBracket, flows[top].span, "`\(opener)` is not closed before the next key",
          help: "add `\(opener == "[" ? "]" : "}")`")
      }
      return stop(
        .missingSeparator, span, "a comma is missing before this, or quotes around the whole value",
        help: "separate items with `,`; a value stands on one line")
    }
    if isKeyNext(isPlain: isPlain) {
      let duplicate =
        flows[top].opener == UInt8(ascii: "{") ? text.map { !flows[top].keys.insert($0).inserted } ?? false : false
      checkKey(range, span, text, isDuplicate: duplicate)
    } else {
      flows[top].isComplete = true
    }
  }

  private mutating func checkKey(_ range: Range<Int>, _ span: Span, _ text: String?, isDuplicate: Bool) {
    guard let text else { return }
    if text == "<<" {
      sink.error(.mergeKey, span, "a merge key", help: "write the keys out where they are used")
      maskAsReported(range)
    } else if isDuplicate {
      sink.error(.duplicateKey, span, "the key `\(text)` stands twice in one mapping", help: "keep one of them")
      maskAsReported(range)
    }
  }
}
