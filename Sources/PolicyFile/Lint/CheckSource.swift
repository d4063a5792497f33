/// Where the numbers of a check come from, and what follows from that for the metrics it names.
enum CheckSource: String {
  case scrape, prometheus, graphite, statsd, command, http

  init?(_ check: ResolvedCheck) {
    guard let key = check.source?.key else { return nil }
    self.init(rawValue: key)
  }

  /// The language in which it names metrics.
  var metricRule: TextRule {
    switch self {
    case .scrape, .prometheus: .selector
    case .graphite: .graphiteTarget
    case .statsd: .statsdName
    case .command, .http: .jsonMetric
    }
  }

  /// Texts with the instances' own words in them.
  func templates(of check: ResolvedCheck) -> [(place: Place, names: [String])] {
    let texts: [(place: Place?, text: String?)] =
      switch self {
      case .scrape, .http: [(check.place(rawValue), check[rawValue]?.text)]
      case .prometheus: [prometheusInstance(of: check)]
      case .graphite, .statsd, .command: check.metrics.map { (check.place($0.key), $0.value.text) }
      }
    return texts.compactMap { place, text in
      guard let place, let text else { return nil }
      return (place, Template.namesAmongOthers(in: text))
    }
  }

  private func prometheusInstance(of check: ResolvedCheck) -> (place: Place?, text: String?) {
    let instance = check[rawValue]?.object?["instance"]
    let place = instance.flatMap { value in check.place(rawValue).map { Place(file: $0.file, span: value.span) } }
    return (place, instance?.text)
  }

  /// Whether it is the metrics' own names that tell the instances apart.
  func namesInstances(in check: ResolvedCheck) -> Bool {
    switch self {
    case .graphite, .command: true
    case .statsd: check[rawValue]?.object?.has("tag") == false
    case .scrape, .prometheus, .http: false
    }
  }
}
