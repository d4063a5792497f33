/// The part of RE2's syntax that selects label values: literals, `.`, classes, groups, `|`, `* + ?`, `{m,n}`, and the
/// escapes `\d \w \s` and their opposites. Anything else is refused by name rather than read differently.
struct LabelPatternParser {
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0

  private static let maxDepth = 40
  private static let maxCount = 1_000

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func parse() throws(PatternError) -> LabelPattern.Node {
    // The whole value is matched in any case: anchors at the ends say nothing more.
    if peek == "^" { index += 1 }
    let node = try alternatives()
    if peek == "$", index == scalars.count - 1 { index += 1 }
    guard index == scalars.count else { throw fail("unexpected \(peek.map(String.init) ?? "end")") }
    return node
  }

  private mutating func alternatives() throws(PatternError) -> LabelPattern.Node {
    var branches = [try sequence()]
    while peek == "|" {
      index += 1
      branches.append(try sequence())
    }
    return branches.count == 1 ? branches[0] : .either(branches)
  }

  private mutating func sequence() throws(PatternError) -> LabelPattern.Node {
    var nodes: [LabelPattern.Node] = []
    while let next = peek, next != "|", next != ")" {
      if next == "$", index == scalars.count - 1 { break }
      nodes.append(try repetition(of: try atom()))
    }
    return .sequence(nodes)
  }

  private mutating func repetition(of node: LabelPattern.Node) throws(PatternError) -> LabelPattern.Node {
    let (least, most): (Int, Int?)
    switch peek {
    case "*": (least, most) = (0, nil)
    case "+": (least, most) = (1, nil)
    case "?": (least, most) = (0, 1)
    case "{": (least, most) = try bounds()
    default: return node
    }
    index += 1
    // Lazy or greedy makes no difference to whether the whole value matches.
    if peek == "?" { index += 1 }
    if let again = peek, "*+?{".unicodeScalars.contains(again) { throw fail("a repetition of a repetition") }
    return .repeated(node, least: least, most: most)
  }

  /// Stops at the closing brace.
  private mutating func bounds() throws(PatternError) -> (Int, Int?) {
    index += 1
    let least = try count()
    guard peek == "," else {
      guard peek == "}" else { throw fail("a repetition not closed by }") }
      return (least, least)
    }
    index += 1
    let most = peek == "}" ? nil : try count()
    guard peek == "}" else { throw fail("a repetition not closed by }") }
    guard most ?? least >= least else { throw fail("a repetition whose end is before its start") }
    return (least, most)
  }

  private mutating func count() throws(PatternError) -> Int {
    var digits = ""
    while let next = peek, ("0"..."9").contains(next), digits.count < 5 {
      digits.unicodeScalars.append(next)
      index += 1
    }
    guard let count = Int(digits), count <= Self.maxCount else { throw fail("a count from 0 to \(Self.maxCount)") }
    return count
  }

  private mutating func atom() throws(PatternError) -> LabelPattern.Node {
    guard let next = peek else { throw fail("unexpected end") }
    switch next {
    case "(": return try group()
    case "[": return .set(try characterClass())
    case ".":
      index += 1
      return .set(.init(ranges: [], isNegated: true))
    case "*", "+", "?", "{": throw fail("nothing to repeat")
    case "^", "$": throw fail("\(next) inside; the whole value is matched already")
    case "\\":
      index += 1
      return .set(try escape())
    default:
      index += 1
      return .set(.init(ranges: [next.value...next.value]))
    }
  }

  private mutating func group() throws(PatternError) -> LabelPattern.Node {
    index += 1
    if peek == "?" {
      guard scalars.indices.contains(index + 1), scalars[index + 1] == ":" else {
        throw fail("only (…) and (?:…) groups are supported")
      }
      index += 2
    }
    depth += 1
    guard depth <= Self.maxDepth else { throw fail("groups nested too deeply") }
    let node = try alternatives()
    depth -= 1
    guard peek == ")" else { throw fail("a group not closed by )") }
    index += 1
    return node
  }

  private mutating func characterClass() throws(PatternError) -> LabelPattern.ScalarSet {
    index += 1
    var set = LabelPattern.ScalarSet(ranges: [])
    if peek == "^" {
      set.isNegated = true
      index += 1
    }
    var isFirst = true
    while let next = peek, next != "]" || isFirst {
      isFirst = false
      index += 1
      if next == "[", peek == ":" { throw fail("[:…:] is not supported; write the characters") }
      let low = next == "\\" ? try escape() : .init(ranges: [next.value...next.value])
      guard peek == "-", scalars.indices.contains(index + 1), scalars[index + 1] != "]" else {
        guard !low.isNegated else { throw fail("\\D, \\W and \\S inside a class are not supported") }
        set.ranges += low.ranges
        continue
      }
      index += 1
      set.ranges.append(try range(from: low))
    }
    guard peek == "]" else { throw fail("a class not closed by ]") }
    index += 1
    return set
  }

  private mutating func range(from low: LabelPattern.ScalarSet) throws(PatternError) -> ClosedRange<UInt32> {
    guard let end = peek else { throw fail("a class not closed by ]") }
    index += 1
    let high = end == "\\" ? try escape() : .init(ranges: [end.value...end.value])
    guard let from = low.single, let to = high.single, from <= to else { throw fail("a range that is none") }
    return from...to
  }

  /// After the backslash.
  private mutating func escape() throws(PatternError) -> LabelPattern.ScalarSet {
    guard let next = peek else { throw fail("a backslash at the end") }
    index += 1
    switch next {
    case "d", "D": return .init(ranges: [0x30...0x39], isNegated: next == "D")
    case "w", "W":
      return .init(ranges: [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a], isNegated: next == "W")
    case "s", "S": return .init(ranges: [0x09...0x0a, 0x0c...0x0d, 0x20...0x20], isNegated: next == "S")
    case "n": return .init(ranges: [0x0a...0x0a])
    case "t": return .init(ranges: [0x09...0x09])
    case "r": return .init(ranges: [0x0d...0x0d])
    default:
      guard next.isASCII, !next.properties.isAlphabetic, !("0"..."9").contains(next) else {
        throw fail("\\\(next) is not supported")
      }
      return .init(ranges: [next.value...next.value])
    }
  }

  private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
  private func fail(_ detail: String) -> PatternError { PatternError(offset: index, detail: detail) }
}

extension LabelPattern.ScalarSet {
  fileprivate var single: UInt32? {
    guard !isNegated, ranges.count == 1, ranges[0].count == 1 else { return nil }
    return ranges[0].lowerBound
  }
}
