extension DiagnosticExplanation {
  /// Of sources, metrics and included files.
  static let checks: [DiagnosticCode: DiagnosticExplanation] = [
    .listenAddress: Self(
      "not an address to listen on",
      """
      An IP address of the controller's machine and a UDP port: `127.0.0.1:8125` for this machine alone, `0.0.0.0:8125`
      for everyone who can reach it, `[::]:8125` with IPv6. Names are not looked up.
      """,
      wrong: "metrics: {statsd: {listen: \"statsd.example.net:8125\", tag: host}}",
      right: "metrics: {statsd: {listen: \"127.0.0.1:8125\", tag: host}}"),
    .plainName: Self(
      "not a plain name",
      """
      Labels of Prometheus, tags of StatsD and variables of the environment: letters, digits and `_`, at most 64, not
      starting with a digit. A token never stands in a policy, only the name of the variable that holds it.
      """,
      wrong: "metrics: {prometheus: {url: \"http://prom:9090\", instance: \"{host}\", token_env: $TOKEN}}",
      right: "metrics: {prometheus: {url: \"http://prom:9090\", instance: \"{host}\", token_env: TOKEN}}"),
    .metricName: Self(
      "not a metric of that source",
      """
      Each source names metrics in its own language: Graphite has targets such as `stats.{id}.requests`, in which every
      bracket and quote is closed; StatsD has names without spaces, `:`, `|`, `@` and `#`.
      """,
      wrong: "checks: [{name: e, graphite: {url: \"http://graphite\"}, rate: \"sumSeries(stats.{id}.errors\"}]",
      right: "checks: [{name: e, graphite: {url: \"http://graphite\"}, rate: \"sumSeries(stats.{id}.errors)\"}]"),
    .passMargin: Self(
      "a pass margin that is not above the tolerance",
      """
      Up to `tolerance` a release must not be failed; beyond `pass_margin` it must not be passed. Between the two either
      verdict is acceptable. Without room between them a healthy release would wait for evidence that never comes.
      """,
      wrong: "checks: [{name: g, scrape: \"http://{host}/metrics\", gauge: load, tolerance: 20%, pass_margin: 20%}]",
      right: "checks: [{name: g, scrape: \"http://{host}/metrics\", gauge: load, tolerance: 20%, pass_margin: 40%}]"),
    .includeOutside: Self(
      "an included file outside the repository",
      """
      What decides over a release is reviewed with it: included files lie in the same repository as the policy (the
      nearest directory above it with `.git`, else its own), also after links are followed.
      """,
      wrong: "checks: [{include: /etc/canary/web.yaml}]"),
    .includeUnreadable: Self(
      "an included file that cannot be read",
      "The path is relative to the policy's directory and names a regular file.",
      wrong: "checks: [{include: checks/nowhere.yaml}]"),
    .nestedInclude: Self(
      "an include in an included file",
      "A set of checks holds checks only, so that one look at the policy tells which files matter."),
    .unknownCheck: Self(
      "a change of a check that is not included",
      "`with` changes checks of the included file by their `name`; a misspelt one would be left out in silence."),
    .noSource: Self(
      "a check that no source gives numbers for",
      """
      A check has one of `scrape`, `prometheus`, `graphite`, `statsd`, `command`, `http`, or the policy has `metrics`
      with one of them for all checks that say nothing else.
      """,
      wrong: "checks: [{name: load, gauge: load}]",
      right: "metrics: {scrape: \"http://{host}:8080/metrics\"}\nchecks: [{name: load, gauge: load}]"),
    .measureOfSource: Self(
      "a measure that the source does not have",
      "Graphite keeps numbers, no distributions. A percentile that it keeps can be compared as a gauge.",
      wrong: "checks: [{name: p99, graphite: {url: \"http://graphite\"}, histogram: \"stats.timers.{id}.web\"}]",
      right: "checks: [{name: p99, graphite: {url: \"http://graphite\"}, gauge: \"stats.timers.{id}.web.upper_99\"}]"),
    .sameForAll: Self(
      "a metric that is the same for several instances",
      """
      Instances are compared with one another, so that each needs numbers of its own: Prometheus by the `instance`, a
      program and Graphite by the metric's name, StatsD by the name or a `tag`.
      """,
      wrong: "checks: [{name: orders, command: [./bin/orders], rate: /orders, direction: down}]",
      right: "checks: [{name: orders, command: [./bin/orders], rate: \"/{id}/orders\", direction: down}]"),
    .tooManyIncludes: Self(
      "more than 16 included files",
      "The number is bounded so that every policy is answered quickly, and because nobody could follow more."),
  ]
}
