import Testing

@testable import Observers

@Suite struct SelectorTests {
  func sample(_ labels: [(String, String)], name: String = "m") -> MetricSample {
    MetricSample(name: name, labels: labels.map { MetricLabel(name: $0.0, value: $0.1) }, value: 1)
  }

  @Test(arguments: [
    ("m", true), ("n", false), (" m { } ", true), (#"m{code="500"}"#, true), (#"m{code="50"}"#, false),
    (#"m{code!="200",}"#, true), (#"m{code=~"5.."}"#, true), (#"m{code=~"5"}"#, false), (#"m{code!~"2.."}"#, true),
    (#"m{code=~'5..', path = "/a\"b"}"#, true), (#"m{gone=""}"#, true), (#"m{gone!=""}"#, false),
    (#"m{gone=~"x?"}"#, true), (#"m{code=~"5\\d+"}"#, true), ("m{code=~`5\\d+`}", true), (#"m{code=~"4..|5.."}"#, true),
    (#"m{code=~"^5..$"}"#, true),
  ])
  func `picks`(text: String, hit: Bool) throws {
    let selector = try SeriesSelector(text)
    #expect(selector.matches(sample([("code", "500"), ("path", "/a\"b")])) == hit)
  }

  @Test(arguments: [
    ("", 1), ("{a=\"b\"}", 1), ("m{", 3), ("m{a}", 4), ("m{a=b}", 5), ("m{a=\"b\"", 8), ("m{a=\"b", 7),
    ("rate(m[5m])", 5), ("m{a=~\"(\"}", 8), ("m{a=\"\\d\"}", 7), ("m{a=~\"[[:digit:]]\"}", 9), ("m{a!b}", 5),
  ])
  func `mistakes have a column`(text: String, column: Int) {
    let mistake = #expect(throws: SeriesSelector.Mistake.self) { try SeriesSelector(text) }
    #expect(mistake?.column == column, "\(text): \(mistake?.description ?? "")")
  }

  @Test(arguments: [
    "(?i)a", "a**", "*a", "a{2,1}", "a{9999}", "[a", "[b-a]", "(a", "a)", "\\", "\\b", "\\pL", "(?P<n>a)", "a^b",
    "((((((((((a{1000}){1000}){1000}))))))))", String(repeating: "(", count: 500),
  ])
  func `patterns that are not understood are refused`(text: String) {
    #expect(throws: PatternError.self) { try LabelPattern(text) }
  }

  @Test func `random texts never trap`() {
    var random = SplitMix(seed: 9)
    let alphabet = Array("ab.*+?|()[]{}^$\\-,:0123=~!\"' dws")
    for _ in 0..<4_000 {
      let text = String((0..<Int(random.next() % 24)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
      if let pattern = try? LabelPattern(text) { _ = pattern.matches("ab12 a") }
      _ = try? SeriesSelector(text)
      _ = try? SeriesSelector("m{a=~\"" + text + "\"}")
    }
  }

  @Test func `hostile patterns and values take linear time`() throws {
    let value = String(repeating: "a", count: 2_000) + "!"
    for text in ["(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)(.*)(.*)(.*)x", "(a?){50}a{50}b"] {
      #expect(try !LabelPattern(text).matches(value))
    }
  }

  /// Against the standard library's engine on random patterns over a small alphabet.
  @Test(arguments: 0..<8) func `agrees with another engine`(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<40 {
      let text = Self.pattern(&random, depth: 3)
      let (ours, theirs) = (try LabelPattern(text), try Regex(text))
      for _ in 0..<12 {
        let value = String((0..<Int(random.next() % 6)).map { _ in "abc".randomElement(using: &random) ?? "a" })
        #expect(try ours.matches(value) == (theirs.wholeMatch(in: value) != nil), "\(text) on \(value)")
      }
    }
  }

  static func pattern(_ random: inout SplitMix, depth: Int) -> String {
    let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "\\w"]
    guard depth > 0 else { return atoms.randomElement(using: &random) ?? "a" }
    let inner = { (random: inout SplitMix) in pattern(&random, depth: depth - 1) }
    switch random.next() % 6 {
    case 0: return inner(&random) + inner(&random)
    case 1: return "(?:\(inner(&random))|\(inner(&random)))"
    case 2: return "(\(inner(&random)))*"
    case 3: return "(?:\(inner(&random)))?"
    case 4: return "(\(inner(&random))){1,2}"
    default: return inner(&random)
    }
  }
}
