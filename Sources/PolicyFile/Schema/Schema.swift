internal import RolloutCore

/// A key of a mapping: the one place that says what it is called, holds, means and defaults to. The decoder, the JSON
/// Schema and the check of `policies/reference.yaml` all read it.
struct Field: Sendable {
  var key: String
  var type: ValueType
  /// One or two sentences, shown by editors.
  var doc: String
  var isRequired = false
  /// What holds when the key is left out, as a policy would write it. Nil: nothing, or what `doc` says.
  var defaultText: String?
  /// A value as it could stand after the colon, in flow style.
  var example: String
  /// Key of the same mapping without which this one means nothing.
  var partner: String?

  init(
    _ key: String, _ type: ValueType, required: Bool = false, default defaultText: String? = nil, example: String,
    partner: String? = nil, _ doc: String
  ) {
    self.key = key
    self.type = type
    self.doc = doc
    self.isRequired = required
    self.defaultText = defaultText
    self.example = example
    self.partner = partner
  }
}

/// A mapping with known keys.
struct ObjectSchema: Sendable {
  /// Noun with article, for messages: `a probe`.
  var name: String
  var fields: [Field]
  var choices: [Alternatives]

  init(name: String, fields: [Field], choices: [Alternatives] = []) {
    self.name = name
    self.fields = fields
    self.choices = choices
  }

  /// A mapping that has exactly one of `alternatives`, complete.
  init(name: String, fields: [Field], alternatives: [[String]]) {
    self.init(name: name, fields: fields, choices: [Alternatives(groups: alternatives)])
  }

  func field(_ key: String) -> Field? { fields.first { $0.key == key } }
}

/// Groups of keys of which at most one may be there, complete. A key may belong to several groups.
struct Alternatives: Sendable {
  var groups: [[String]]
  /// One of them must be there.
  var isRequired = true
}

struct Choice: Sendable {
  var name: String
  var doc: String
}

/// What a value may be. Nothing else decides how its text is read.
indirect enum ValueType: Sendable {
  case text(TextRule)
  case integer(ClosedRange<Int>)
  /// A decimal number between two bounds, both excluded.
  case number(between: Double, and: Double)
  /// A decimal number, or a percentage for the hundredth of it; at least 0.
  case numberOrPercentage
  case boolean
  case duration(minimum: TimeSpan)
  /// In percent. The lower bound is excluded when it is 0 and `zero` is false.
  case percentage(maximum: Double, zero: Bool)
  /// A whole number from 1 or a percentage above 0.
  case quantity
  case choice([Choice])
  case list(of: ValueType, minimum: Int)
  /// A program and its arguments, never a line for a shell.
  case command
  /// Names that the policy chooses, with a value for each.
  case dictionary(key: TextRule, value: ValueType)
  case object(ObjectSchema)
  /// A mapping of one kind where it has a key, and of another where it has not.
  case variant(key: String, with: ObjectSchema, without: ObjectSchema)
  /// One type for each shape (single value, list, mapping).
  case oneOf([ValueType])

  enum Shape { case single, list, mapping }

  var shape: Shape? {
    switch self {
    case .text, .integer, .number, .numberOrPercentage, .boolean, .duration, .percentage, .quantity, .choice: .single
    case .list, .command: .list
    case .dictionary, .object, .variant: .mapping
    case .oneOf: nil
    }
  }

  /// A program and its arguments, or a mapping with one.
  var isCommand: Bool {
    switch self {
    case .command: true
    case .oneOf(let types): types.contains(where: \.isCommand)
    default: false
    }
  }

  /// What to write, as a phrase with article.
  var phrase: String {
    switch self {
    case .text(let rule): rule.phrase
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let low, let high): "a number between \(NumberText.short(low)) and \(NumberText.short(high))"
    case .numberOrPercentage: "a number or a percentage"
    case .boolean: "`true` or `false`"
    case .duration: "a duration such as `10s`"
    case .percentage: "a percentage such as `10%`"
    case .quantity: "a whole number or a percentage"
    case .choice(let choices): choices.map { "`\($0.name)`" }.joinedWithOr
    case .list: "a list"
    case .command: "a command as a list: `[program, argument]`"
    case .dictionary: "a mapping of names to values"
    case .object(let schema):
      schema.choices.count == 1 && schema.choices[0].isRequired
        ? "a mapping with " + schema.choices[0].groups.map { "`\($0[0])`" }.joinedWithOr
        : "a mapping of keys"
    case .variant: "a mapping of keys"
    case .oneOf(let types): types.map(\.phrase).joinedWithOr
    }
  }
}

extension [String] {
  /// `a`, `a or b`, `a, b or c`.
  var joinedWithOr: String {
    guard count > 1, let last else { return first ?? "" }
    return dropLast().joined(separator: ", ") + " or " + last
  }
}

extension NumberText {
  /// Without `.0`.
  static func short(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return String(whole) }
    return "\(value)"
  }
}
