/// Reads what the host's script writes, piece by piece as it comes.
///
/// Lines before the greeting that are not ours (a message of the day, output of a shell's start file) are skipped; the
/// last of them are kept in `skipped`, because they often say why no greeting came. Any input is taken without a trap;
/// bytes that are not UTF-8 are repaired.
public struct HostStream: Sendable {
  public enum Item: Hashable, Sendable {
    case bootstrap(BootstrapAnswer)
    case greeting(HostGreeting)
    case response(HostResponse)
  }

  /// Longest line, in bytes. The longest of ours is an output tail of 4,096 bytes in hexadecimal.
  public static let lineLimit = 64 * 1024
  /// Most lines in front of the greeting, and most lines in one response.
  public static let linesLimit = 10_000

  /// The last lines before the greeting that were not ours, oldest first; at most five, 200 characters each.
  public private(set) var skipped: [String] = []
  public private(set) var isGreeted = false

  private var line: [UInt8] = []
  private var lines = 0
  private var fields: [HostResponse.Field] = []
  private var failure: HostStreamFailure?

  public init() {}

  /// Takes the next bytes and gives what they complete. After a failure every call fails the same way.
  public mutating func append(_ bytes: some Sequence<UInt8>) throws(HostStreamFailure) -> [Item] {
    if let failure { throw failure }
    var items: [Item] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        if line.count > Self.lineLimit { throw fail(.lineTooLong) }
        continue
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let text = String(decoding: line, as: UTF8.self)
      line.removeAll(keepingCapacity: true)
      lines += 1
      if lines > Self.linesLimit { throw fail(isGreeted ? .responseTooLong : .noGreeting) }
      if let item = try take(text) { items.append(item) }
    }
    return items
  }

  /// True between requests: nothing of a response has come yet.
  public var isBetweenResponses: Bool { isGreeted && fields.isEmpty && line.isEmpty }

  private mutating func take(_ text: String) throws(HostStreamFailure) -> Item? {
    isGreeted ? try takeField(text) : try takeOpening(text)
  }

  private mutating func takeOpening(_ text: String) throws(HostStreamFailure) -> Item? {
    if let answer = BootstrapAnswer(line: text) { return .bootstrap(answer) }
    guard text.hasPrefix("canary-host ") else {
      skipped.append(String(printable(text).prefix(200)))
      if skipped.count > 5 { skipped.removeFirst() }
      return nil
    }
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, words[1] == "1" else { throw fail(.otherProtocol(String(printable(text).prefix(200)))) }
    isGreeted = true
    lines = 0
    return .greeting(HostGreeting(bootID: String(words[2])))
  }

  private mutating func takeField(_ text: String) throws(HostStreamFailure) -> Item? {
    if text == "end" || text.hasPrefix("end ") {
      defer {
        fields = []
        lines = 0
      }
      guard let response = HostResponse(fields: fields, mark: text == "end" ? nil : String(text.dropFirst(4)))
      else { throw fail(.malformed("a response without a status")) }
      return .response(response)
    }
    let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty, name.utf8.allSatisfy({ isFieldNameByte($0) }) else {
      throw fail(.malformed("the line \(String(text.prefix(80)).debugDescription)"))
    }
    fields.append(HostResponse.Field(name: String(name), value: parts.count > 1 ? String(parts[1]) : ""))
    return nil
  }

  private mutating func fail(_ reason: HostStreamFailure) -> HostStreamFailure {
    failure = reason
    return reason
  }
}

/// What the bootstrap command found on the host.
public enum BootstrapAnswer: Hashable, Sendable {
  /// The script is there and starts now; a greeting follows.
  case present
  /// Send `HostScript.upload`; a greeting follows.
  case absent
  /// It cannot be stored or is not what was sent. `detail` says what to do.
  case failed(detail: String)

  init?(line: String) {
    switch line {
    case "canary-bootstrap present": self = .present
    case "canary-bootstrap absent": self = .absent
    default:
      let prefix = "canary-bootstrap failed "
      guard line.hasPrefix(prefix) else { return nil }
      self = .failed(detail: printable(String(line.dropFirst(prefix.count))))
    }
  }
}

/// The first line of the script.
public struct HostGreeting: Hashable, Sendable {
  /// Changes with every boot of the host; `unknown` where the kernel does not tell.
  public var bootID: String
  public init(bootID: String) { self.bootID = bootID }
}

/// What makes a host's output unreadable. The connection is of no use after it.
public enum HostStreamFailure: Error, Hashable, Sendable, CustomStringConvertible {
  case lineTooLong
  case responseTooLong
  /// Ten thousand lines and no greeting among them.
  case noGreeting
  case otherProtocol(String)
  case malformed(String)

  public var description: String {
    switch self {
    case .lineTooLong: "a line longer than \(HostStream.lineLimit) bytes in the host's answer"
    case .responseTooLong: "an answer longer than \(HostStream.linesLimit) lines from the host"
    case .noGreeting:
      "no greeting in the first \(HostStream.linesLimit) lines; the login shell's start files print too much"
    case .otherProtocol(let line): "another version of the host protocol: \(line)"
    case .malformed(let what): "an answer that is not of the host protocol: \(what)"
    }
  }
}

private func isFieldNameByte(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
}

/// `text` with each control character as a space, so that it can neither break a line nor move a cursor.
func printable(_ text: String) -> String {
  String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: false
  }
}
