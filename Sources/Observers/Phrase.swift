internal import CurlClient

/// Text from a host, made fit for a terminal, a log and a page: one line, no control or direction-changing characters,
/// of bounded length.
enum Phrase {
  static func clean(_ text: some StringProtocol, limit: Int = 80) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count == limit { return result + "…" }
      result.unicodeScalars.append(isPlain(scalar) ? scalar : "\u{FFFD}")
      count += 1
    }
    return result
  }

  static func clean(_ bytes: some Sequence<UInt8>, limit: Int = 80) -> String {
    // A scalar has at most four bytes: no more of a long body needs decoding.
    clean(String(decoding: Array(bytes.prefix(4 * limit + 4)), as: UTF8.self), limit: limit)
  }

  /// Scheme, host, port and path. What else an address holds may be a secret: a user's password, a token in the query.
  static func address(_ url: CurlURL) -> String { address(url.text) }

  /// The same of a text that may be no address, perhaps because of what must not be shown.
  static func address(_ text: String) -> String {
    let start = text.prefix { $0 != "?" && $0 != "#" }
    guard let last = text.lastIndex(of: "@") else { return clean(start, limit: 160) }
    let scheme = text.hasPrefix("https://") ? "https://" : text.hasPrefix("http://") ? "http://" : ""
    // Behind a `?`, nobody can say whether it ends a password or stands in a query.
    return clean(last < start.endIndex ? scheme + start[text.index(after: last)...] : scheme + "…", limit: 160)
  }

  static func trimmed(_ text: some StringProtocol) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }

  /// Whole numbers without a point.
  static func number(_ value: Double) -> String {
    value.rounded() == value && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}
