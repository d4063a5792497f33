/// Why a verb ends without its answer: what is wrong, and what is safe to do next.
struct CommandFailure: Error, Hashable, Sendable {
  var status: ExitStatus
  /// What is wrong and where; the first line is a lower-case phrase, more may follow.
  var cause: String
  /// Commands or acts, each one line.
  var next: [String]

  init(_ status: ExitStatus, _ cause: String, next: [String] = []) {
    self.status = status
    self.cause = cause
    self.next = next
  }

  static func refused(_ cause: String, next: String...) -> CommandFailure { .init(.refused, cause, next: next) }
  static func usage(_ cause: String, next: String...) -> CommandFailure { .init(.usage, cause, next: next) }
  static func invalid(_ cause: String, next: String...) -> CommandFailure { .init(.invalidPolicy, cause, next: next) }
  static func broken(_ cause: String, next: String...) -> CommandFailure { .init(.toolError, cause, next: next) }

  /// For standard error, ending in a line break. A cause that is rendered already is printed as it is.
  var text: String {
    guard !cause.isEmpty else { return next.map { "  \($0)\n" }.joined() }
    let head = cause.hasSuffix("\n") ? cause : "canary: \(cause)\n"
    return head + next.map { "  \($0)\n" }.joined()
  }
}
