internal import FoundationEssentials
internal import RolloutCore

/// When a document speaks of, where it says so in a member `at`: seconds or milliseconds since 1970, or as RFC 3339.
enum DocumentTime {
  /// Nil where there is no `at`, or one that is no time.
  static func of(_ document: JSONValue) -> Timestamp? {
    switch document.value(at: ["at"]) {
    // From 2001 to 5138 as seconds; a smaller number is something else's.
    case .number(let number) where (1e9..<1e11).contains(number): Timestamp(milliseconds: Int64(number * 1000))
    case .number(let number) where (1e12..<1e14).contains(number): Timestamp(milliseconds: Int64(number))
    case .string(let text): parsed(text)
    default: nil
    }
  }

  private static func parsed(_ text: String) -> Timestamp? {
    let date =
      (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
      ?? (try? Date(text, strategy: .iso8601))
    return date.map { Timestamp(milliseconds: Int64(($0.timeIntervalSince1970 * 1000).rounded())) }
  }
}
