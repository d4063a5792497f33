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

  /// A text with the instances' own words in it.
  struct Use {
    var place: Place
    var text: String
  }

  /// Where `{host}`, `{id}`, `{zone}` and labels may stand.
  func templates(of check: ResolvedCheck) -> [Use] {
    switch self {
    case .scrape: address(of: check)
    case .http: address(of: check) + metrics(of: check)
    case .prometheus: prometheusInstance(of: check)
    case .graphite, .statsd, .command: metrics(of: check)
    }
  }

  /// Texts that tell one instance from another within what is read of all of them.
  func identities(of check: ResolvedCheck) -> [Use] {
    switch self {
    case .scrape, .http: []
    case .prometheus: prometheusInstance(of: check)
    case .graphite, .command: metrics(of: check)
    case .statsd: check[rawValue]?.object?.has("tag") == false ? metrics(of: check) : []
    }
  }

  private func address(of check: ResolvedCheck) -> [Use] {
    guard let place = check.place(rawValue), let text = check[rawValue]?.text else { return [] }
    return [Use(place: place, text: text)]
  }

  private func metrics(of check: ResolvedCheck) -> [Use] {
    check.metrics.compactMap { key, value in
      guard let place = check.place(key), let text = value.text else { return nil }
      return Use(place: place, text: text)
    }
  }

  private func prometheusInstance(of check: ResolvedCheck) -> [Use] {
    guard let place = check.place(rawValue), let value = check[rawValue]?.object?["instance"], let text = value.text
    else { return [] }
    return [Use(place: Place(file: place.file, span: value.span), text: text)]
  }
}
