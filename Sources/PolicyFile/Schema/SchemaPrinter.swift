/// Prints the schema for editors.
public enum SchemaPrinter {
  /// JSON Schema, draft-7, of a policy file. Stable text, ending in a line break.
  public static func jsonSchema() -> String { document(PolicySchema.root, title: "canary policy") }

  /// The same of a file that a policy includes.
  public static func checkSetSchema() -> String { document(PolicySchema.checkSet, title: "canary check set") }

  private static func document(_ root: ObjectSchema, title: String) -> String {
    var schema = object(root)
    schema.insert(("$schema", .text("http://json-schema.org/draft-07/schema#")), at: 0)
    schema.insert(("title", .text(title)), at: 1)
    return JSONText.object(schema).rendered() + "\n"
  }

  private typealias Members = [(name: String, value: JSONText)]

  private static func object(_ schema: ObjectSchema) -> Members {
    var members: Members = [("type", .text("object")), ("additionalProperties", .boolean(false))]
    let required = schema.fields.filter(\.isRequired).map { JSONText.text($0.key) }
    if !required.isEmpty { members.append(("required", .list(required))) }
    let partners = schema.fields.compactMap { field in
      field.partner.map { (name: field.key, value: JSONText.list([.text($0)])) }
    }
    if !partners.isEmpty { members.append(("dependencies", .object(partners))) }
    let choices = schema.choices.map { (name: "oneOf", value: JSONText.list(alternatives($0))) }
    if choices.count == 1 { members += choices }
    if choices.count > 1 { members.append(("allOf", .list(choices.map { .object([$0]) }))) }
    members.append(("properties", .object(schema.fields.map { ($0.key, .object(property($0))) })))
    return members
  }

  private static func alternatives(_ choice: Alternatives) -> [JSONText] {
    let groups = choice.groups.map { JSONText.object([("required", .list($0.map(JSONText.text)))]) }
    return groups + (choice.isRequired ? [] : [.object([("not", .object([("anyOf", .list(groups))]))])])
  }

  private static func property(_ field: Field) -> Members {
    var text = field.doc
    if let standard = field.defaultText { text += " Default: `\(standard)`." }
    text += " Example: `\(field.key): \(field.example)`"
    return [("description", .text(text))] + type(field.type)
  }

  private static func type(_ type: ValueType) -> Members {
    switch type {
    case .text(let rule):
      let names: [JSONText] = [.text("string")] + (rule.mayLookLikeNumber ? [.text("number"), .text("boolean")] : [])
      return [("type", names.count == 1 ? names[0] : .list(names))]
        + (rule.pattern.map { [("pattern", .text($0))] } ?? [])
    case .integer(let range): return integer(range)
    case .number(let low, let high):
      return [
        ("type", .text("number")), ("exclusiveMinimum", .number(low)), ("exclusiveMaximum", .number(high)),
      ]
    case .numberOrPercentage: return anyOf([[("type", .text("number"))], percentage])
    case .boolean: return [("type", .text("boolean"))]
    case .duration: return pattern("^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+(\\.[0-9]{1,3})?s)?([0-9]+ms)?$")
    case .percentage: return percentage
    case .quantity: return anyOf([integer(1...10_000), percentage])
    case .choice(let choices):
      let docs = choices.map { "\($0.name): \($0.doc)" }.map(JSONText.text)
      return [("enum", .list(choices.map { .text($0.name) })), ("enumDescriptions", .list(docs))]
    case .list(let item, let minimum):
      return [("type", .text("array")), ("items", .object(self.type(item)))]
        + (minimum > 0 ? [("minItems", .number(Double(minimum)))] : [])
    case .command: return self.type(.list(of: .text(.argument), minimum: 1))
    case .dictionary(let key, let value):
      return [
        ("type", .text("object")), ("propertyNames", .object(pattern(key.pattern ?? ""))),
        ("additionalProperties", .object(self.type(value))),
      ]
    case .object(let schema): return object(schema)
    case .variant(_, let schema, let other): return anyOf([object(schema), object(other)])
    case .oneOf(let types): return anyOf(types.map(self.type))
    }
  }

  private static var percentage: Members { pattern("^[0-9]+(\\.[0-9]+)?%$") }

  private static func pattern(_ pattern: String) -> Members {
    [("type", .text("string")), ("pattern", .text(pattern))]
  }

  private static func integer(_ range: ClosedRange<Int>) -> Members {
    [
      ("type", .text("integer")), ("minimum", .number(Double(range.lowerBound))),
      ("maximum", .number(Double(range.upperBound))),
    ]
  }

  private static func anyOf(_ types: [Members]) -> Members { [("anyOf", .list(types.map(JSONText.object)))] }
}

/// JSON with members in the order in which they were given.
indirect enum JSONText {
  case text(String)
  case number(Double)
  case boolean(Bool)
  case list([JSONText])
  case object([(name: String, value: JSONText)])

  func rendered(indent: String = "") -> String {
    let inner = indent + "  "
    switch self {
    case .text(let text): return Self.quoted(text)
    case .number(let number): return NumberText.short(number)
    case .boolean(let flag): return flag ? "true" : "false"
    case .list(let items):
      return "[" + items.map { $0.rendered(indent: inner) }.joined(separator: ", ") + "]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { "\(inner)\(Self.quoted($0.name)): \($0.value.rendered(indent: inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
