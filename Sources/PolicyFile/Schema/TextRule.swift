/// Grammars of texts. A text is taken as it stands, whatever YAML would guess it to be.
enum TextRule: Sendable {
  case service, host, address, user
  /// No spaces: label values and zones, which become part of addresses.
  case word
  case labelName
  /// Printable text that is not empty.
  case free
  /// Printable text, also none.
  case argument
  /// Path on this machine.
  case path
  /// Path on this machine with `{version}`.
  case versionedPath
  /// Absolute directory on a host.
  case directory
  /// Relative path below `shared`.
  case sharedPath
  case url, hostAndPort, urlPath
  case headerName, jsonPointer
  /// A metric in whatever language its source has; `Metric` says which.
  case metric
  /// Metrics of Prometheus, Graphite and StatsD.
  case selector, graphiteTarget, statsdName
  /// JSON pointer that names a number.
  case jsonMetric
  /// Base address of a server, without `{host}`.
  case serverAddress
  /// Address of this machine with a port.
  case listenAddress
  /// Label of Prometheus, variable of the environment; tag of StatsD, with `-`, `.` and `/` too.
  case plainName, tagName
  /// Text with `{host}`, `{id}`, `{zone}` and labels.
  case template
  /// File beside the policy.
  case includedPath

  struct Problem {
    var code: DiagnosticCode
    var text: String
    var help: String
  }

  var phrase: String {
    switch self {
    case .service: "a service name"
    case .host: "a host name"
    case .address: "a host name or IP address"
    case .user: "a user name"
    case .word: "a word without spaces"
    case .labelName: "a label name"
    case .free, .argument: "a text"
    case .path, .versionedPath: "a path"
    case .directory: "an absolute directory"
    case .sharedPath: "a relative path"
    case .url: "an `http://` or `https://` address"
    case .hostAndPort: "`host:port`"
    case .urlPath: "a path that starts with `/`"
    case .headerName: "a header name"
    case .jsonPointer: "a JSON pointer such as `/status`"
    case .metric: "a metric as its source names it"
    case .selector: "a series such as `http_requests_total{code=\"500\"}`"
    case .graphiteTarget: "a target such as `stats.{id}.requests.count`"
    case .statsdName: "a metric's name such as `checkout.requests`"
    case .jsonMetric: "a JSON pointer such as `/{id}/orders`"
    case .serverAddress: "the `http://` or `https://` address of a server"
    case .listenAddress: "an address and port such as `0.0.0.0:8125`"
    case .plainName, .tagName: "a name of letters, digits and `_`"
    case .template: "a text such as `{host}:8080`"
    case .includedPath: "a relative path such as `checks/web.yaml`"
    }
  }

  /// Regular expression (ECMA 262) that every accepted text matches, for editors. Nil: any text.
  var pattern: String? {
    switch self {
    case .service: "^[a-z0-9][a-z0-9._-]*$"
    case .host: "^[A-Za-z0-9][A-Za-z0-9._-]*$"
    case .address: "^[A-Za-z0-9:][A-Za-z0-9._:-]*$"
    case .user: "^[A-Za-z0-9_][A-Za-z0-9._-]*$"
    case .word: "^\\S+$"
    case .labelName: "^[A-Za-z_][A-Za-z0-9_-]*$"
    case .free: "."
    case .argument: nil
    case .path, .versionedPath: "^[^-]"
    case .directory: "^/."
    case .sharedPath: "^[^/-]"
    case .url: "^https?://[^/@\\s][^@\\s]*"
    case .hostAndPort: "^.+:([0-9]+|\\{[A-Za-z_][A-Za-z0-9_-]*\\})$"
    case .urlPath: "^/"
    case .headerName: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
    case .jsonPointer: "^(/.*)?$"
    case .metric: "."
    case .selector: "^[A-Za-z_:{]"
    case .graphiteTarget, .statsdName: "^[^\\s]"
    case .jsonMetric: "^/"
    case .serverAddress: "^https?://[^/@{}\\s][^@{}?#\\s]*$"
    case .listenAddress: "^(localhost|[0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+$"
    case .plainName: "^[A-Za-z_][A-Za-z0-9_]*$"
    case .tagName: "^[A-Za-z_][A-Za-z0-9_./-]*$"
    case .template: "."
    case .includedPath: "^[^/-]"
    }
  }

  /// Whether plain numbers and booleans are likely here, so that an editor must not complain of them.
  var mayLookLikeNumber: Bool {
    switch self {
    case .word, .free, .argument: true
    default: false
    }
  }

  /// Why `text` is not accepted; nil when it is.
  func problem(in text: String) -> Problem? {
    if text.isEmpty, self != .argument, self != .jsonPointer {
      return Problem(code: .missingValue, text: "an empty text", help: "write \(phrase)")
    }
    return switch self {
    case .free, .argument, .metric: nil
    case .service, .host, .address, .user, .word, .labelName: nameProblem(in: text)
    case .path, .versionedPath, .directory, .sharedPath: pathProblem(in: text)
    case .url: urlProblem(in: text)
    case .hostAndPort: hostAndPortProblem(in: text)
    case .urlPath: urlPathProblem(in: text)
    case .headerName: headerNameProblem(in: text)
    case .jsonPointer: pointerProblem(in: text)
    case .selector: selectorProblem(in: text)
    case .graphiteTarget: graphiteProblem(in: text)
    case .statsdName: statsdProblem(in: text)
    case .jsonMetric: pointerProblem(in: text)
    case .serverAddress: serverProblem(in: text)
    case .listenAddress: listenProblem(in: text)
    case .plainName, .tagName: plainNameProblem(in: text)
    case .template: Template.names(in: text) == nil ? malformedTemplate(text) : nil
    case .includedPath: includeProblem(in: text)
    }
  }

  private func nameProblem(in text: String) -> Problem? {
    let shown = "`\(text.prefix(64))`"
    switch self {
    case .service where !ServiceGrammar.accepts(text):
      return Problem(
        code: .serviceName, text: "\(shown) is no service name", help: "use \(ServiceGrammar.description)")
    case .host where !HostGrammar.accepts(text):
      return Problem(code: .hostName, text: "\(shown) is no host name", help: hostHelp(text))
    case .address where !AddressGrammar.accepts(text):
      return Problem(code: .address, text: "\(shown) is no host name or IP address", help: hostHelp(text))
    case .user where !NameBytes.isName(text.drop { $0 == "_" } + "0", extra: "._-", maximum: 64):
      return Problem(code: .userName, text: "\(shown) is no user name", help: "use letters, digits, `.`, `_` and `-`")
    case .word where text.utf8.count > 256 || text.contains(where: \.isWhitespace):
      return Problem(code: .word, text: "\(shown) is no word", help: "write at most 256 bytes without spaces")
    case .labelName where !LabelGrammar.accepts(text):
      return Problem(
        code: .labelName, text: "\(shown) is no label name",
        help: "use letters, digits, `_` and `-`; start with a letter or `_`")
    default: return nil
    }
  }

  private func hostHelp(_ text: String) -> String {
    if text.contains("@") { return "the user belongs in `transport: {ssh: {user: …}}`" }
    if text.contains("://") { return "write the name alone, without a scheme" }
    if text.contains(":"), self == .host { return "a port belongs in `ssh_port` or a label" }
    return "use \(HostGrammar.description)"
  }
}
