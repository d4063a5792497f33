internal import FoundationEssentials

/// RFC 6901: where in a JSON document a value is.
struct JSONPointer: Hashable, Sendable {
  let text: String
  let tokens: [String]

  /// Nil unless empty or beginning with `/`, with every `~` followed by 0 or 1.
  init?(_ text: String) {
    guard text.isEmpty || text.hasPrefix("/") else { return nil }
    var tokens: [String] = []
    for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      var token = ""
      var rest = part[...]
      while let tilde = rest.firstIndex(of: "~") {
        token += rest[..<tilde]
        let code = rest[rest.index(after: tilde)...].first
        guard code == "0" || code == "1" else { return nil }
        token += code == "0" ? "~" : "/"
        rest = rest[rest.index(tilde, offsetBy: 2)...]
      }
      tokens.append(token + rest)
    }
    self.text = text
    self.tokens = tokens
  }

  /// Digits without leading zero, as the RFC asks.
  static func arrayIndex(_ token: String) -> Int? {
    guard token.utf8.allSatisfy({ (0x30...0x39).contains($0) }), token == "0" || !token.hasPrefix("0") else {
      return nil
    }
    return Int(token)
  }

  enum Answer: Hashable, Sendable {
    /// The text of a string, number, boolean or null.
    case value(String)
    case missing
    /// An object or array is there.
    case notScalar
    case notJSON
  }

  func value(in document: [UInt8]) -> Answer {
    let decoder = JSONDecoder()
    decoder.userInfo = [PointedValue.tokens: tokens]
    guard let found = try? decoder.decode(PointedValue.self, from: Data(document)) else { return .notJSON }
    return found.answer
  }
}

/// Walks to one value without building the rest of the document.
private struct PointedValue: Decodable {
  static let tokens = CodingUserInfoKey(rawValue: "tokens").unsafelyUnwrapped
  var answer: JSONPointer.Answer

  init(from decoder: any Decoder) throws {
    let tokens = decoder.userInfo[Self.tokens] as? [String] ?? []
    guard let end = Self.walk(decoder, tokens[...]) else {
      answer = .missing
      return
    }
    answer = try Self.scalar(end)
  }

  private static func walk(_ decoder: any Decoder, _ tokens: ArraySlice<String>) -> (any Decoder)? {
    var decoder = decoder
    for token in tokens {
      if let object = try? decoder.container(keyedBy: Key.self) {
        guard let next = try? object.superDecoder(forKey: Key(stringValue: token)),
          object.contains(Key(stringValue: token))
        else { return nil }
        decoder = next
      } else if let index = JSONPointer.arrayIndex(token), var array = try? decoder.unkeyedContainer(),
        index < array.count ?? 0
      {
        for _ in 0..<index { _ = try? array.superDecoder() }
        guard let next = try? array.superDecoder() else { return nil }
        decoder = next
      } else {
        return nil
      }
    }
    return decoder
  }

  private static func scalar(_ decoder: any Decoder) throws -> JSONPointer.Answer {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() { return .value("null") }
    if let text = try? value.decode(String.self) { return .value(text) }
    if let flag = try? value.decode(Bool.self) { return .value(flag ? "true" : "false") }
    if let number = try? value.decode(Int64.self) { return .value("\(number)") }
    if let number = try? value.decode(Double.self) { return .value("\(number)") }
    return .notScalar
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
