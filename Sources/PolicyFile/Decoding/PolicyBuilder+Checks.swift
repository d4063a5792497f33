internal import RolloutCore

extension PolicyBuilder {
  func check(_ resolved: ResolvedCheck) -> CheckPolicy? {
    guard let name = resolved["name"]?.text, let (key, value) = resolved.source, let source = source(key, value),
      let measure = measure(resolved)
    else { return nil }
    var check = CheckPolicy(name: name, source: source, measure: measure)
    check.worseWhen = direction(resolved) ?? check.worseWhen
    check.tolerance = resolved["tolerance"]?.ratio ?? check.tolerance
    check.passMargin = resolved["pass_margin"]?.ratio
    check.limit = resolved["limit"]?.ratio
    check.interval = resolved["interval"]?.duration ?? check.interval
    check.initialDelay = resolved["initial_delay"]?.duration ?? check.initialDelay
    check.weight = resolved["weight"]?.number
    check.isCritical = resolved["critical"]?.boolean ?? check.isCritical
    check.muted = resolved["muted"]?.boolean ?? check.muted
    check.owner = resolved["owner"]?.text
    return check
  }

  private func direction(_ resolved: ResolvedCheck) -> CheckPolicy.Direction? {
    if resolved.has("good") { return .down }
    return resolved["direction"]?.text.flatMap(CheckPolicy.Direction.init(rawValue:))
  }

  private func measure(_ resolved: ResolvedCheck) -> CheckPolicy.Measure? {
    if let events = resolved["bad"]?.text ?? resolved["good"]?.text, let total = resolved["total"]?.text {
      return .ratio(events: events, total: total)
    }
    if let histogram = resolved["histogram"]?.text {
      return .histogram(name: histogram, quantiles: quantiles(resolved))
    }
    if let rate = resolved["rate"]?.text { return .rate(rate) }
    if let share = resolved["share"]?.text { return .share(share) }
    return resolved["gauge"]?.text.map(CheckPolicy.Measure.gauge)
  }

  /// Ascending, each once.
  private func quantiles(_ resolved: ResolvedCheck) -> [Double] {
    let written = resolved["quantiles"]?.list?.compactMap(\.number) ?? resolved["quantile"]?.number.map { [$0] }
    return Set(written ?? [0.9, 0.99]).sorted()
  }

  // MARK: - Sources

  private func source(_ key: String, _ value: Decoded) -> MetricSource? {
    switch key {
    case "scrape": value.text.map(MetricSource.scrape)
    case "http": value.text.map(MetricSource.http)
    case "prometheus": value.object.flatMap(prometheus).map(MetricSource.prometheus)
    case "graphite": value.object.flatMap(graphite).map(MetricSource.graphite)
    case "statsd":
      value.object?["listen"]?.text.map { .statsd(StatsDSource(listen: $0, tag: value.object?["tag"]?.text)) }
    case "command": command(value).map(MetricSource.command)
    default: nil
    }
  }

  private func prometheus(_ object: DecodedObject) -> PrometheusSource? {
    guard let url = object["url"]?.text, let instance = object["instance"]?.text else { return nil }
    var source = PrometheusSource(url: url, instance: instance, tokenVariable: object["token_env"]?.text)
    source.label = object["label"]?.text ?? source.label
    return source
  }

  private func graphite(_ object: DecodedObject) -> GraphiteSource? {
    guard let url = object["url"]?.text else { return nil }
    var source = GraphiteSource(url: url)
    source.isCumulative = object["cumulative"]?.boolean ?? source.isCumulative
    return source
  }

  private func command(_ value: Decoded) -> CommandSource? {
    guard let argv = value.texts ?? value.object?["argv"]?.texts else { return nil }
    var source = CommandSource(argv: argv)
    source.timeout = value.object?["timeout"]?.duration ?? source.timeout
    source.isCumulative = value.object?["cumulative"]?.boolean ?? source.isCumulative
    return source
  }
}
