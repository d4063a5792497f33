internal import RolloutCore

/// The targets of one check on every instance.
struct GraphiteQuery: Hashable, Sendable {
  let kind: InstanceTally.Kind
  /// As the policy writes it.
  let name: String
  /// By instance: the requests, the level or the events.
  let main: [String]
  /// By instance: the events of a ratio; empty for anything else.
  let bad: [String]

  init(_ policy: CheckPolicy, _ instances: [Instance]) throws(ReadingProblem) {
    switch policy.measure {
    case .ratio(let events, let total):
      (kind, name) = (.ratio, total)
      main = try Self.targets(total, instances)
      bad = try Self.targets(events, instances)
    case .rate(let events), .share(let events):
      (kind, name, bad) = (.rate, events, [])
      main = try Self.targets(events, instances)
    case .gauge(let level):
      (kind, name, bad) = (.gauge(worst: .init(policy.worseWhen)), level, [])
      main = try Self.targets(level, instances)
    case .histogram:
      throw ReadingProblem(
        .error,
        detail: "Graphite keeps no histograms; read them with `scrape` or `prometheus`, or take a percentile that "
          + "Graphite has, such as upper_99, as a `gauge`")
    }
  }

  private static func targets(_ template: String, _ instances: [Instance]) throws(ReadingProblem) -> [String] {
    var targets: [String] = []
    for instance in instances {
      try check(template, instance)
      targets.append(instance.expanding(template))
    }
    guard Set(targets).count == targets.count else {
      throw ReadingProblem(
        .error,
        detail: "target \(Phrase.clean(template)) is the same for several instances; tell them apart with {id}, {host} "
          + "or a label")
    }
    return targets
  }

  /// A target becomes a part of an expression: it must be whole, and what an instance puts into it a plain name.
  private static func check(_ template: String, _ instance: Instance) throws(ReadingProblem) {
    let shown = Phrase.clean(template, limit: 120)
    guard isWhole(template) else {
      throw ReadingProblem(
        .error, detail: "target \(shown): brackets or quotes that are not closed, or several targets")
    }
    for piece in template.split(separator: "{").dropFirst() {
      guard let close = piece.firstIndex(of: "}") else { continue }
      let name = "{" + piece[...close]
      let value = instance.expanding(name)
      guard value == name || (!value.isEmpty && value.utf8.allSatisfy(isPlain)) else {
        throw ReadingProblem(
          .error,
          detail: "\(name) of \(instance.id.text) is \(Phrase.clean(value).debugDescription): a target takes letters, "
            + "digits and . _ - : only")
      }
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte.continuesMetricName || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
  }

  /// One expression, with every bracket and quote closed.
  private static func isWhole(_ text: String) -> Bool {
    var open: [Character] = []
    var quote: Character?
    for character in text {
      if let unclosed = quote {
        if character == unclosed { quote = nil }
        continue
      }
      switch character {
      case "\"", "'": quote = character
      case "(": open.append(")")
      case "[": open.append("]")
      case "{": open.append("}")
      case ")", "]", "}": guard open.popLast() == character else { return false }
      case ",": guard !open.isEmpty else { return false }
      case _ where character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }: return false
      default: break
      }
    }
    return quote == nil && open.isEmpty && !text.isEmpty
  }

  /// The targets as they are sent, each with a name that says whose the answer is.
  var requests: [String] {
    let named = main.enumerated().map { "alias(\($0.element),\"\(Self.key($0.offset, isBad: false))\")" }
    return named + bad.enumerated().map { "alias(\($0.element),\"\(Self.key($0.offset, isBad: true))\")" }
  }

  private static func key(_ instance: Int, isBad: Bool) -> String { "canary \(instance) \(isBad ? "bad" : "all")" }

  /// Whose series a name stands for; nil for one that was not asked for.
  func owner(of key: String) -> (instance: Int, isBad: Bool)? {
    let words = key.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "canary", let instance = Int(words[1]), main.indices.contains(instance),
      words[2] == "bad" || words[2] == "all"
    else { return nil }
    return (instance, words[2] == "bad")
  }
}
