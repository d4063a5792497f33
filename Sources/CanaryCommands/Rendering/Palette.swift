/// How marked text looks on one stream: colour or not, and which signs it can show. Colour never says anything alone;
/// every mark comes with a sign and a word.
struct Palette: Hashable, Sendable {
  var colour: Bool
  /// False where only ASCII can be counted on.
  var unicode: Bool

  init(colour: Bool, unicode: Bool = true) {
    self.colour = colour
    self.unicode = unicode
  }

  static let plain = Palette(colour: false)

  /// The usual rules, per stream: colour on a terminal, unless `NO_COLOR` is set to anything (https://no-color.org) or
  /// `TERM` is `dumb` or missing; `CLICOLOR_FORCE` other than 0 asks for it anywhere else. ASCII signs where the
  /// locale names another character set than UTF-8, and on the Linux console and dumb terminals.
  static func forStream(isTerminal: Bool, environment: [String: String]) -> Palette {
    let term = environment["TERM"] ?? ""
    let isDumb = term.isEmpty || term == "dumb"
    let forced = environment["CLICOLOR_FORCE"].map { !$0.isEmpty && $0 != "0" } ?? false
    let refused = !(environment["NO_COLOR"] ?? "").isEmpty
    let colour = !refused && (forced || (isTerminal && !isDumb))
    let showsSigns = !isTerminal || !(isDumb || term == "linux")
    return Palette(colour: colour, unicode: showsSigns && localeShowsUnicode(environment))
  }

  /// LC_ALL over LC_CTYPE over LANG, as setlocale(3) does; without any, a modern terminal is assumed.
  private static func localeShowsUnicode(_ environment: [String: String]) -> Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    guard let locale = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }) else { return true }
    let lower = locale.lowercased()
    if lower == "c" || lower == "posix" { return false }
    guard let dot = lower.firstIndex(of: ".") else { return true }
    let charset = lower[lower.index(after: dot)...].prefix { $0 != "@" }.filter { $0 != "-" }
    return charset == "utf8"
  }

  enum Style: Hashable, Sendable, CaseIterable {
    case plain, faint, strong, good, bad, careful, busy

    /// SGR parameters of ECMA-48; the sixteen colours that every terminal theme sets.
    var parameters: String {
      switch self {
      case .plain: ""
      case .faint: "2"
      case .strong: "1"
      case .good: "32"
      case .bad: "1;31"
      case .careful: "33"
      case .busy: "36"
      }
    }
  }

  func paint(_ text: String, _ style: Style) -> String {
    guard colour, style != .plain, !text.isEmpty else { return text }
    return "\u{1B}[\(style.parameters)m\(text)\u{1B}[0m"
  }
}
