extension DiagnosticExplanation {
  static let keys: [DiagnosticCode: DiagnosticExplanation] = [
    .unknownKey: Self(
      "an unknown key",
      """
      A misspelt key would otherwise be left out in silence, and its default would be rolled out instead.
      `canary schema` prints all keys for editors; `policies/reference.yaml` shows each with its meaning.
      """,
      wrong: "max_unavailible: 1", right: "max_unavailable: 1"),
    .duplicateKey: Self(
      "a key that stands twice", "YAML readers differ in which one counts. Keep one.",
      wrong: "max_failures: 0\nmax_failures: 3", right: "max_failures: 3"),
    .missingKey: Self(
      "a required key is missing", "There is no default that could be right for everyone.",
      wrong: "release: {directory: /srv/app}",
      right: "release: {directory: /srv/app, artifact: \"dist/{version}.tar.gz\"}"),
    .missingValue: Self(
      "a key without a value", "An empty value is not the default: delete the key to get the default.",
      wrong: "max_failures:", right: "max_failures: 0"),
    .wrongShape: Self(
      "a list, mapping or single value where another is needed", "The message names what the key takes.",
      wrong: "waves: 25%", right: "waves: [25%, 100%]"),
    .conflictingKeys: Self(
      "keys that exclude one another", "The mapping has exactly one of them: two would contradict each other.",
      wrong: "canary: {count: 1, percent: 10%}", right: "canary: {count: 1}"),
    .keyWithoutPartner: Self(
      "a key without the one it belongs to", "Alone it means nothing.",
      wrong: "checks: [{name: errors, scrape: \"http://{host}/metrics\", bad: errors_total}]",
      right: "checks: [{name: errors, scrape: \"http://{host}/metrics\", bad: errors_total, total: requests_total}]"),
  ]

  static let types: [DiagnosticCode: DiagnosticExplanation] = [
    .notADuration: Self(
      "not a duration",
      """
      Durations are whole numbers with units, from long to short: `h`, `m`, `s`, `ms`. Seconds may have up to three
      decimals. A number without a unit is refused, because people disagree about what it means.
      """,
      wrong: "min_healthy_time: 10", right: "min_healthy_time: 10s"),
    .notAnInteger: Self(
      "not a whole number", "Decimal digits only: no sign, no leading zero, no `_`, no other base.",
      wrong: "max_failures: 0x10", right: "max_failures: 16"),
    .notANumber: Self(
      "not a number", "A decimal number such as `0.99`.",
      wrong: "checks: [{name: p, scrape: \"http://{host}/metrics\", histogram: seconds, quantile: p99}]",
      right: "checks: [{name: p, scrape: \"http://{host}/metrics\", histogram: seconds, quantile: 0.99}]"),
    .notABoolean: Self(
      "neither `true` nor `false`", "Other words for them, which YAML knows in part, are refused.",
      wrong: "checks: [{name: g, scrape: \"http://{host}/metrics\", gauge: load, limit: 9, muted: yes}]",
      right: "checks: [{name: g, scrape: \"http://{host}/metrics\", gauge: load, limit: 9, muted: true}]"),
    .notAPercentage: Self(
      "not a percentage", "A number with `%`. Without it, `1` could be one percent or all of it.",
      wrong: "false_alarm: 1", right: "false_alarm: 1%"),
    .notAQuantity: Self(
      "neither a whole number nor a percentage", "A number of instances, or a share of them with `%`.",
      wrong: "max_unavailable: a few", right: "max_unavailable: 25%"),
    .unknownChoice: Self(
      "a word that is not known here", "The key takes one of a few words; the message lists them.",
      wrong: "on_fail: rolback", right: "on_fail: rollback"),
    .outOfRange: Self(
      "a value out of range", "The message names the bounds.",
      wrong: "false_alarm: 80%", right: "false_alarm: 5%"),
    .wrongLength: Self(
      "an empty list", "The list needs at least one item.",
      wrong: "waves: []", right: "waves: [100%]"),
    .notACommand: Self(
      "a command that is not a list",
      """
      Commands are lists of program and arguments and are run without a shell, so that no text is ever taken for code.
      Where a shell is wanted, say so: `[sh, -c, "…"]`.
      """,
      wrong: "probes: [{command: ./bin/healthy --fast}]", right: "probes: [{command: [./bin/healthy, --fast]}]"),
  ]

  static let texts: [DiagnosticCode: DiagnosticExplanation] = [
    .serviceName: Self(
      "not a service name", "At most 64 of: \(ServiceGrammar.description); no `..`. It becomes part of file names.",
      wrong: "service: Check Out", right: "service: checkout"),
    .hostName: Self(
      "not a host name",
      "At most 253 of: \(HostGrammar.description). Nothing that ssh could take for an option, a user or a path.",
      wrong: "instances: [{host: deploy@web1}]", right: "instances: [{host: web1}]"),
    .address: Self(
      "not a host name or IP address", "A host name, an IPv4 address, or an IPv6 address without brackets.",
      wrong: "instances: [{host: web1, address: -oProxyCommand=x}]",
      right: "instances: [{host: web1, address: \"2001:db8::1\"}]"),
    .versionText: Self(
      "not a version", "At most 128 of: \(VersionGrammar.description). It becomes the name of a directory."),
    .path: Self(
      "not a usable path", "At most 1024 bytes, and no `-` in front: a program could take it for an option.",
      wrong: "transport: {ssh: {identity: -key}}", right: "transport: {ssh: {identity: ./-key}}"),
    .directory: Self(
      "not a usable directory", "An absolute path without `.` and `..`, and not `/`: releases are unpacked into it.",
      wrong: "release: {artifact: \"dist/{version}.tar.gz\", directory: /srv/../etc}",
      right: "release: {artifact: \"dist/{version}.tar.gz\", directory: /srv/checkout}"),
    .sharedPath: Self(
      "not a usable shared path", "Relative to the release, without `.`, `..` and empty parts.",
      wrong: "release: {artifact: \"d/{version}.tar.gz\", directory: /srv/app, shared: {dirs: [../log]}}",
      right: "release: {artifact: \"d/{version}.tar.gz\", directory: /srv/app, shared: {dirs: [log]}}"),
    .url: Self(
      "not a usable address",
      "An `http://` or `https://` address with a host, without a user. Redirects are never followed.",
      wrong: "probes: [{http: \"{host}:8080/healthz\"}]", right: "probes: [{http: \"http://{host}:8080/healthz\"}]"),
    .hostAndPort: Self(
      "not `host:port`", "Both are needed; both may be templates.",
      wrong: "probes: [{tcp: \"{host}\"}]", right: "probes: [{tcp: \"{host}:5432\"}]"),
    .headerName: Self(
      "not a header name", "Letters, digits and hyphens, as RFC 9110 allows them.",
      wrong: "probes: [{http: \"http://{host}/\", headers: {\"X Token\": a}}]",
      right: "probes: [{http: \"http://{host}/\", headers: {X-Token: a}}]"),
    .jsonPointer: Self(
      "not a JSON pointer", "RFC 6901: `/name/0/name`; `~1` stands for `/` and `~0` for `~` in a name.",
      wrong: "probes: [{http: \"http://{host}/\", expect: {json: {status.db: up}}}]",
      right: "probes: [{http: \"http://{host}/\", expect: {json: {/status/db: up}}}]"),
    .seriesSelector: Self(
      "not a series", "A metric's name, with label matchers in braces where needed. No functions, no arithmetic.",
      wrong: "checks: [{name: e, scrape: \"http://{host}/metrics\", bad: rate(errors_total), total: requests_total}]",
      right: "checks: [{name: e, scrape: \"http://{host}/metrics\", bad: errors_total, total: requests_total}]"),
    .labelName: Self(
      "not a label name", "Letters, digits, `_` and `-`, starting with a letter or `_`: it is written as `{name}`.",
      wrong: "instances: [{host: web1, labels: {8080: port}}]", right: "instances: [{host: web1, labels: {port: 8080}}]"
    ),
    .malformedTemplate: Self(
      "a brace that belongs to no `{name}`", "Braces stand around the name of a label, `host`, `id` or `zone` only.",
      wrong: "probes: [{http: \"http://{host/healthz\"}]", right: "probes: [{http: \"http://{host}/healthz\"}]"),
    .userName: Self(
      "not a user name", "At most 64 letters, digits, `.`, `_` and `-`.",
      wrong: "transport: {ssh: {user: \"a b\"}}", right: "transport: {ssh: {user: deploy}}"),
    .word: Self(
      "a word with spaces", "Zones and labels become part of addresses, so that they have no spaces.",
      wrong: "instances: [{host: web1, zone: rack 7}]", right: "instances: [{host: web1, zone: rack-7}]"),
  ]
}
