extension TextRule {
  func pathProblem(in text: String) -> Problem? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if text.utf8.count > 1024 {
      return Problem(code: .path, text: "a path of more than 1024 bytes", help: "shorten it")
    }
    switch self {
    case .directory:
      if !text.hasPrefix("/") {
        return Problem(code: .directory, text: "`\(text)` is not absolute", help: "start it with `/`")
      }
      if parts.contains("..") || parts.contains(".") {
        return Problem(
          code: .directory, text: "`\(text)` contains `.` or `..`", help: "write the directory without detours")
      }
      if parts.allSatisfy(\.isEmpty) {
        return Problem(code: .directory, text: "`\(text)` is the root of the file system", help: "name a directory")
      }
    case .sharedPath:
      if text.hasPrefix("/") || parts.contains("..") || parts.contains(".") || parts.contains("") {
        return Problem(
          code: .sharedPath, text: "`\(text)` is not a plain relative path",
          help: "write it relative to the release, without `.`, `..` or empty parts")
      }
      fallthrough
    default:
      if text.hasPrefix("-") {
        return Problem(
          code: self == .sharedPath ? .sharedPath : .path, text: "`\(text)` starts with `-`",
          help: "write `./\(text)`, so that no program takes it for an option")
      }
    }
    guard self == .versionedPath else { return nil }
    guard let names = Template.names(in: text) else { return malformedTemplate(text) }
    if let unknown = names.first(where: { $0 != "version" }) {
      return Problem(
        code: .unknownTemplateName, text: "`{\(unknown)}` means nothing here", help: "only `{version}` is known here")
    }
    return nil
  }

  func malformedTemplate(_ text: String) -> Problem {
    Problem(
      code: .malformedTemplate, text: "a brace in `\(text.prefix(80))` belongs to no `{name}`",
      help: "write `{host}`, `{id}`, `{zone}` or a label's name between braces")
  }

  func urlProblem(in text: String) -> Problem? {
    guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else {
      return Problem(
        code: .url, text: "`\(text.prefix(80))` is no http address", help: "start it with `http://` or `https://`")
    }
    guard Template.names(in: text) != nil else { return malformedTemplate(text) }
    let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    if authority.isEmpty || authority.hasPrefix(":") {
      return Problem(code: .url, text: "an address without a host", help: "write `\(scheme){host}:8080/healthz`")
    }
    if authority.contains("@") {
      return Problem(code: .url, text: "credentials in an address", help: "send them in `headers`")
    }
    if text.contains(where: { $0.isWhitespace || !$0.isASCII }) {
      return Problem(code: .url, text: "a space or non-ASCII letter in an address", help: "percent-encode it")
    }
    let port = authority.split(separator: "]").last?.split(separator: ":", omittingEmptySubsequences: false).dropFirst()
    if let port = port?.last, !port.hasPrefix("{"), NumberText.port(String(port)) == nil {
      return Problem(code: .url, text: "`\(port)` is no port", help: "ports go from 1 to 65535")
    }
    return nil
  }

  func hostAndPortProblem(in text: String) -> Problem? {
    guard Template.names(in: text) != nil else { return malformedTemplate(text) }
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex, !text.contains(where: \.isWhitespace),
      !text.contains("/"), !text.contains("@")
    else {
      return Problem(
        code: .hostAndPort, text: "`\(text.prefix(80))` is not `host:port`", help: "write `{host}:5432`")
    }
    let port = text[text.index(after: colon)...]
    guard port.hasPrefix("{") || NumberText.port(String(port)) != nil else {
      return Problem(code: .hostAndPort, text: "`\(port)` is no port", help: "ports go from 1 to 65535")
    }
    return nil
  }

  func urlPathProblem(in text: String) -> Problem? {
    guard text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains(where: { $0.isWhitespace || !$0.isASCII }) else {
      return Problem(
        code: .url, text: "`\(text.prefix(80))` is no path of an address", help: "write a path such as `/version`")
    }
    return nil
  }

  func headerNameProblem(in text: String) -> Problem? {
    let extra = "!#$%&'*+.^_`|~-".utf8
    guard text.utf8.count <= 128, text.utf8.allSatisfy({ NameBytes.isAlphanumeric($0) || extra.contains($0) }) else {
      return Problem(
        code: .headerName, text: "`\(text.prefix(64))` is no header name", help: "write a name such as `X-Version`")
    }
    return nil
  }

  func pointerProblem(in text: String) -> Problem? {
    guard text.isEmpty || text.hasPrefix("/") else {
      return Problem(
        code: .jsonPointer, text: "`\(text.prefix(64))` is no JSON pointer",
        help: "write `/\(text.split(separator: ".").joined(separator: "/"))`")
    }
    let escapes = text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
    guard escapes.allSatisfy({ $0.hasPrefix("0") || $0.hasPrefix("1") }) else {
      return Problem(
        code: .jsonPointer, text: "`~` in `\(text.prefix(64))` escapes nothing",
        help: "write `~0` for `~`, `~1` for `/`")
    }
    return nil
  }
}

extension NumberText {
  static func port(_ text: String) -> Int? {
    guard let port = integer(text), (1...65535).contains(port) else { return nil }
    return port
  }
}
