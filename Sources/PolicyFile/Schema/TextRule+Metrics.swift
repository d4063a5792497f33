extension TextRule {
  /// Light: the source of the metrics is what decides. Catches unbalanced quotes and braces and whole queries.
  func selectorProblem(in text: String) -> Problem? {
    let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    let rest = text[name.endIndex...]
    let nameIsFine = name.first.map { !$0.isNumber } ?? rest.hasPrefix("{")
    let bracesAreFine = rest.isEmpty || (rest.hasPrefix("{") && rest.hasSuffix("}"))
    var quotes = 0
    var isEscaped = false
    for character in rest {
      if character == "\"", !isEscaped { quotes += 1 }
      isEscaped = character == "\\" && !isEscaped
    }
    guard nameIsFine, bracesAreFine, quotes.isMultiple(of: 2) else {
      return Problem(
        code: .seriesSelector, text: "`\(text.prefix(80))` selects no series",
        help: "write a metric name with labels, such as `http_requests_total{code=~\"5..\"}`; no functions")
    }
    return nil
  }

  /// Light: Graphite's functions are many, and the server knows them.
  func graphiteProblem(in text: String) -> Problem? {
    var open: [Character] = []
    var quote: Character?
    for character in text {
      if let mark = quote {
        if character == mark { quote = nil }
        continue
      }
      switch character {
      case "\"", "'": quote = character
      case "(": open.append(")")
      case "{": open.append("}")
      case "[": open.append("]")
      case ")", "}", "]":
        guard open.popLast() == character else { return metricProblem(text, "has a `\(character)` too many") }
      case ",": if open.isEmpty { return metricProblem(text, "is more than one target") }
      case _ where character.isWhitespace:
        if open.isEmpty { return metricProblem(text, "contains a space") }
      default: break
      }
    }
    if quote != nil { return metricProblem(text, "has an open quote") }
    return open.last.map { metricProblem(text, "lacks a `\($0)`") }
  }

  func statsdProblem(in text: String) -> Problem? {
    if let bad = text.first(where: { $0.isWhitespace || ":|@#".contains($0) }) {
      return metricProblem(text, bad.isWhitespace ? "contains a space" : "contains `\(bad)`")
    }
    return Template.names(in: text) == nil ? malformedTemplate(text) : nil
  }

  private func metricProblem(_ text: String, _ reason: String) -> Problem {
    Problem(code: .metricName, text: "`\(text.prefix(80))` \(reason)", help: "write \(phrase)")
  }

  // MARK: - Servers and listeners

  func serverProblem(in text: String) -> Problem? {
    if let problem = urlProblem(in: text) {
      let isLogin = problem.text.hasPrefix("credentials")
      return isLogin ? Problem(code: .url, text: problem.text, help: "a proxy on this machine can add them") : problem
    }
    if text.contains("{") {
      return Problem(
        code: .url, text: "`\(text.prefix(80))` is another server for each instance",
        help: "write the one server's address; for metrics on each instance use `scrape` or `http`")
    }
    if text.contains(where: { "?#".contains($0) }) {
      return Problem(code: .url, text: "a query in a base address", help: "write the address up to the path")
    }
    let tails = ["/api/v1", "/api/v1/query", "/api/v1/query_range", "/render", "/graph"]
    let base = text.hasSuffix("/") ? text.dropLast() : text[...]
    guard let tail = tails.first(where: base.hasSuffix), !base.dropLast(tail.count).hasSuffix("/") else { return nil }
    return Problem(
      code: .url, text: "`\(tail)` in a base address", help: "write `\(base.dropLast(tail.count))`")
  }

  func listenProblem(in text: String) -> Problem? {
    guard let colon = text.lastIndex(of: ":") else {
      return Problem(
        code: .listenAddress, text: "`\(text.prefix(64))` has no port",
        help: "write an address and port: `0.0.0.0:8125`")
    }
    let (host, port) = (text[..<colon], String(text[text.index(after: colon)...]))
    guard NumberText.port(port) != nil else {
      return Problem(
        code: .listenAddress, text: "`\(port.prefix(64))` is no port",
        help: "ports go from 1 to 65535; StatsD's is 8125")
    }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    let isAddress =
      isBracketed ? AddressGrammar.isIPv6(String(host.dropFirst().dropLast())) : AddressGrammar.isIPv4(String(host))
    guard !isAddress, host != "localhost" else { return nil }
    let help =
      ["", "*"].contains(String(host))
      ? "write `0.0.0.0:\(port)` for every address of this machine"
      : "write an IP address of this machine, IPv6 in brackets"
    let shown = host.isEmpty ? "`\(text)` has" : "`\(host.prefix(64))` is"
    return Problem(code: .listenAddress, text: "\(shown) no IP address", help: help)
  }

  func plainNameProblem(in text: String) -> Problem? {
    let isPlain = LabelGrammar.accepts(text) && !text.contains("-")
    let isTag = self == .tagName && LabelGrammar.accepts(text.filter { $0 != "." && $0 != "/" })
    guard !isPlain, !isTag else { return nil }
    let bare = String(text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    let guess = text.hasPrefix("$") && LabelGrammar.accepts(bare) ? "write `\(bare)`: the name alone" : nil
    return Problem(
      code: .plainName, text: "`\(text.prefix(64))` is no plain name",
      help: guess ?? "use letters, digits and `_`; start with a letter or `_`")
  }

  func includeProblem(in text: String) -> Problem? {
    if text.hasPrefix("/") || text.hasPrefix("~") {
      return Problem(
        code: .includeOutside, text: "`\(text.prefix(80))` is not relative to the policy",
        help: "keep check sets in the policy's repository and write a relative path")
    }
    return pathProblem(in: text)
  }
}
