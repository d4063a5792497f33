internal import RolloutCore

extension PolicyLint {
  // MARK: - Templates

  /// A text with the instances' own words in it.
  private struct TemplateUse {
    var place: Place
    var names: [String]
  }

  /// Wherever they stand, each place once.
  private var templates: [TemplateUse] {
    let probes = (root["probes"]?.list ?? []).compactMap(\.object).flatMap { [$0["http"], $0["tcp"]] }
    var uses = probes.compactMap(\.self).map { value in
      TemplateUse(place: Place(file: 0, span: value.span), names: Template.names(in: value.text ?? "") ?? [])
    }
    var seen: Set<Place> = []
    for check in checks {
      guard let source = CheckSource(check) else { continue }
      for use in source.templates(of: check) where seen.insert(use.place).inserted {
        uses.append(TemplateUse(place: use.place, names: Template.namesAmongOthers(in: use.text)))
      }
    }
    return uses
  }

  mutating func checkTemplates(_ instances: [Instance]) {
    // Names that every instance has, and for the others the first instance that has not.
    var lacking: [String: HostID] = [:]
    let templates = templates
    let names = Set(templates.flatMap(\.names))
    for name in names.sorted() where name != "host" && name != "id" {
      lacking[name] =
        instances.first { instance in
          name == "zone" ? instance.zone == nil : !instance.labels.contains { $0.name == name }
        }?.id
    }
    guard !lacking.isEmpty else { return }
    let labels = Set(instances.flatMap { $0.labels.map(\.name) }).sorted()
    for template in templates {
      for name in template.names {
        guard let host = lacking[name] else { continue }
        reportTemplate(name, at: template.place, host: host, labels: labels)
      }
    }
  }

  private mutating func reportTemplate(_ name: String, at place: Place, host: HostID, labels: [String]) {
    let isKnown = name == "zone" || labels.contains(name)
    let near = NearestName.find(name, among: ["host", "id", "zone"] + labels.filter { $0 != name })
    let message = isKnown ? "`{\(name)}` is not known for \(host)" : "`{\(name)}` is no label"
    let remedy = name == "zone" ? "give \(host) a `zone`" : "give every instance `labels: {\(name): …}`"
    let span = span(of: "{\(name)}", in: place)
    sinks[place.file].error(
      .unknownTemplateName, span, message,
      help: isKnown ? remedy : near.map { "did you mean `{\($0)}`?" } ?? remedy)
  }

  /// Where `part` stands in the line, or the whole place where it is written otherwise (escaped).
  private func span(of part: String, in place: Place) -> Span {
    let span = place.span
    let line = Array(sinks[place.file].source.line(span.line).unicodeScalars)
    let wanted = Array(part.unicodeScalars)
    let first = span.column - 1
    let last = min(line.count, first + span.length) - wanted.count
    guard first <= last else { return span }
    for start in first...last where line[start..<start + wanted.count].elementsEqual(wanted) {
      return Span(line: span.line, column: start + 1, length: wanted.count)
    }
    return span
  }

  // MARK: - Probes

  mutating func checkProbes() {
    guard root["probes"]?.isWhole ?? true else { return }
    let probes = (root["probes"]?.list ?? []).compactMap(\.object)
    if probes.isEmpty {
      sink.warning(
        .noProbes, root["probes"]?.span ?? root.keySpan("service") ?? root.span,
        "no probe: an instance counts as healthy as soon as its restart command returns",
        help: "add `probes: [{http: \"http://{host}:8080/healthz\"}]`")
    }
    let builder = PolicyBuilder(root: root, checks: checks)
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
}
