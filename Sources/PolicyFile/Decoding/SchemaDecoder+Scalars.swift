internal import RolloutCore

extension SchemaDecoder {
  mutating func decodeScalar(_ text: String, _ span: Span, as type: ValueType, for key: String) -> Decoded? {
    let value: Decoded.Value?
    switch type {
    case .text(let rule): value = textValue(text, span, rule)
    case .integer(let range): value = integerValue(text, span, range)
    case .number(let low, let high): value = numberValue(text, span, low, high)
    case .numberOrPercentage: value = numberOrPercentageValue(text, span)
    case .boolean: value = booleanValue(text, span)
    case .duration(let minimum): value = durationValue(text, span, minimum)
    case .percentage(let maximum, let zero): value = percentageValue(text, span, maximum, zero)
    case .quantity: value = quantityValue(text, span)
    case .choice(let choices): value = choiceValue(text, span, choices)
    case .list, .command, .dictionary, .object, .variant, .oneOf: value = nil
    }
    return value.map { Decoded(span: span, value: $0) }
  }

  /// Short enough to be read in a message.
  private func quoted(_ text: String) -> String {
    text.unicodeScalars.count > 64 ? "`\(String(text.unicodeScalars.prefix(64)))…`" : "`\(text)`"
  }

  private mutating func textValue(_ text: String, _ span: Span, _ rule: TextRule) -> Decoded.Value? {
    if let problem = rule.problem(in: text) {
      sink.error(problem.code, span, problem.text, help: problem.help)
      return nil
    }
    return .text(text)
  }

  private mutating func integerValue(_ text: String, _ span: Span, _ range: ClosedRange<Int>) -> Decoded.Value? {
    let phrase = ValueType.integer(range).phrase
    guard let number = NumberText.integer(text) else {
      sink.error(.notAnInteger, span, "\(quoted(text)) is not a whole number", help: "write \(phrase)")
      return nil
    }
    guard range.contains(number) else {
      sink.error(.outOfRange, span, "\(quoted(text)) is out of range", help: "write \(phrase)")
      return nil
    }
    return .integer(number)
  }

  private mutating func numberValue(_ text: String, _ span: Span, _ low: Double, _ high: Double) -> Decoded.Value? {
    let phrase = ValueType.number(between: low, and: high).phrase
    guard let number = NumberText.number(text) else {
      let share = NumberText.percentage(text).map { "write `\(NumberText.short($0 / 100))`" }
      sink.error(.notANumber, span, "\(quoted(text)) is not a number", help: share ?? "write \(phrase)")
      return nil
    }
    guard number > low, number < high else {
      sink.error(.outOfRange, span, "\(quoted(text)) is out of range", help: "write \(phrase)")
      return nil
    }
    return .number(number)
  }

  private mutating func numberOrPercentageValue(_ text: String, _ span: Span) -> Decoded.Value? {
    if let share = NumberText.percentage(text) { return .percentage(share) }
    guard let number = NumberText.number(text) else {
      sink.error(
        .notANumber, span, "\(quoted(text)) is neither a number nor a percentage", help: "write `0.05`, `5%` or `500`")
      return nil
    }
    return .number(number)
  }

  private mutating func booleanValue(_ text: String, _ span: Span) -> Decoded.Value? {
    switch text {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    default:
      let meant = ["yes": "true", "on": "true", "y": "true", "1": "true", "true": "true"]
      let other = ["no": "false", "off": "false", "n": "false", "0": "false", "false": "false"]
      let guess = meant[text.lowercased()] ?? other[text.lowercased()]
      sink.error(
        .notABoolean, span, "\(quoted(text)) is neither `true` nor `false`",
        help: guess.map { "write `\($0)`" } ?? "write `true` or `false`")
      return nil
    }
  }

  private mutating func durationValue(_ text: String, _ span: Span, _ minimum: TimeSpan) -> Decoded.Value? {
    guard let duration = DurationText.parse(text) else {
      let suggestion = DurationText.suggestion(for: text)
      let lacksUnit = NumberText.integer(text) != nil
      sink.error(
        .notADuration, span, lacksUnit ? "\(quoted(text)) has no unit" : "\(quoted(text)) is not a duration",
        help: suggestion.map { "write `\($0)`" } ?? "write whole numbers with `h`, `m`, `s`, `ms`, such as `1h30m`")
      return nil
    }
    guard duration >= minimum else {
      sink.error(.outOfRange, span, "\(quoted(text)) is too short", help: "write at least `\(minimum)`")
      return nil
    }
    return .duration(duration)
  }

  private mutating func percentageValue(
    _ text: String, _ span: Span, _ maximum: Double, _ zero: Bool
  ) -> Decoded.Value? {
    guard let share = NumberText.percentage(text) else {
      let plain = NumberText.number(text)
      let guess = plain.flatMap {
        $0 >= 1 ? "\(NumberText.short($0))%" : $0 > 0 ? "\(NumberText.short($0 * 100))%" : nil
      }
      sink.error(
        .notAPercentage, span, plain == nil ? "\(quoted(text)) is not a percentage" : "\(quoted(text)) has no `%`",
        help: guess.map { "write `\($0)`" } ?? "write a number with `%`, such as `10%`")
      return nil
    }
    guard share <= maximum, zero || share > 0 else {
      let low = zero ? "from 0%" : "above 0%"
      sink.error(
        .outOfRange, span, "\(quoted(text)) is out of range", help: "write \(low) to \(NumberText.short(maximum))%")
      return nil
    }
    return .percentage(share)
  }

  private mutating func quantityValue(_ text: String, _ span: Span) -> Decoded.Value? {
    if text.hasSuffix("%") { return percentageValue(text, span, 100, false) }
    guard let count = NumberText.integer(text) else {
      sink.error(
        .notAQuantity, span, "\(quoted(text)) is neither a whole number nor a percentage", help: "write `2` or `25%`")
      return nil
    }
    guard (1...10_000).contains(count) else {
      sink.error(.outOfRange, span, "\(quoted(text)) is out of range", help: "write 1 to 10000, or a percentage")
      return nil
    }
    return .integer(count)
  }

  private mutating func choiceValue(_ text: String, _ span: Span, _ choices: [Choice]) -> Decoded.Value? {
    let names = choices.map(\.name)
    guard names.contains(text) else {
      let near = NearestName.find(text, among: names).map { "did you mean `\($0)`? " } ?? ""
      sink.error(
        .unknownChoice, span, "\(quoted(text)) is not known here",
        help: near + "known are " + names.map { "`\($0)`" }.joined(separator: ", "))
      return nil
    }
    return .text(text)
  }
}
