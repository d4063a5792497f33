import Foundation
import RolloutCore
import Testing

@testable import PolicyFile

/// Key, schema, documentation and model agree.
@Suite struct SchemaAgreementTests {
  static let reference = TestFiles.repository.appendingPathComponent("policies/reference.yaml")

  @Test(arguments: TestFiles.policies) func shippedPolicyIsFlawless(_ file: URL) throws {
    let text = try TestFiles.text(file)
    let parse = PolicyFile.parse(
      Array(text.utf8), path: file.lastPathComponent, including: TestFiles.reader(beside: file))
    #expect(parse.diagnostics.map(DiagnosticRenderer.renderLine) == [])
    #expect(parse.policy != nil)
    #expect(text.hasPrefix("# yaml-language-server: $schema=policy.schema.json\n"))
    #expect(try problems(text) == [])
    if case .file(let name)? = parse.policy?.instances {
      let hosts = file.deletingLastPathComponent().appendingPathComponent(name)
      let listed = HostsFile.parse(Array(try TestFiles.text(hosts).utf8), path: name)
      #expect(listed.diagnostics == [])
      #expect(parse.diagnose(listed.instances ?? []) == [])
    }
  }

  @Test(arguments: TestFiles.checkSets) func shippedCheckSetIsFlawless(_ file: URL) throws {
    let text = try TestFiles.text(file)
    #expect(PolicyFile.diagnoseCheckSet(Array(text.utf8), path: file.lastPathComponent) == [])
    #expect(text.hasPrefix("# yaml-language-server: $schema=../checks.schema.json\n"))
    #expect(try problems(text, SchemaPrinter.checkSetSchema()) == [])
  }

  @Test func allPoliciesAreShipped() {
    #expect(TestFiles.checkSets.map(\.lastPathComponent) == ["shared.yaml", "web.yaml"])
    #expect(
      TestFiles.policies.map(\.lastPathComponent)
        == [
          "batch-worker.yaml", "cautious.yaml", "fast.yaml", "low-traffic.yaml", "reference.yaml", "stateful.yaml",
          "web-tier-prometheus.yaml", "web-tier.yaml",
        ])
  }

  /// Every key of the schema stands in the reference, as a key or, for alternatives, in its comments.
  @Test func referenceNamesEveryKey() throws {
    let text = try TestFiles.text(Self.reference)
    for (path, schema) in PolicySchema.objects {
      for field in schema.fields {
        #expect(text.firstMatch(of: try Regex("\\b\(field.key):")) != nil, "\(path).\(field.key)")
        if let standard = field.defaultText, standard != "[]", standard != "false" {
          let shown = text.split(separator: "\n").contains { line in
            line.contains("efault") && line.contains(standard)
          }
          #expect(shown, "default of \(path).\(field.key)")
        }
      }
    }
  }

  /// Leaving a key out and writing its default give the same policy.
  @Test func defaultsAreThoseOfTheModel() throws {
    for (path, schema) in PolicySchema.objects {
      for field in schema.fields {
        guard let standard = field.defaultText else { continue }
        let full = path.isEmpty ? field.key : "\(path).\(field.key)"
        let written = PolicySample.parse(PolicySample.setting(full, to: standard))
        let other = try #require(neutral(full))
        #expect(written.policy == PolicySample.parse(other).policy, "\(full)")
        #expect(written.policy != nil, "\(full): \(written.diagnostics.map(DiagnosticRenderer.renderLine))")
      }
    }
  }

  /// The policy in which `setting` puts a key at `path`, without the key.
  private func neutral(_ path: String) -> String? {
    let key = String(path.split(separator: ".").last ?? "")
    let marked = PolicySample.setting(path, to: "@@")
    for pattern in [", \(key): @@", "\(key): @@, ", "\(key): @@"] where marked.contains(pattern) {
      // A canary without a choice is none, so that the whole key goes.
      return marked.replacing(pattern, with: "").replacing("canary: {}", with: "")
    }
    return nil
  }

  @Test func examplesAreAccepted() {
    for (path, schema) in PolicySchema.objects where !path.hasPrefix("checks") {
      for field in schema.fields where field.partner == nil && path != "instances" {
        let full = path.isEmpty ? field.key : "\(path).\(field.key)"
        guard path.isEmpty || !path.contains("version") else { continue }
        let parse = PolicySample.parse(PolicySample.setting(full, to: field.example))
        let errors = parse.diagnostics.filter { $0.severity == .error && $0.code != .unknownCanaryHost }
        #expect(errors.map(DiagnosticRenderer.renderLine) == [], "\(full)")
      }
    }
  }

  @Test func everyFieldIsDocumented() {
    for (path, schema) in PolicySchema.objects {
      #expect(Set(schema.fields.map(\.key)).count == schema.fields.count, "\(path)")
      for field in schema.fields {
        #expect(field.doc.hasSuffix("."), "\(path).\(field.key)")
        #expect(field.key.wholeMatch(of: /[a-z0-9]+(_[a-z0-9]+)*/) != nil, "\(field.key)")
      }
    }
  }

  @Test func schemaRefusesWhatTheDecoderRefuses() throws {
    for fragment in [
      "frobnicate: 1", "max_failures: -1", "on_fail: never", "waves: 25%", "min_healthy_time: 10", "canary: {}",
      "canary: {count: 1, percent: 1%}", "probes: [{}]", "release: {}", "false_alarm: 1", "service: A",
      "probes: [{tcp: \"{host}:1\", headers: {A: b}}]", "transport: {agent: {}}",
      "metrics: {}", "metrics: {scrape: \"http://{host}/\", http: \"http://{host}/\"}",
      "metrics: {statsd: {listen: \"statsd:1\"}}", "metrics: {prometheus: {url: \"http://{host}\", instance: a}}",
      "checks: [{name: c, scrape: \"http://{host}/\", bad: b}]", "checks: [{include: /a.yaml}]",
      "checks: [{name: c, scrape: \"http://{host}/\", gauge: g, rate: r}]",
      "checks: [{name: c, scrape: \"http://{host}/\", http: \"http://{host}/\", gauge: g}]",
      "checks: [{name: c, scrape: \"http://{host}/\", histogram: h, quantile: 0.5, quantiles: [0.5]}]",
      "checks: [{name: c, scrape: \"http://{host}/\", gauge: g, quantile: 0.5}]",
    ] {
      let text = PolicySample.with(fragment)
      #expect(PolicySample.parse(text).hasErrors, "\(fragment)")
      #expect(try problems(text) != [], "\(fragment)")
    }
    #expect(try problems(DecodingTests.sample) == [])
  }

  @Test func schemaIsDraft7() throws {
    let schema = try #require(try json(SchemaPrinter.jsonSchema()) as? [String: Any])
    #expect(schema["$schema"] as? String == "http://json-schema.org/draft-07/schema#")
    let properties = try #require(schema["properties"] as? [String: Any])
    #expect(Set(properties.keys) == Set(PolicySchema.root.fields.map(\.key)))
  }

  private func problems(_ policy: String, _ schema: String = SchemaPrinter.jsonSchema()) throws -> [String] {
    var sink = DiagnosticSink(source: SourceText(Array(policy.utf8), path: "p"))
    let tree = try #require(SourceTree.compose(Array(policy.utf8), into: &sink))
    return SchemaCheck.problems(try json(schema), SchemaCheck.plain(tree), at: "")
  }

  private func json(_ text: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(text.utf8))
  }
}

/// As much of JSON Schema as the printed schema uses.
enum SchemaCheck {
  /// The document as an editor sees it: with YAML's own types.
  static func plain(_ node: SourceNode) -> Any {
    switch node.content {
    case .scalar(let text, let isPlain):
      guard isPlain else { return text }
      if let number = Double(text), text.utf8.allSatisfy({ $0 < 0x3A }) { return number }
      return (["true": true, "false": false] as [String: Any])[text] ?? text
    case .sequence(let items): return items.map(plain)
    case .mapping(let entries):
      return Dictionary(entries.map { ($0.key, plain($0.value)) }, uniquingKeysWith: { first, _ in first })
    case .missing, .reported: return NSNull()
    }
  }

  static func problems(_ schema: Any, _ value: Any, at path: String) -> [String] {
    guard let schema = schema as? [String: Any] else { return ["\(path): no schema"] }
    var found: [String] = []
    if let names = (schema["type"] as? [String]) ?? (schema["type"] as? String).map({ [$0] }),
      !names.contains(where: { isType($0, value) })
    {
      return ["\(path): not \(names)"]
    }
    if let options = schema["enum"] as? [String], !options.contains(value as? String ?? "") {
      found.append("\(path): enum")
    }
    for (keyword, allowed) in [("anyOf", 1...Int.max), ("oneOf", 1...1)] {
      guard let options = schema[keyword] as? [Any] else { continue }
      if !allowed.contains(options.count { problems($0, value, at: path).isEmpty }) {
        found.append("\(path): \(keyword)")
      }
    }
    for part in schema["allOf"] as? [Any] ?? [] { found += problems(part, value, at: path) }
    if let refused = schema["not"], problems(refused, value, at: path).isEmpty { found.append("\(path): not") }
    if let text = value as? String, let pattern = schema["pattern"] as? String,
      text.range(of: pattern, options: .regularExpression) == nil
    {
      found.append("\(path): pattern")
    }
    if let number = value as? Double, !(value is Bool) { found += bounds(schema, number, path) }
    if let items = value as? [Any] {
      if items.count < (schema["minItems"] as? Int ?? 0) { found.append("\(path): minItems") }
      if let item = schema["items"] { found += items.flatMap { problems(item, $0, at: path + "[]") } }
    }
    if let members = value as? [String: Any] { found += object(schema, members, path) }
    return found
  }

  private static func object(_ schema: [String: Any], _ members: [String: Any], _ path: String) -> [String] {
    var found = (schema["required"] as? [String] ?? []).filter { members[$0] == nil }.map { "\(path): without \($0)" }
    let properties = schema["properties"] as? [String: Any] ?? [:]
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      let place = "\(path).\(key)"
      for partner in (schema["dependencies"] as? [String: [String]])?[key] ?? [] where members[partner] == nil {
        found.append("\(place): without \(partner)")
      }
      if let names = schema["propertyNames"] { found += problems(names, key, at: place) }
      if let property = properties[key] {
        found += problems(property, value, at: place)
      } else if let more = schema["additionalProperties"] as? [String: Any] {
        found += problems(more, value, at: place)
      } else if schema["additionalProperties"] as? Bool == false {
        found.append("\(place): unknown")
      }
    }
    return found
  }

  private static func bounds(_ schema: [String: Any], _ number: Double, _ path: String) -> [String] {
    var found: [String] = []
    if let low = schema["minimum"] as? Double, number < low { found.append("\(path): minimum") }
    if let high = schema["maximum"] as? Double, number > high { found.append("\(path): maximum") }
    if let low = schema["exclusiveMinimum"] as? Double, number <= low { found.append("\(path): exclusiveMinimum") }
    if let high = schema["exclusiveMaximum"] as? Double, number >= high { found.append("\(path): exclusiveMaximum") }
    return found
  }

  private static func isType(_ name: String, _ value: Any) -> Bool {
    switch name {
    case "string": value is String
    case "boolean": value is Bool
    case "number": value is Double && !(value is Bool)
    case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false && !(value is Bool)
    case "array": value is [Any]
    case "object": value is [String: Any]
    default: false
    }
  }
}
