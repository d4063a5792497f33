internal import FoundationEssentials

/// A JSON document, read once for many pointers. Numbers are doubles: counts are exact up to 2⁵³.
enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Arrays and objects within one another: more than any report has, and few enough for the stack of a thread.
  static let maximumDepth = 64

  /// Nil where `bytes` are not one JSON document, or one that is nested too deeply.
  init?(_ bytes: [UInt8]) {
    guard Self.depth(bytes) <= Self.maximumDepth,
      let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    else { return nil }
    self = value
  }

  /// At least the depth of the document that `bytes` are, if they are one.
  private static func depth(_ bytes: [UInt8]) -> Int {
    var (depth, deepest, isText) = (0, 0, false)
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "\\") where isText: index += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if !isText { depth += 1 }
        deepest = max(deepest, depth)
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isText { depth -= 1 }
      default: break
      }
      index += 1
    }
    return deepest
  }

  /// What the tokens of a pointer lead to; nil where there is nothing.
  func value(at tokens: some Sequence<String>) -> JSONValue? {
    var value = self
    for token in tokens {
      switch value {
      case .object(let members):
        guard let member = members[token] else { return nil }
        value = member
      case .array(let elements):
        guard let index = JSONPointer.arrayIndex(token), index < elements.count else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  /// For people.
  var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: Decodable {
  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .string(text)
    } else if let elements = try? value.decode([JSONValue].self) {
      self = .array(elements)
    } else {
      self = .object(try value.decode([String: JSONValue].self))
    }
  }
}
