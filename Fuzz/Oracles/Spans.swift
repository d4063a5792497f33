internal import PolicyFile

/// Where diagnostics point.
enum Spans {
  /// Inside the file, with a code, a message and nothing that a terminal acts on.
  static func check(_ diagnostic: Diagnostic, in bytes: [UInt8]) throws(Violation) {
    let what = DiagnosticRenderer.renderLine(diagnostic)
    try require(!diagnostic.code.rawValue.isEmpty && !diagnostic.message.isEmpty, "no code or message: \(what)")
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    try require(diagnostic.line >= 1 && diagnostic.line <= max(1, lines.count), "line outside the file: \(what)")
    let line = diagnostic.line <= lines.count ? lines[diagnostic.line - 1] : []
    // Bytes that are no UTF-8 may be repaired to more scalars than there are lead bytes, never to more than bytes.
    let isText = String(validating: line, as: UTF8.self) != nil
    let width = isText ? line.count { $0 & 0xC0 != 0x80 } : line.count
    // One past the end, for what is missing there.
    try require(diagnostic.column >= 1 && diagnostic.column <= width + 1, "column outside the line: \(what)")
    try require(
      diagnostic.column + diagnostic.length <= width + 2, "a span of \(diagnostic.length) past the line: \(what)")
    let isPrintable = !what.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }
    try require(isPrintable, "control characters in a message: \(what.debugDescription)")
    _ = DiagnosticRenderer.render(diagnostic, colour: false)
  }
}
