internal import RolloutCore

extension PolicySchema {
  /// An item of `checks`.
  static let checkItem = ValueType.variant(key: "include", with: inclusion, without: check)

  static let check = ObjectSchema(
    name: "a check",
    fields: [
      Field("name", .text(.free), required: true, example: "server-errors", "Name in reports and verdicts.")
    ] + sources + measures + judgement(standards: true),
    choices: [
      Alternatives(groups: measureGroups), Alternatives(groups: sourceGroups, isRequired: false),
      Alternatives(groups: [["quantile"], ["quantiles"]], isRequired: false),
    ])

  static let inclusion = ObjectSchema(
    name: "an inclusion of checks",
    fields: [
      Field(
        "include", .text(.includedPath), required: true, example: "checks/web.yaml",
        "A file with `checks` of its own, relative to the policy and in the same repository."),
      Field(
        "with", .dictionary(key: .free, value: .object(changes)), example: "{latency: {tolerance: 30%}}",
        "What is changed of the included checks, by their names."),
    ])

  static let changes = ObjectSchema(name: "a change of a check", fields: judgement(standards: false))

  /// A file that a policy includes.
  static let checkSet = ObjectSchema(
    name: "a set of checks",
    fields: [
      Field(
        "checks", .list(of: .object(check), minimum: 1), required: true, example: "[{name: load, gauge: load}]",
        "The checks, as in a policy.")
    ])

  static let metrics = ObjectSchema(name: "a source of metrics", fields: sources, alternatives: sourceGroups)

  // MARK: - Sources

  static let sourceGroups = [["scrape"], ["prometheus"], ["graphite"], ["statsd"], ["command"], ["http"]]
  static let sourceKeys = sourceGroups.map { $0[0] }

  private static let sources = [
    Field(
      "scrape", .text(.url), example: "\"http://{host}:8080/metrics\"",
      "Address of each instance's metrics in Prometheus' text format."),
    Field(
      "prometheus", .object(prometheus),
      example: "{url: \"http://prometheus.example.net:9090\", instance: \"{host}:8080\"}",
      "The HTTP API of a Prometheus server."),
    Field(
      "graphite", .object(graphite), example: "{url: \"http://graphite.example.net\"}",
      "The render API of a Graphite server. Metrics are targets with `{id}`, `{host}` or a label."
    ),
    Field(
      "statsd", .object(statsd), example: "{listen: \"0.0.0.0:8125\", tag: instance}",
      "A UDP listener in the controller, for services that send StatsD lines. Metrics are names."),
    Field(
      "command", .oneOf([.command, .object(command)]), example: "[./bin/orders, --json]",
      "A program on the controller's machine that prints one JSON document, run without a shell in the policy's "
        + "directory. Metrics are JSON pointers that name the instance with `{id}`, `{host}` or a label."),
    Field(
      "http", .text(.url), example: "\"http://{host}:8080/stats.json\"",
      "Address of a JSON document on each instance. Metrics are JSON pointers into it."),
  ]

  private static let prometheus = ObjectSchema(
    name: "a Prometheus server",
    fields: [
      Field(
        "url", .text(.serverAddress), required: true, example: "\"http://prometheus.example.net:9090\"",
        "Base address of the server, without `/api/v1`."),
      Field("label", .text(.plainName), default: "instance", example: "instance", "Label that names the instance."),
      Field(
        "instance", .text(.template), required: true, example: "\"{host}:8080\"",
        "Value of that label for an instance, with `{host}`, `{id}`, `{zone}` or labels."),
      Field(
        "token_env", .text(.plainName), example: "PROMETHEUS_TOKEN",
        "Name of an environment variable of the controller that holds a bearer token."),
    ])

  private static let graphite = ObjectSchema(
    name: "a Graphite server",
    fields: [
      Field(
        "url", .text(.serverAddress), required: true, example: "\"http://graphite.example.net\"",
        "Base address of the server, without `/render`."),
      Field(
        "cumulative", .boolean, default: "false", example: "false",
        "The targets count up for ever instead of giving each interval's count."),
    ])

  private static let statsd = ObjectSchema(
    name: "a StatsD listener",
    fields: [
      Field(
        "listen", .text(.listenAddress), required: true, example: "\"0.0.0.0:8125\"",
        "Address and UDP port of the controller's machine."),
      Field(
        "tag", .text(.tagName), example: "instance",
        "Tag that names the instance by its `host` or `address`. Without it metric names carry `{id}`, `{host}` or a "
          + "label."),
    ])

  private static let command = ObjectSchema(
    name: "a program that prints metrics",
    fields: [
      Field("argv", .command, required: true, example: "[./bin/orders, --json]", "The program and its arguments."),
      Field("timeout", .duration(minimum: .milliseconds(100)), default: "10s", example: "10s", "How long it may take."),
      Field(
        "cumulative", .boolean, default: "true", example: "true",
        "The numbers count up for ever instead of giving what is new since the last run."),
    ])

  // MARK: - Measures

  static let measureGroups = [
    ["bad", "total"], ["good", "total"], ["histogram"], ["gauge"], ["rate"], ["share"],
  ]
  /// Keys with a metric, written in the source's own language.
  static let metricKeys = ["bad", "good", "total", "histogram", "gauge", "rate", "share"]

  private static let measures = [
    Field(
      "bad", .text(.metric), example: "'http_requests_total{code=~\"5..\"}'",
      "Counter of what must not happen, among `total`: worse when its share goes up."),
    Field(
      "good", .text(.metric), example: "orders_total",
      "Counter of what ought to happen, among `total`: worse when its share goes down."),
    Field(
      "total", .text(.metric), example: "http_requests_total", "Counter of what `bad` or `good` is a share of."),
    Field("histogram", .text(.metric), example: "http_request_duration_seconds", "Histogram, without `_bucket`."),
    Field(
      "quantile", .number(between: 0, and: 1), example: "0.99", partner: "histogram",
      "Quantile of the histogram that is compared, besides its body."),
    Field(
      "quantiles", .list(of: .number(between: 0, and: 1), minimum: 1), default: "[0.9, 0.99]", example: "[0.9, 0.99]",
      partner: "histogram", "Several of them."),
    Field("gauge", .text(.metric), example: "queue_length", "A value that goes up and down: its growth is compared."),
    Field("rate", .text(.metric), example: "jobs_done_total", "Counter that is compared by its growth per second."),
    Field(
      "share", .text(.metric), example: "http_requests_total",
      "Counter of requests: too small or too large a share of the traffic is worse."),
    Field(
      "direction",
      .choice([
        Choice(name: "up", doc: "More is worse."), Choice(name: "down", doc: "Less is worse."),
      ]), default: "up", example: "down", "Which way a `gauge` or `rate` gets worse."),
  ]

  /// Defaults are left out where an absent key means that nothing is changed.
  private static func judgement(standards: Bool) -> [Field] {
    let fields = [
      Field(
        "tolerance", .percentage(maximum: 1000, zero: true), default: "10%", example: "20%",
        "How much worse than the siblings is tolerated; of a gauge, growth beyond theirs in ten minutes."),
      Field(
        "pass_margin", .percentage(maximum: 10_000, zero: false), example: "50%",
        "How much worse an earned pass excludes, more than `tolerance`. Without it: derived from the tolerance."),
      Field(
        "limit", .numberOrPercentage, example: "5%",
        "Bound whatever the siblings do: a share for `bad` and `good`, the metric's own unit elsewhere."),
      Field(
        "interval", .duration(minimum: .seconds(1)), default: "5s", example: "5s", "Time between two measurements."),
      Field(
        "initial_delay", .duration(minimum: .zero), default: "0s", example: "30s",
        "Time after the update in which this check is not judged."),
      Field(
        "weight", .number(between: 0, and: 1000), example: "2",
        "Share of `false_alarm` relative to the other checks'. Without it: by the kind of the measure."),
      Field(
        "critical", .boolean, default: "false", example: "true", "Four times the weight, so that it is heard first."),
      Field("muted", .boolean, default: "false", example: "false", "Measured and shown, never acted on."),
      Field("owner", .text(.free), example: "\"#payments\"", "Whom to ask: shown beside the check."),
    ]
    guard !standards else { return fields }
    return fields.map { field in
      var field = field
      field.defaultText = nil
      return field
    }
  }
}
