public import RolloutCore

/// A list of hosts as it was read.
public struct HostsParse: Sendable {
  /// Nil exactly when there is an error among `diagnostics`.
  public var instances: [Instance]?
  public var diagnostics: [Diagnostic]
}

/// Reads lists of hosts: `instances: {file: …}` and what `instances: {command: …}` prints.
///
/// One host a line, then `key=value` items separated by spaces: `web1.example.net zone=a port=8081`. `address`, `zone`,
/// `ssh_port` and `directory` mean what they mean in a policy; every other key is a label. `#` starts a comment at the
/// start of a line or after a space. No quoting.
public enum HostsFile {
  /// Reads hosts out of the bytes of a file. Pure; `path` is only shown.
  public static func parse(_ bytes: [UInt8], path: String) -> HostsParse {
    let source = SourceText(bytes, path: path)
    var sink = DiagnosticSink(source: source)
    guard SourceText.check(bytes, into: &sink) else { return HostsParse(instances: nil, diagnostics: sink.sorted()) }
    var reader = HostsReader(decoder: SchemaDecoder(sink: sink), source: source)
    let instances = reader.read()
    let found = reader.decoder.sink
    return HostsParse(instances: found.hasErrors ? nil : instances, diagnostics: found.sorted())
  }
}

private struct HostsReader {
  /// Keys that are no labels. Their types are those of the policy.
  static let fields = PolicySchema.instance.fields.filter { $0.key != "host" && $0.key != "labels" }

  var decoder: SchemaDecoder
  let source: SourceText
  private var lines: [String: Int] = [:]
  private var columns = ColumnCounter()

  init(decoder: SchemaDecoder, source: SourceText) {
    self.decoder = decoder
    self.source = source
  }

  mutating func read() -> [Instance] {
    var instances: [Instance] = []
    for number in 1...max(1, source.lines.count) where number <= source.lines.count {
      if let instance = readLine(number) { instances.append(instance) }
      if decoder.sink.isFull { break }
    }
    if instances.isEmpty, !decoder.sink.hasErrors {
      decoder.sink.error(
        .noHosts, Span(line: 1, column: 1), "no host", help: "write one host a line: `web1.example.net zone=a`")
    }
    return instances
  }

  private mutating func readLine(_ number: Int) -> Instance? {
    let words = words(number)
    guard let first = words.first else { return nil }
    guard let host = decoder.decodeScalar(first.text, first.span, as: .text(.host), for: "host")?.text else {
      return nil
    }
    if let line = lines[host] {
      decoder.sink.error(
        .duplicateHost, first.span, "`\(host)` is in the list twice, first in line \(line)",
        help: "two instances on one host have two names and one `address`")
      return nil
    }
    lines[host] = number
    var instance = Instance(id: HostID(host))
    var seen: Set<String> = []
    for word in words.dropFirst() { readItem(word, into: &instance, &seen) }
    instance.labels.sort { $0.name < $1.name }
    return instance
  }

  private mutating func readItem(
    _ word: (text: String, span: Span), into instance: inout Instance, _ seen: inout Set<String>
  ) {
    guard let equals = word.text.firstIndex(of: "="), equals != word.text.startIndex else {
      decoder.sink.error(
        .hostItem, word.span, "`\(word.text.prefix(64))` is not `key=value`",
        help: "write `zone=a`, or a label as `name=value`")
      return
    }
    let key = String(word.text[..<equals])
    let value = String(word.text[word.text.index(after: equals)...])
    let keySpan = Span(line: word.span.line, column: word.span.column, length: key.unicodeScalars.count)
    let valueSpan = Span(
      line: word.span.line, column: keySpan.column + keySpan.length + 1, length: value.unicodeScalars.count)
    guard seen.insert(key).inserted else {
      return decoder.sink.error(.duplicateKey, keySpan, "`\(key)` stands twice in one line", help: "keep one of them")
    }
    let field = Self.fields.first { $0.key == key }
    if field == nil, decoder.decodeScalar(key, keySpan, as: .text(.labelName), for: key) == nil { return }
    guard let decoded = decoder.decodeScalar(value, valueSpan, as: field?.type ?? .text(.word), for: key) else {
      return
    }
    switch key {
    case "address": instance.address = decoded.text ?? instance.address
    case "zone": instance.zone = decoded.text
    case "ssh_port": instance.sshPort = decoded.integer
    case "directory": instance.directory = decoded.text
    default: instance.labels.append(Instance.Label(name: key, value: value))
    }
  }

  private mutating func words(_ number: Int) -> [(text: String, span: Span)] {
    let range = source.lines[number - 1]
    var words: [(text: String, span: Span)] = []
    var position = range.lowerBound
    while position < range.upperBound {
      if isBlank(position) {
        position += 1
        continue
      }
      if source.bytes[position] == UInt8(ascii: "#") { break }
      let start = position
      while position < range.upperBound, !isBlank(position) { position += 1 }
      let text = String(decoding: source.bytes[start..<position], as: UTF8.self)
      words.append((text, columns.span(start..<position, line: number, in: source)))
    }
    return words
  }

  private func isBlank(_ index: Int) -> Bool {
    source.bytes[index] == UInt8(ascii: " ") || source.bytes[index] == UInt8(ascii: "\t")
  }
}
