/// Text from hosts, files and people on its way to a terminal or a log.
enum DisplayText {
  /// One line that no terminal acts on: line breaks and tabs become spaces, other control characters their pictures
  /// (ESC is `␛`), and characters that reorder or hide text (bidi controls, zero-width, tags) `�`.
  static func clean(_ text: String) -> String {
    if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
    var result = String.UnicodeScalarView()
    var follows = false
    for scalar in text.unicodeScalars {
      let replaced = replacement(scalar, afterText: follows)
      result.append(replaced)
      follows = true
    }
    return String(result)
  }

  private static let pictures: UInt32 = 0x2400
  private static let hidden: Unicode.Scalar = "\u{FFFD}"

  private static func replacement(_ scalar: Unicode.Scalar, afterText: Bool) -> Unicode.Scalar {
    switch scalar.value {
    case 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029: return " "
    case 0..<0x20: return Unicode.Scalar(pictures + scalar.value) ?? hidden
    case 0x20..<0x7F: return scalar
    case 0x7F: return "\u{2421}"
    case 0x80..<0xA0: return hidden
    default: break
    }
    switch scalar.properties.generalCategory {
    case .format, .surrogate, .unassigned, .privateUse: return hidden
    // With nothing before it, a mark would join whatever is printed to its left.
    case .nonspacingMark, .enclosingMark, .spacingMark: return afterText ? scalar : hidden
    default: return scalar
    }
  }

  /// Columns of a terminal that `text`, cleaned, takes.
  static func width(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + width($1) }
  }

  static func width(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if character.unicodeScalars.contains(where: { $0.value == 0xFE0F || isWide($0) }) { return 2 }
    let category = first.properties.generalCategory
    return category == .nonspacingMark || category == .enclosingMark ? 0 : 1
  }

  /// East Asian Wide and Fullwidth blocks of Unicode's EastAsianWidth.txt, and what shows as a picture.
  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x1100: false
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD:
      true
    default: scalar.properties.isEmojiPresentation
    }
  }

  /// The longest beginning of `text` that takes at most `columns`.
  static func prefix(_ text: String, columns: Int) -> String {
    if text.utf8.count <= columns, text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var used = 0
    var result = ""
    for character in text {
      used += width(character)
      if used > columns { break }
      result.append(character)
    }
    return result
  }

  /// Cut at `columns` with a mark where something is missing.
  static func fit(_ text: String, columns: Int, mark: String = "…") -> String {
    if width(text) <= columns { return text }
    let room = columns - width(mark)
    return room < 0 ? prefix(text, columns: columns) : prefix(text, columns: room) + mark
  }
}
