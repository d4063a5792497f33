/// Bytes that names are made of.
enum NameBytes {
  static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
  static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || isUpper(byte) || NumberText.isDigit(byte) }

  /// An alphanumeric first byte, then alphanumerics and `extra`.
  static func isName(_ text: some StringProtocol, extra: String, maximum: Int) -> Bool {
    let bytes = text.utf8
    guard let first = bytes.first, bytes.count <= maximum, isAlphanumeric(first) else { return false }
    for byte in bytes where !isAlphanumeric(byte) && !extra.utf8.contains(byte) { return false }
    return true
  }
}

extension NameBytes {
  /// Two dots in a row: never in a name, since it may become a part of a path.
  static func hasDoubleDot(_ text: String) -> Bool {
    var last: UInt8 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "."), last == byte { return true }
      last = byte
    }
    return false
  }
}

/// Versions: `[A-Za-z0-9][A-Za-z0-9._+-]*`, at most 128 bytes, never with `..`. Safe as the name of a directory and in
/// a command line.
public enum VersionGrammar {
  public static let description = "letters, digits, `.`, `_`, `+`, `-`; starts with a letter or digit; no `..`"
  public static func accepts(_ text: String) -> Bool {
    NameBytes.isName(text, extra: "._+-", maximum: 128) && !NameBytes.hasDoubleDot(text)
  }
}

/// Services: `[a-z0-9][a-z0-9._-]*`, at most 64 bytes, never with `..`.
public enum ServiceGrammar {
  public static let description = "lower-case letters, digits, `.`, `_`, `-`; starts with a letter or digit"
  public static func accepts(_ text: String) -> Bool {
    NameBytes.isName(text, extra: "._-", maximum: 64) && !text.utf8.contains(where: NameBytes.isUpper)
      && !NameBytes.hasDoubleDot(text)
  }
}

/// Host names: `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 253 bytes, never with `..`. Nothing that ssh or a shell could
/// take for an option, a user or a path.
public enum HostGrammar {
  public static let description = "letters, digits, `.`, `_`, `-`; starts with a letter or digit"
  public static func accepts(_ text: String) -> Bool {
    NameBytes.isName(text, extra: "._-", maximum: 253) && !NameBytes.hasDoubleDot(text)
  }
}

/// Addresses: a host name, or an IPv6 address without brackets.
public enum AddressGrammar {
  public static func accepts(_ text: String) -> Bool { HostGrammar.accepts(text) || isIPv6(text) }

  /// Four numbers up to 255 with dots between them.
  static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { (0...255).contains(NumberText.integer(String($0)) ?? -1) }
  }

  static func isIPv6(_ text: String) -> Bool {
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (3...9).contains(groups.count), text.utf8.count <= 45, !text.contains(":::") else { return false }
    let isHex = groups.allSatisfy { group in
      group.utf8.count <= 4 && group.utf8.allSatisfy { NameBytes.isAlphanumeric($0) && Character(.init($0)).isHexDigit }
    }
    let isShort = text.contains("::")
    let hasOneGap = text.split(separator: "::", omittingEmptySubsequences: false).count <= 2
    return isHex && (isShort ? hasOneGap : groups.count == 8 && groups.allSatisfy { !$0.isEmpty })
  }
}

/// Names of labels and of what stands in `{}`: `[A-Za-z_][A-Za-z0-9_-]*`, at most 64 bytes.
enum LabelGrammar {
  static func accepts(_ text: String) -> Bool {
    guard let first = text.utf8.first, !NumberText.isDigit(first), first != UInt8(ascii: "-") else { return false }
    return text.utf8.count <= 64
      && text.utf8.allSatisfy {
        NameBytes.isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      }
  }
}

/// `{name}` in addresses and paths.
enum Template {
  /// The names in the order in which they stand, or nil where a brace is not closed or a name is none.
  static func names(in text: String) -> [String]? {
    var names: [String] = []
    var rest = text[...]
    while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[brace] == "{", let close = rest[brace...].firstIndex(of: "}") else { return nil }
      let name = String(rest[rest.index(after: brace)..<close])
      guard LabelGrammar.accepts(name) else { return nil }
      names.append(name)
      rest = rest[rest.index(after: close)...]
    }
    return names
  }

  /// The same in a text whose other braces mean something else, such as `{a,b}` in a target of Graphite.
  static func namesAmongOthers(in text: String) -> [String] {
    var names: [String] = []
    var rest = text[...]
    while let brace = rest.firstIndex(of: "{") {
      rest = rest[rest.index(after: brace)...]
      guard let end = rest.firstIndex(where: { $0 == "{" || $0 == "}" }), rest[end] == "}" else { continue }
      let name = String(rest[..<end])
      if LabelGrammar.accepts(name) { names.append(name) }
    }
    return names
  }
}
