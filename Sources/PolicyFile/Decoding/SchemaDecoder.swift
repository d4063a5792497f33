internal import RolloutCore

/// Holds a document against the schema and reports every difference.
struct SchemaDecoder {
  /// Keys of a mapping that suggestions look at. No mapping of the schema has as many.
  static let comparedKeys = 64

  var sink: DiagnosticSink
  /// How the key at hand could be written, while its value is looked at.
  private var example: String?

  init(sink: DiagnosticSink) { self.sink = sink }

  /// The value that `node` stands for, or nil after reporting why it is none of `type`.
  mutating func decode(_ node: SourceNode, as type: ValueType, for key: String) -> Decoded? {
    if case .oneOf(let types) = type {
      let shape = Self.shape(of: node)
      guard let match = types.first(where: { $0.shape == shape }) ?? types.first else { return nil }
      if match.shape != shape { return reportShape(node, type, key) }
      return decode(node, as: match, for: key)
    }
    switch node.content {
    case .reported: return nil
    case .missing:
      return reportShape(node, type, key)
    case .scalar(let text, let isPlain):
      guard type.shape == .single else { return reportShape(node, type, key) }
      if isPlain, text == "~" || text == "null" {
        sink.warning(
          .nullIsText, node.span, "`\(text)` is a text here, not an absent value",
          help: "delete the key to leave it out")
      }
      return decodeScalar(text, node.span, as: type, for: key)
    case .sequence(let items):
      switch type {
      case .list(let item, let minimum): return decodeList(items, node.span, of: item, minimum: minimum, for: key)
      case .command: return decodeCommand(items, node.span, for: key)
      default: return reportShape(node, type, key)
      }
    case .mapping(let entries):
      switch type {
      case .object(let schema): return decodeObject(entries, node.span, as: schema)
      case .variant(let mark, let schema, let other):
        return decodeObject(entries, node.span, as: entries.contains { $0.key == mark } ? schema : other)
      case .dictionary(let name, let value): return decodeDictionary(entries, node.span, name, value)
      default: return reportShape(node, type, key)
      }
    }
  }

  private static func shape(of node: SourceNode) -> ValueType.Shape? {
    switch node.content {
    case .scalar: .single
    case .sequence: .list
    case .mapping: .mapping
    case .missing, .reported: nil
    }
  }

  private mutating func reportShape(_ node: SourceNode, _ type: ValueType, _ key: String) -> Decoded? {
    let help = "write \(type.phrase)" + (example.map { ", as in `\(key): \($0)`" } ?? "")
    switch node.content {
    case .reported: break
    case .missing: sink.error(.missingValue, node.span, "no value for `\(key)`", help: help)
    case .scalar(let text, _) where type.isCommand:
      let words = text.split(separator: " ").joined(separator: ", ")
      sink.error(
        .notACommand, node.span, "a command as one text", help: "write program and arguments: `[\(words.prefix(80))]`")
    default:
      sink.error(.wrongShape, node.span, "`\(key)` is \(node.shape)", help: help)
    }
    return nil
  }

  // MARK: - Lists and dictionaries

  private mutating func decodeList(
    _ items: [SourceNode], _ span: Span, of type: ValueType, minimum: Int, for key: String
  ) -> Decoded? {
    guard items.count >= minimum else {
      sink.error(.wrongLength, span, "`\(key)` is an empty list", help: "write at least one item")
      return nil
    }
    var values: [Decoded] = []
    for item in items {
      example = nil
      if let value = decode(item, as: type, for: key) { values.append(value) }
      if sink.isFull { break }
    }
    let isWhole = values.count == items.count && values.allSatisfy(\.isWhole)
    return Decoded(span: span, value: .list(values), isWhole: isWhole)
  }

  private mutating func decodeCommand(_ items: [SourceNode], _ span: Span, for key: String) -> Decoded? {
    guard let list = decodeList(items, span, of: .text(.argument), minimum: 1, for: key) else { return nil }
    if list.isWhole, let first = list.list?.first, first.text == "" {
      sink.error(.notACommand, first.span, "a command without a program", help: "start with the program's path or name")
      return nil
    }
    return list
  }

  private mutating func decodeDictionary(
    _ entries: [SourceNode.Entry], _ span: Span, _ nameRule: TextRule, _ type: ValueType
  ) -> Decoded {
    var pairs: [(Decoded, Decoded)] = []
    for entry in entries {
      let name = decodeScalar(entry.key, entry.keySpan, as: .text(nameRule), for: entry.key)
      example = nil
      let value = decode(entry.value, as: type, for: entry.key)
      if let name, let value { pairs.append((name, value)) }
    }
    let isWhole = pairs.count == entries.count && pairs.allSatisfy(\.1.isWhole)
    return Decoded(span: span, value: .dictionary(pairs), isWhole: isWhole)
  }

  // MARK: - Mappings

  private mutating func decodeObject(_ entries: [SourceNode.Entry], _ span: Span, as schema: ObjectSchema) -> Decoded {
    var decoded: [(key: String, keySpan: Span, value: Decoded?)] = []
    var isWhole = true
    var unknown: [String] = []
    for entry in entries {
      guard let field = schema.field(entry.key) else {
        isWhole = false
        unknown.append(entry.key)
        reportUnknown(entry, in: schema, present: entries)
        if sink.isFull { break }
        continue
      }
      example = field.example
      let value = decode(entry.value, as: field.type, for: entry.key)
      isWhole = isWhole && value?.isWhole == true
      decoded.append((entry.key, entry.keySpan, value))
    }
    let object = DecodedObject(span: span, entries: decoded)
    if !checkPresence(object, schema, unknown: unknown) { isWhole = false }
    return Decoded(span: span, value: .object(object), isWhole: isWhole)
  }

  private mutating func reportUnknown(
    _ entry: SourceNode.Entry, in schema: ObjectSchema, present: [SourceNode.Entry]
  ) {
    let open = schema.fields.map(\.key).filter { key in !present.prefix(Self.comparedKeys).contains { $0.key == key } }
    let help: String
    if let near = NearestName.find(entry.key, among: open) {
      help = "did you mean `\(near)`?"
    } else if let home = PolicySchema.home(of: entry.key), home.schema != schema.name {
      help = "`\(entry.key)` belongs in \(home.path)"
    } else if schema.fields.isEmpty {
      help = "nothing can be set here"
    } else if schema.fields.count > 12 {
      help = "`policies/reference.yaml` shows every key of \(schema.name)"
    } else {
      help = "\(schema.name) has " + schema.fields.map { "`\($0.key)`" }.joined(separator: ", ")
    }
    sink.error(.unknownKey, entry.keySpan, "unknown key `\(entry.key.prefix(64))` in \(schema.name)", help: help)
  }

  /// A missing key is not reported where a misspelt one in the same mapping was, or it would be reported twice.
  private mutating func checkPresence(_ object: DecodedObject, _ schema: ObjectSchema, unknown: [String]) -> Bool {
    var isFine = true
    for field in schema.fields {
      if field.isRequired, !object.has(field.key) {
        isFine = false
        if !unknown.contains(where: { NearestName.find($0, among: [field.key]) != nil }) {
          let help = "add `\(field.key): \(field.example)`"
          sink.error(.missingKey, object.span, "\(schema.name) without `\(field.key)`", help: help)
        }
      }
      if let partner = field.partner, let span = object.keySpan(field.key), !object.has(partner) {
        isFine = false
        sink.error(
          .keyWithoutPartner, span, "`\(field.key)` without `\(partner)`",
          help: "it means something with `\(partner)` only")
      }
    }
    return checkAlternatives(object, schema, hasUnknown: !unknown.isEmpty) && isFine
  }

  private mutating func checkAlternatives(_ object: DecodedObject, _ schema: ObjectSchema, hasUnknown: Bool) -> Bool {
    var isFine = true
    for choice in schema.choices where !check(choice, of: object, schema.name, hasUnknown: hasUnknown) {
      isFine = false
    }
    return isFine
  }

  private mutating func check(
    _ choice: Alternatives, of object: DecodedObject, _ name: String, hasUnknown: Bool
  ) -> Bool {
    let shown = choice.groups.map { $0.map { "`\($0)`" }.joined(separator: " with ") }.joinedWithOr
    var open = choice.groups
    var kept: [String] = []
    for entry in object.entries where choice.groups.contains(where: { $0.contains(entry.key) }) {
      let left = open.filter { $0.contains(entry.key) }
      if left.isEmpty {
        let rival = kept.first { key in !choice.groups.contains { $0.contains(key) && $0.contains(entry.key) } }
        sink.error(
          .conflictingKeys, entry.keySpan, "`\(entry.key)` next to `\(rival ?? kept[0])`",
          help: "\(name) has \(choice.isRequired ? "exactly" : "at most") one of \(shown)")
        return false
      }
      open = left
      kept.append(entry.key)
    }
    guard let found = kept.first else {
      if choice.isRequired, !hasUnknown {
        sink.error(.missingKey, object.span, "\(name) with none of \(shown)", help: "add one of them")
      }
      return !choice.isRequired
    }
    if open.contains(where: { $0.allSatisfy(kept.contains) }) { return true }
    var missing: [String] = []
    for key in open.flatMap(\.self) where !kept.contains(key) && !missing.contains(key) { missing.append(key) }
    let partners = missing.map { "`\($0)`" }.joinedWithOr
    sink.error(
      .keyWithoutPartner, object.keySpan(found) ?? object.span, "`\(found)` without \(partners)",
      help: "add \(partners)")
    return false
  }
}

extension PolicySchema {
  /// The only mapping that has `key`, and the way to it, for a key that stands in the wrong place.
  static func home(of key: String) -> (schema: String, path: String)? {
    let homes = objects.filter { $0.schema.field(key) != nil }
    guard homes.count == 1, let home = homes.first else { return nil }
    return (home.schema.name, home.path.isEmpty ? "the policy's top level" : "`\(home.path)`")
  }

  /// Every mapping of the schema with its path.
  static let objects: [(path: String, schema: ObjectSchema)] = collect(.object(root), "")

  private static func collect(_ type: ValueType, _ path: String) -> [(path: String, schema: ObjectSchema)] {
    switch type {
    case .object(let schema):
      [(path, schema)] + schema.fields.flatMap { collect($0.type, path.isEmpty ? $0.key : "\(path).\($0.key)") }
    case .list(let item, _): collect(item, path + "[]")
    case .oneOf(let types): types.flatMap { collect($0, path) }
    case .variant(_, let schema, let other): collect(.object(schema), path) + collect(.object(other), path)
    case .dictionary(_, let value): collect(value, path + ".*")
    default: []
    }
  }
}
