internal import RolloutCore

extension PolicyLint {
  // MARK: - Templates

  /// Addresses with `{name}`, wherever they stand.
  private var templates: [Decoded] {
    let probes = (root["probes"]?.list ?? []).compactMap(\.object)
    let checks = (root["checks"]?.list ?? []).compactMap(\.object)
    return probes.flatMap { [$0["http"], $0["tcp"]] }.compactMap(\.self) + checks.compactMap { $0["scrape"] }
  }

  mutating func checkTemplates(_ instances: [Instance]) {
    // Names that every instance has, and for the others the first instance that has not.
    var lacking: [String: HostID] = [:]
    let names = Set(templates.flatMap { Template.names(in: $0.text ?? "") ?? [] })
    for name in names.sorted() where name != "host" && name != "id" {
      lacking[name] =
        instances.first { instance in
          name == "zone" ? instance.zone == nil : !instance.labels.contains { $0.name == name }
        }?.id
    }
    guard !lacking.isEmpty else { return }
    let labels = Set(instances.flatMap { $0.labels.map(\.name) }).sorted()
    for template in templates {
      for name in Template.names(in: template.text ?? "") ?? [] {
        guard let host = lacking[name] else { continue }
        reportTemplate(name, in: template, host: host, labels: labels)
      }
    }
  }

  private mutating func reportTemplate(_ name: String, in template: Decoded, host: HostID, labels: [String]) {
    let isKnown = name == "zone" || labels.contains(name)
    let near = NearestName.find(name, among: ["host", "id", "zone"] + labels.filter { $0 != name })
    let message = isKnown ? "`{\(name)}` is not known for \(host)" : "`{\(name)}` is no label"
    let remedy = name == "zone" ? "give \(host) a `zone`" : "give every instance `labels: {\(name): …}`"
    sink.error(
      .unknownTemplateName, place(of: "{\(name)}", in: template.span), message,
      help: isKnown ? remedy : near.map { "did you mean `{\($0)}`?" } ?? remedy)
  }

  /// Where `part` stands in the line, or all of `span` where it is written otherwise (escaped).
  private func place(of part: String, in span: Span) -> Span {
    let line = Array(sink.source.line(span.line).unicodeScalars)
    let wanted = Array(part.unicodeScalars)
    let first = span.column - 1
    let last = min(line.count, first + span.length) - wanted.count
    guard first <= last else { return span }
    for start in first...last where line[start..<start + wanted.count].elementsEqual(wanted) {
      return Span(line: span.line, column: start + 1, length: wanted.count)
    }
    return span
  }

  // MARK: - Probes and checks

  mutating func checkProbes() {
    guard root["probes"]?.isWhole ?? true else { return }
    let probes = (root["probes"]?.list ?? []).compactMap(\.object)
    if probes.isEmpty {
      sink.warning(
        .noProbes, root["probes"]?.span ?? root.keySpan("service") ?? root.span,
        "no probe: an instance counts as healthy as soon as its restart command returns",
        help: "add `probes: [{http: \"http://{host}:8080/healthz\"}]`")
    }
    let builder = PolicyBuilder(root: root)
    var names: Set<String> = []
    for probe in probes {
      guard let policy = builder.probe(probe) else { continue }
      if !names.insert(policy.name).inserted {
        sink.error(
          .duplicateName, probe["name"]?.span ?? probe.span, "a second probe called `\(policy.name)`",
          help: "give each probe a `name` of its own")
      }
      if policy.timeout > policy.interval, let span = (probe["timeout"] ?? probe["interval"])?.span {
        sink.warning(
          .slowProbe, span, "`timeout` (\(policy.timeout)) is longer than `interval` (\(policy.interval))",
          help: "a silent instance is then asked more seldom than every \(policy.interval)")
      }
    }
  }

  mutating func checkChecks() {
    var names: Set<String> = []
    for check in (root["checks"]?.list ?? []).compactMap(\.object) {
      if let name = check["name"], let text = name.text, !names.insert(text).inserted {
        sink.error(
          .duplicateName, name.span, "a second check called `\(text)`", help: "give each check a `name` of its own")
      }
      if let span = check.keySpan("gauge"), !check.has("limit") {
        sink.error(.gaugeWithoutLimit, span, "a gauge without `limit`", help: "add `limit`, in the gauge's own unit")
      }
    }
  }
}
