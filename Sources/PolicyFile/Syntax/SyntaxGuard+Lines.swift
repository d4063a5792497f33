extension SyntaxGuard {
  mutating func readLine() {
    let range = source.lines[lineNumber - 1]
    (position, end) = (range.lowerBound, range.upperBound)
    (mayStartEntry, lineHasKey, lineHasProperty) = (true, false, false)
    if isDocumentMark("---") {
      if hasDocumentStart || hasContent {
        return stop(
          .secondDocument, span(position..<position + 3), "a second document",
          help: "keep one policy in one file; delete `---` and what follows")
      }
      hasDocumentStart = true
      position += 3
      mayStartEntry = false
    } else if isDocumentMark("...") {
      return stop(.secondDocument, span(position..<position + 3), "an end-of-document mark", help: "delete `...`")
    } else if byte(position) == UInt8(ascii: "%") {
      return stop(.directive, span(position..<end), "a YAML directive", help: "delete the line")
    }
    while !isStopped, skipBlanks() { readToken() }
  }

  private func isDocumentMark(_ mark: StaticString) -> Bool {
    guard end - position >= 3, isBlankOrEnd(position + 3) else { return false }
    return (0..<3).allSatisfy { source.bytes[position + $0] == mark.utf8Start[$0] }
  }

  /// Moves to the next token of the line. False when there is none.
  private mutating func skipBlanks() -> Bool {
    while let next = byte(position) {
      switch next {
      case UInt8(ascii: " "): position += 1
      case UInt8(ascii: "\t"):
        let isIndent = source.bytes[lineStart..<position].allSatisfy { $0 == UInt8(ascii: " ") }
        report(
          .tab, span(position..<position + 1), isIndent ? "a tab in the indentation" : "a tab between values",
          help: "use spaces")
        while byte(position) == UInt8(ascii: "\t") { position += 1 }
      case UInt8(ascii: "#"): return false
      default:
        hasContent = true
        return true
      }
    }
    return false
  }

  private mutating func readToken() {
    guard let first = byte(position) else { return }
    if readProperty(first) { return }
    switch first {
    case UInt8(ascii: "["), UInt8(ascii: "{"): openFlow(first)
    case UInt8(ascii: "]"), UInt8(ascii: "}"): closeFlow(first)
    case UInt8(ascii: ",") where !flows.isEmpty:
      flows[flows.count - 1].isComplete = false
      position += 1
    case UInt8(ascii: "-") where isBlankOrEnd(position + 1): readDash()
    case UInt8(ascii: ":") where !flows.isEmpty || isBlankOrEnd(position + 1):
      stop(.complexKey, span(position..<position + 1), "`:` without a plain key before it", help: "write `key: value`")
    case UInt8(ascii: "?"):
      stop(
        .complexKey, span(position..<position + 1), "`?` starts a key of several parts",
        help: "write `key: value`, or put the text in quotes")
    case UInt8(ascii: "|"), UInt8(ascii: ">"):
      stop(
        .blockText, span(position..<position + 1), "text of several lines",
        help: "write the value on one line; a command is a list: `[sh, -c, \"…\"]`")
    case UInt8(ascii: "'"), UInt8(ascii: "\""): readQuoted(first)
    case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: ","):
      stop(
        .reservedCharacter, span(position..<position + 1),
        "`\(Character(Unicode.Scalar(first)))` cannot start a value", help: "put the value in quotes")
    default: readPlain()
    }
  }

  // MARK: - Anchors, aliases, tags

  private mutating func readProperty(_ first: UInt8) -> Bool {
    guard first == UInt8(ascii: "&") || first == UInt8(ascii: "*") || first == UInt8(ascii: "!") else { return false }
    let start = position
    position += 1
    if first == UInt8(ascii: "!"), byte(position) == UInt8(ascii: "<") {
      while let next = byte(position), next != UInt8(ascii: ">") { position += 1 }
    }
    while !isBlankOrEnd(position), let next = byte(position), !isFlowMark(next) { position += 1 }
    let span = span(start..<position)
    let quoting = "; a value that starts with `\(Character(Unicode.Scalar(first)))` needs quotes"
    switch first {
    case UInt8(ascii: "&"):
      sink.error(.anchor, span, "an anchor", help: "write the value where it is used" + quoting)
    case UInt8(ascii: "*"):
      sink.error(.alias, span, "an alias", help: "write the value out" + quoting)
    default: sink.error(.tag, span, "a tag", help: "delete it: types come from the key" + quoting)
    }
    if first == UInt8(ascii: "*") {
      maskAsReported(start..<position)
      finishScalar(start..<position, text: nil, isPlain: true)
    } else {
      maskWithSpaces(start..<position)
      lineHasProperty = true
    }
    return true
  }

  func isFlowMark(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
    default: false
    }
  }

  // MARK: - Scalars

  private mutating func readQuoted(_ quote: UInt8) {
    let start = position
    position += 1
    var hasEscapes = false
    while let next = byte(position) {
      if next == quote {
        if quote == UInt8(ascii: "'"), byte(position + 1) == quote {
          hasEscapes = true
          position += 2
          continue
        }
        position += 1
        let text = hasEscapes ? nil : String(decoding: source.bytes[start + 1..<position - 1], as: UTF8.self)
        return finishScalar(start..<position, text: text, isPlain: false)
      }
      if next == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        hasEscapes = true
        position += 1
      }
      if byte(position) == UInt8(ascii: "\t") {
        report(.controlCharacter, span(position..<position + 1), "a tab in a value", help: "use spaces")
      }
      position += 1
    }
    position = min(position, end)
    stop(
      .openQuote, span(start..<end), "a quote that is not closed on its line",
      help: "close it with `\(Character(Unicode.Scalar(quote)))`; a value stands on one line")
  }

  private mutating func readPlain() {
    let start = position
    var textEnd = position
    while let next = byte(position) {
      if next == UInt8(ascii: ":"), isBlankOrEnd(position + 1) { break }
      if !flows.isEmpty {
        if isFlowMark(next) { break }
        if next == UInt8(ascii: ":"), let after = byte(position + 1), isFlowMark(after) || after == UInt8(ascii: "?") {
          return stop(
            .missingColon, span(position..<position + 1), "no space after `:`",
            help: "write `key: value`, or put the text in quotes")
        }
      }
      if next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") {
        if byte(position + 1) == UInt8(ascii: "#") { break }
      } else {
        textEnd = position + 1
      }
      position += 1
    }
    position = textEnd
    let range = start..<textEnd
    if source.bytes[range].contains(UInt8(ascii: "\t")) {
      report(.controlCharacter, span(range), "a tab in a value", help: "use spaces")
    }
    finishScalar(range, text: String(decoding: source.bytes[range], as: UTF8.self), isPlain: true)
  }
}
