internal import RolloutCore

/// A value that the schema has accepted, with its place.
struct Decoded: Sendable {
  var span: Span
  var value: Value
  /// False when a part of it was reported and left out, so that nothing may be concluded from what is missing.
  var isWhole = true

  indirect enum Value: Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case duration(TimeSpan)
    /// In percent.
    case percentage(Double)
    case list([Decoded])
    case dictionary([(name: Decoded, value: Decoded)])
    case object(DecodedObject)
  }

  var text: String? { if case .text(let text) = value { text } else { nil } }
  var integer: Int? { if case .integer(let integer) = value { integer } else { nil } }
  var number: Double? { if case .number(let number) = value { number } else { nil } }
  var boolean: Bool? { if case .boolean(let boolean) = value { boolean } else { nil } }
  var duration: TimeSpan? { if case .duration(let duration) = value { duration } else { nil } }
  var percentage: Double? { if case .percentage(let percentage) = value { percentage } else { nil } }
  var list: [Decoded]? { if case .list(let list) = value { list } else { nil } }
  var object: DecodedObject? { if case .object(let object) = value { object } else { nil } }
  /// The texts of a list of texts.
  var texts: [String]? { list?.compactMap(\.text) }

  /// The names and texts of a dictionary.
  var pairs: [(name: String, value: String)] {
    guard case .dictionary(let pairs) = value else { return [] }
    return pairs.compactMap { pair in
      guard let name = pair.name.text, let value = pair.value.text else { return nil }
      return (name, value)
    }
  }

  /// A whole number of instances or a percentage of them.
  var quantity: Quantity? {
    switch value {
    case .integer(let count): .count(count)
    case .percentage(let share): .percent(share)
    default: nil
    }
  }

  /// A number, or a percentage as the hundredth of it.
  var ratio: Double? {
    switch value {
    case .number(let number): number
    case .integer(let number): Double(number)
    case .percentage(let share): share / 100
    default: nil
    }
  }
}

/// A mapping that the schema has accepted.
struct DecodedObject: Sendable {
  var span: Span
  /// In the order of the document. `value` is nil for a key that is there and whose value was refused.
  var entries: [(key: String, keySpan: Span, value: Decoded?)]

  subscript(key: String) -> Decoded? { entries.first { $0.key == key }?.value }
  func has(_ key: String) -> Bool { entries.contains { $0.key == key } }
  func keySpan(_ key: String) -> Span? { entries.first { $0.key == key }?.keySpan }

  /// The key's value, or nil where it is absent or a part of it was refused.
  func whole(_ key: String) -> Decoded? {
    guard let value = self[key], value.isWhole else { return nil }
    return value
  }
}
