/// Columns as wide as their widest cell, two blanks apart; the last one runs free.
struct TextTable {
  typealias Cell = (text: String, style: Palette.Style)

  private let titles: [String]
  private var rows: [[StyledLine]] = []

  init(_ titles: String...) { self.titles = titles }

  mutating func add(_ cells: [Cell]) { rows.append(cells.map { StyledLine($0.text, $0.style) }) }

  /// Header and rows, each ending in a line break; nothing at all without rows.
  func text(_ palette: Palette) -> String {
    guard !rows.isEmpty else { return "" }
    let all = [titles.map { StyledLine($0, .faint) }] + rows
    let widths = titles.indices.map { column in
      all.reduce(0) { max($0, $1.indices.contains(column) ? $1[column].width : 0) }
    }
    return all.map { row in
      var line = StyledLine()
      var start = 0
      for (column, cell) in row.enumerated() {
        if cell.width > 0 { line.pad(to: start) }
        line = line + cell
        start += widths[column] + 2
      }
      return line.text(palette) + "\n"
    }.joined()
  }
}
