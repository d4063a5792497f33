internal import RolloutCore

/// One thing that `canary doctor` looked at.
struct Examination: Hashable, Sendable {
  enum Result: String, Hashable, Sendable, CaseIterable {
    case good = "ok"
    /// Works, and may not for long, or not as well as it could.
    case doubtful = "warning"
    case bad = "problem"
    /// Could not be looked at, because something before it is bad.
    case skipped
  }

  /// Short and stable, such as `host` or `journal`.
  var name: String
  /// What it is about: a host, a file; empty where there is only one.
  var subject: String
  var result: Result
  /// What was found.
  var detail: String
  /// What to do; nil where nothing needs to be done.
  var fix: String?

  init(_ name: String, _ subject: String, _ result: Result, _ detail: String, fix: String? = nil) {
    self.name = name
    self.subject = subject
    self.result = result
    self.detail = detail
    self.fix = fix
  }

  /// Where there is only one thing of this name.
  init(_ name: String, _ result: Result, _ detail: String, fix: String? = nil) {
    self.init(name, "", result, detail, fix: fix)
  }

  var json: JSONText {
    .object([
      ("check", .string(name)), ("subject", .text(subject.isEmpty ? nil : subject)),
      ("result", .string(result.rawValue)), ("detail", .string(detail)), ("fix", .text(fix)),
    ])
  }

  func text(_ palette: Palette) -> String {
    let (sign, style): (String, Palette.Style) =
      switch result {
      case .good: ("ok      ", .good)
      case .doubtful: ("warning ", .careful)
      case .bad: ("problem ", .bad)
      case .skipped: ("skipped ", .faint)
      }
    let title = subject.isEmpty ? name : "\(name) \(DisplayText.clean(subject))"
    let line = "\(palette.paint(sign, style)) \(title): \(DisplayText.clean(detail))"
    return fix.map { "\(line)\n           \(palette.paint("fix:", .strong)) \($0)" } ?? line
  }
}
