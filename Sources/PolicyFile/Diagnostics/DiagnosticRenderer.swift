/// Prints diagnostics for people, in the manner of a compiler.
public enum DiagnosticRenderer {
  /// Columns of source shown at most; a longer line is cut around the span.
  static let window = 100

  /// One diagnostic, ending in a line break.
  public static func render(_ diagnostic: Diagnostic, colour: Bool) -> String {
    let paint = Paint(isOn: colour)
    let tone = diagnostic.severity == .error ? Paint.red : Paint.yellow
    let number = String(diagnostic.line)
    let margin = String(repeating: " ", count: number.utf8.count)
    let bar = paint("|", Paint.blue)
    var text = paint("\(diagnostic.severity.rawValue)[\(diagnostic.code.rawValue)]", tone)
    text += paint(": \(printable(diagnostic.message))\n", Paint.bold)
    text += "\(margin)\(paint("-->", Paint.blue)) "
    text += "\(printable(diagnostic.path)):\(diagnostic.line):\(diagnostic.column)\n"
    if !diagnostic.sourceLine.isEmpty {
      let (line, carets) = excerpt(diagnostic)
      text += "\(margin) \(bar)\n"
      text += "\(paint(number, Paint.blue)) \(bar) \(line)\n"
      text += "\(margin) \(bar) \(carets.indent)\(paint(carets.marks, tone))\n"
    }
    if let help = diagnostic.help {
      text += "\(margin) \(paint("=", Paint.blue)) help: \(printable(help))\n"
    }
    return text
  }

  /// All of them, a blank line between two, and a closing line that counts them.
  public static func render(_ diagnostics: [Diagnostic], colour: Bool) -> String {
    guard !diagnostics.isEmpty else { return "" }
    let errors = diagnostics.count { $0.severity == .error }
    let warnings = diagnostics.count - errors
    let counts = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }
      .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
    let code = (diagnostics.first { $0.severity == .error } ?? diagnostics[0]).code
    return diagnostics.map { render($0, colour: colour) }.joined(separator: "\n")
      + "\n\(counts.joined(separator: ", ")); `canary explain \(code.rawValue)` says more\n"
  }

  /// `path:line:column: severity: message [code]`, for editors and logs.
  public static func renderLine(_ diagnostic: Diagnostic) -> String {
    let place = "\(printable(diagnostic.path)):\(diagnostic.line):\(diagnostic.column)"
    let help = diagnostic.help.map { "; " + printable($0) } ?? ""
    let message = printable(diagnostic.message)
    return "\(place): \(diagnostic.severity.rawValue): \(message)\(help) [\(diagnostic.code.rawValue)]"
  }

  private static func excerpt(_ diagnostic: Diagnostic) -> (line: String, carets: (indent: String, marks: String)) {
    let scalars = Array(diagnostic.sourceLine.unicodeScalars)
    let start = min(diagnostic.column - 1, scalars.count)
    let first = scalars.count <= window || start < window * 3 / 4 ? 0 : start - window / 4
    let last = min(scalars.count, first + window)
    var line = ""
    for scalar in scalars[first..<last] { line += visible(scalar) }
    let lead = first > 0 ? "…" : ""
    let tail = last < scalars.count ? "…" : ""
    let length = max(1, min(diagnostic.length, last - start))
    let indent = String(repeating: " ", count: start - first + (first > 0 ? 1 : 0))
    return (lead + line + tail, (indent, String(repeating: "^", count: length)))
  }

  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars { result += visible(scalar) }
    return result
  }

  /// One column for each scalar, and nothing that a terminal acts on.
  private static func visible(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\t" { return " " }
    return scalar.isUnsafeInText ? "\u{FFFD}" : String(Character(scalar))
  }

  private struct Paint {
    static let (red, yellow, blue, bold) = ("1;31", "1;33", "1;34", "1")
    let isOn: Bool
    func callAsFunction(_ text: String, _ style: String) -> String {
      isOn ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
    }
  }
}

extension Unicode.Scalar {
  /// Control characters, line separators, direction overrides, byte order marks and non-characters: nothing that a
  /// name, path or command of a policy needs, and all of it able to show a reader something other than what is run.
  var isUnsafeInText: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }
}
