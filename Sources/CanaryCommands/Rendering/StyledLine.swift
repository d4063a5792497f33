/// A line in the making: pieces of clean text with their style. Everything that is shown passes through here, so
/// foreign text is cleaned and widths are counted in one place.
struct StyledLine: Hashable, Sendable {
  private struct Piece: Hashable, Sendable {
    var text: String
    var style: Palette.Style
  }

  private var pieces: [Piece] = []

  init() {}

  init(_ text: String, _ style: Palette.Style = .plain) { add(text, style) }

  mutating func add(_ text: String, _ style: Palette.Style = .plain) {
    guard !text.isEmpty else { return }
    pieces.append(Piece(text: DisplayText.clean(text), style: style))
  }

  func adding(_ text: String, _ style: Palette.Style = .plain) -> StyledLine {
    var line = self
    line.add(text, style)
    return line
  }

  static func + (a: Self, b: Self) -> Self {
    var line = a
    line.pieces += b.pieces
    return line
  }

  /// Blanks up to column `column`.
  mutating func pad(to column: Int) {
    let missing = column - width
    if missing > 0 { add(String(repeating: " ", count: missing)) }
  }

  /// Columns it takes uncut.
  var width: Int { pieces.reduce(0) { $0 + DisplayText.width($1.text) } }

  /// The line for `palette`, cut to `width` columns if given. Signs of ours turn to ASCII where only that shows.
  func text(_ palette: Palette, width limit: Int? = nil) -> String {
    let shown = palette.unicode ? pieces : pieces.map { Piece(text: Signs.ascii($0.text), style: $0.style) }
    guard let limit else { return shown.map { palette.paint($0.text, $0.style) }.joined() }
    let total = shown.reduce(0) { $0 + DisplayText.width($1.text) }
    guard total > limit else { return shown.map { palette.paint($0.text, $0.style) }.joined() }
    return cut(shown, limit, palette)
  }

  private func cut(_ pieces: [Piece], _ limit: Int, _ palette: Palette) -> String {
    let mark = palette.unicode ? "…" : "..."
    let markWidth = DisplayText.width(mark)
    guard limit >= markWidth else { return limit > 0 ? String(mark.prefix(limit)) : "" }
    var room = limit - markWidth
    var result = ""
    for piece in pieces {
      let width = DisplayText.width(piece.text)
      guard width > room else {
        result += palette.paint(piece.text, piece.style)
        room -= width
        continue
      }
      return result + palette.paint(DisplayText.prefix(piece.text, columns: room), piece.style)
        + palette.paint(mark, .faint)
    }
    return result
  }
}

/// The signs we draw with, and what stands for them in ASCII.
enum Signs {
  static let done = "✔"
  static let failed = "✖"
  static let unknown = "?"
  static let moving = "▸"
  static let verifying = "◐"
  static let staged = "○"
  static let pending = "·"
  static let skipped = "⊘"
  static let back = "↩"
  static let same = "="
  static let paused = "‖"
  static let careful = "!"

  static func ascii(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return String(
      text.flatMap { character -> String in
        switch character {
        case "✔": "+"
        case "✖": "x"
        case "▸": ">"
        case "◐": "~"
        case "○": "o"
        case "·": "-"
        case "⊘": "-"
        case "↩": "<"
        case "‖": "|"
        case "→": "->"
        case "…": "..."
        case "█": "#"
        case "░": "."
        case "├", "└": "|"
        case "≥": ">="
        case "≤": "<="
        case "×": "x"
        case "µ": "u"
        case "–", "—": "-"
        default: String(character)
        }
      })
  }
}
