internal import RolloutCore

/// What one check asks a Prometheus server for, over all instances at once.
struct PrometheusQuery: Hashable, Sendable {
  let kind: InstanceTally.Kind
  /// The series whose name messages give.
  let name: String
  /// Selects the requests, buckets, level or events.
  let main: String
  /// Selects the events of a ratio.
  let bad: String?

  init(_ policy: CheckPolicy, _ instances: PrometheusInstances) throws(ReadingProblem) {
    func text(_ selector: String, suffix: String = "") throws(ReadingProblem) -> String {
      do { return try Self.text(selector, suffix: suffix, on: instances) } catch {
        throw ReadingProblem(.error, detail: "selector, \(error)")
      }
    }
    switch policy.measure {
    case .ratio(let events, let total): (kind, main, bad) = (.ratio, try text(total), try text(events))
    case .rate(let events), .share(let events): (kind, main, bad) = (.rate, try text(events), nil)
    case .histogram(let name, _): (kind, main, bad) = (.histogram, try text(name, suffix: "_bucket"), nil)
    case .gauge(let level):
      (kind, bad) = (.gauge(worst: .init(policy.worseWhen)), nil)
      main = try text(level)
    }
    name = String(main.prefix { $0 != "{" })
  }

  /// The selector with one more matcher, on the instances.
  static func text(
    _ selector: String, suffix: String = "", on instances: PrometheusInstances
  ) throws(SeriesSelector.Mistake) -> String {
    // Understood as a whole before a word of it is put elsewhere.
    let name = try SeriesSelector(selector).name
    let rest = Phrase.trimmed(Phrase.trimmed(selector).dropFirst(name.count))
    let matcher = instances.label + "=~" + quoted(instances.values.map(escaped).joined(separator: "|"))
    return "\(name)\(suffix){\(matcher),\(rest.isEmpty ? "}" : String(rest.dropFirst()))"
  }

  /// A regular expression (RE2) for exactly this text.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      if #"\.+*?()|[]{}^$"#.unicodeScalars.contains(character) { result += "\\" }
      result.unicodeScalars.append(character)
    }
    return result
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text.unicodeScalars {
      if character == "\\" || character == "\"" { result += "\\" }
      result.unicodeScalars.append(character)
    }
    return result + "\""
  }
}

/// The instances as a Prometheus server knows them.
struct PrometheusInstances: Sendable {
  let label: String
  /// In the order of the instances.
  let values: [String]
  private let indices: [String: Int]

  init(_ source: PrometheusSource, _ instances: [Instance]) throws(ReadingProblem) {
    label = source.label
    guard let first = label.utf8.first, first.startsLabelName, label.utf8.allSatisfy(\.continuesLabelName) else {
      throw ReadingProblem(.error, detail: "label \(Phrase.clean(label).debugDescription) is no label name")
    }
    var indices: [String: Int] = [:]
    values = instances.map { $0.expanding(source.instance) }
    for (index, value) in values.enumerated() {
      let shown = "\(label)=\"\(Phrase.clean(value))\""
      guard !value.isEmpty, value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
        throw ReadingProblem(.error, detail: "\(shown) of \(instances[index].id.text) is no label value")
      }
      if let other = indices.updateValue(index, forKey: value) {
        throw ReadingProblem(
          .error,
          detail: "\(instances[other].id.text) and \(instances[index].id.text) are both \(shown); "
            + "tell them apart in `instance`, with {host}, {id} or a label")
      }
    }
    self.indices = indices
  }

  func index(of value: String) -> Int? { indices[value] }
}
