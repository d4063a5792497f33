/// Picks series as PromQL writes it: `name{label="v",label!="v",label=~"re",label!~"re"}`. Regular expressions match
/// the whole value; a missing label is an empty one.
public struct SeriesSelector: Hashable, Sendable {
  public let name: String
  private let matchers: [Matcher]

  private struct Matcher: Hashable, Sendable {
    enum Test: Hashable, Sendable {
      case equals(String)
      case matches(LabelPattern)
    }
    var label: String
    var test: Test
    var isNegated: Bool
  }

  public struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1, in characters of the selector.
    public var column: Int
    public var detail: String
    public init(column: Int, detail: String) {
      self.column = column
      self.detail = detail
    }
    public var description: String { "column \(column): \(detail)" }
  }

  public init(_ text: String) throws(Mistake) {
    var parser = Parser(text)
    (name, matchers) = try parser.parse()
  }

  private init(name: String, matchers: [Matcher]) {
    self.name = name
    self.matchers = matchers
  }

  public func matches(_ sample: MetricSample) -> Bool { sample.name == name && matches(labelsOf: sample) }

  /// The same labels on another name, such as a histogram's `_bucket`.
  func appending(_ suffix: String) -> SeriesSelector { SeriesSelector(name: name + suffix, matchers: matchers) }

  private func matches(labelsOf sample: MetricSample) -> Bool {
    matchers.allSatisfy { matcher in
      let value = sample.label(matcher.label)
      let hit =
        switch matcher.test {
        case .equals(let text): text == value
        case .matches(let pattern): pattern.matches(value)
        }
      return hit != matcher.isNegated
    }
  }
}

extension SeriesSelector {
  private struct Parser {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(Mistake) -> (String, [Matcher]) {
      skipBlanks()
      let name = word(\.startsMetricName, \.continuesMetricName)
      guard !name.isEmpty else { throw fail("a metric name belongs here") }
      skipBlanks()
      var matchers: [Matcher] = []
      if take("{") {
        skipBlanks()
        while !take("}") {
          matchers.append(try matcher())
          skipBlanks()
          let isMore = take(",")
          skipBlanks()
          guard isMore || peek == "}" else { throw fail("a comma or } belongs here") }
        }
      }
      skipBlanks()
      guard peek == nil else { throw fail("nothing may follow the selector; functions and ranges are not used here") }
      return (name, matchers)
    }

    private mutating func matcher() throws(Mistake) -> Matcher {
      let label = word(\.startsLabelName, \.continuesLabelName)
      guard !label.isEmpty else { throw fail("a label name belongs here") }
      skipBlanks()
      let isNegated = take("!")
      let isPattern: Bool
      if isNegated {
        isPattern = peek == "~"
        guard take("~") || take("=") else { throw fail("= or ~ belongs after !") }
      } else {
        guard take("=") else { throw fail("one of = != =~ !~ belongs here") }
        isPattern = take("~")
      }
      skipBlanks()
      let start = index + 1
      let value = try quoted()
      guard isPattern else { return Matcher(label: label, test: .equals(value), isNegated: isNegated) }
      do {
        return Matcher(label: label, test: .matches(try LabelPattern(value)), isNegated: isNegated)
      } catch {
        throw Mistake(column: start + error.offset + 1, detail: "pattern \(value.debugDescription): \(error.detail)")
      }
    }

    private mutating func quoted() throws(Mistake) -> String {
      guard let quote = peek, quote == "\"" || quote == "'" || quote == "`" else {
        throw fail("a value in quotes belongs here")
      }
      index += 1
      var value = ""
      while let next = peek, next != quote {
        index += 1
        value.unicodeScalars.append(next == "\\" && quote != "`" ? try escape() : next)
      }
      guard take(quote) else { throw fail("the value's closing \(quote) is missing") }
      return value
    }

    private mutating func escape() throws(Mistake) -> Unicode.Scalar {
      guard let next = peek else { throw fail("a backslash at the end") }
      switch next {
      case "\\", "\"", "'": break
      case "n":
        index += 1
        return "\n"
      case "t":
        index += 1
        return "\t"
      default: throw fail("\\\(next) is no escape; for a backslash of the pattern write \\\\")
      }
      index += 1
      return next
    }

    private mutating func word(_ first: (UInt8) -> Bool, _ rest: (UInt8) -> Bool) -> String {
      var result = ""
      while let next = peek, next.isASCII {
        let byte = UInt8(truncatingIfNeeded: next.value)
        guard result.isEmpty ? first(byte) : rest(byte) else { break }
        result.unicodeScalars.append(next)
        index += 1
      }
      return result
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      guard peek == scalar else { return false }
      index += 1
      return true
    }
    private mutating func skipBlanks() { while let next = peek, next == " " || next == "\t" { index += 1 } }
    private func fail(_ detail: String) -> Mistake { Mistake(column: index + 1, detail: detail) }
  }
}
