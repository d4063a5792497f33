extension DiagnosticExplanation {
  static let meaning: [DiagnosticCode: DiagnosticExplanation] = [
    .duplicateHost: Self(
      "a host that is in the list twice",
      "Each instance has a name of its own. Two on one machine have two names, one `address`, two directories.",
      wrong: "instances: [{host: web1}, {host: web1}]",
      right: "instances: [{host: web1-a, address: web1}, {host: web1-b, address: web1, directory: /srv/b}]"),
    .unknownCanaryHost: Self(
      "a canary that is no instance", "`canary.hosts` names instances of the policy by their `host`.",
      wrong: "canary: {hosts: [web9]}", right: "canary: {hosts: [web1]}"),
    .burnInBounds: Self(
      "a burn-in that ends before it may end", "`max` is when waiting for a verdict ends; before `min` none is given.",
      wrong: "burn_in: {min: 1h, max: 10m}", right: "burn_in: {min: 10m, max: 1h}"),
    .unknownTemplateName: Self(
      "a `{name}` that is not known",
      """
      `{host}` is the address, `{id}` the name of the instance; `{zone}` and labels must be there for every instance. In
      the paths of a release only `{version}` is known.
      """,
      wrong: "probes: [{http: \"http://{host}:{port}/\"}]", right: "probes: [{http: \"http://{host}:8080/\"}]"),
    .rollbackForbidden: Self(
      "a rollback where there is no way back",
      "`rollback: forward_only` says that no instance can go back, so nothing may answer with a rollback.",
      wrong: "rollback: forward_only\non_fail: rollback", right: "rollback: forward_only\non_fail: halt"),
    .requestsWithoutTotal: Self(
      "requests that nothing counts",
      "`until: {requests: …}` is counted by the `total` of a check. Without one the burn-in could never pass.",
      wrong: "burn_in: {until: {requests: 2000}}",
      right: "burn_in: {until: {requests: 2000}}\n"
        + "checks: [{name: e, scrape: \"http://{host}/metrics\", bad: errors_total, total: requests_total}]"),
    .canaryTooLarge: Self(
      "a canary that is larger than the service", "`canary.count` is at most the number of instances, better less.",
      wrong: "canary: {count: 100}", right: "canary: {count: 1}"),
    .duplicateName: Self(
      "two probes or two checks of one name", "Verdicts and reports name them, so that each needs a name of its own.",
      wrong: "probes: [{tcp: \"{host}:1\", name: a}, {tcp: \"{host}:2\", name: a}]",
      right: "probes: [{tcp: \"{host}:1\", name: a}, {tcp: \"{host}:2\", name: b}]"),
    .neverHealthy: Self(
      "an instance that cannot become healthy in time",
      "It must answer well for `min_healthy_time` before `healthy_deadline` ends, both counted from its update.",
      wrong: "min_healthy_time: 5m\nhealthy_deadline: 2m", right: "min_healthy_time: 30s\nhealthy_deadline: 2m"),
    .wavesDoNotGrow: Self(
      "waves whose percentages do not grow",
      "A percentage says how far the rest has come after that wave, so that each must be above the one before.",
      wrong: "waves: [80%, 50%, 100%]", right: "waves: [50%, 80%, 100%]"),
    .refusedAddress: Self(
      "an address that leads elsewhere than to the instance",
      "A probe or check speaks for one instance, so that only the instance's own `address` is asked; `{host}` is it.",
      right: "probes: [{http: \"http://{host}:8080/healthz\"}]"),
    .hostItem: Self(
      "an item of a hosts file that is not `key=value`",
      "A line is a host and then `key=value` items, separated by spaces: `web1.example.net zone=a port=8081`."),
    .noHosts: Self("no host", "The list of hosts is empty: nothing could be rolled out."),
  ]

  static let doubts: [DiagnosticCode: DiagnosticExplanation] = [
    .noSiblings: Self(
      "the canary is the whole service",
      "Checks compare the canary with its siblings. Without any, only absolute limits and probes can fail it.",
      wrong: "instances: [{host: web1}]", right: "instances: [{host: web1}, {host: web2}]"),
    .noProbes: Self(
      "no probe", "Without a probe an instance counts as healthy as soon as its restart command returns.",
      wrong: "probes: []", right: "probes: [{http: \"http://{host}:8080/healthz\"}]"),
    .artifactWithoutVersion: Self(
      "an artifact that is the same for every version",
      "`canary start service@version` would put the same file into different releases.",
      wrong: "release: {artifact: dist/app.tar.gz, directory: /srv/app}",
      right: "release: {artifact: \"dist/app-{version}.tar.gz\", directory: /srv/app}"),
    .slowProbe: Self(
      "a probe that may take longer than its interval",
      "A question waits until the last one is answered or given up, so that a silent instance is asked more seldom.",
      wrong: "probes: [{tcp: \"{host}:1\", interval: 1s, timeout: 5s}]",
      right: "probes: [{tcp: \"{host}:1\", interval: 5s, timeout: 1s}]"),
    .shortProgressDeadline: Self(
      "no progress before an instance may have become healthy",
      """
      `progress_deadline` is how long the rollout may go without an instance becoming healthy or a wave passing. When it
      is shorter than `healthy_deadline`, a slow instance ends the rollout before its own time is over.
      """,
      wrong: "progress_deadline: 1m", right: "progress_deadline: 30m"),
    .nullIsText: Self(
      "`null` or `~` is a text",
      "Types come from the key, so that `null` is the word. Delete the key to leave it out; quote it if it is meant.",
      wrong: "release: {artifact: \"d/{version}.tgz\", directory: /srv/app, sha256: null}",
      right: "release: {artifact: \"d/{version}.tgz\", directory: /srv/app}"),
    .uselessWave: Self(
      "a wave after one that takes everything", "Percentages are of what remains after the canary: 100% is the end.",
      wrong: "waves: [100%, 5]", right: "waves: [50%, 100%]"),
    .shortBurnIn: Self(
      "a burn-in that is over before the warm-up and `min` are",
      """
      For `warm_up` after the update more latency is tolerated, since caches are cold. A burn-in whose `max` leaves less
      than `min` after that has little time to see what a warm instance does.
      """,
      wrong: "burn_in: {min: 2m, max: 2m}\nchecks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load}]",
      right: "burn_in: {min: 2m, max: 10m}\nchecks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load}]"),
    .nothingToCompare: Self(
      "a check that has neither siblings nor a limit",
      "The canary is the whole service, so that only an absolute `limit` can tell that a number is bad.",
      wrong: "instances: [{host: web1}]\nchecks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load}]",
      right: "instances: [{host: web1}]\n"
        + "checks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load, limit: 8}]"),
    .shortBaseline: Self(
      "a baseline that is over before the soak is",
      """
      When the last wave is updated no sibling is left. The checks then compare the service with the recording of before
      the push, minute by minute and each minute once: a `baseline` shorter than `wave_burn_in` and `soak` together
      leaves the rest of the soak to absolute limits. With a single instance the burn-in is compared with it as well.
      """,
      wrong: "soak: 30m\nchecks: [{name: e, scrape: \"http://{host}/metrics\", bad: e, total: t}]",
      right: "baseline: 31m\nsoak: 30m\nchecks: [{name: e, scrape: \"http://{host}/metrics\", bad: e, total: t}]"),
    .neverPasses: Self(
      "checks that can fail a release and never pass it",
      """
      A `rate`, a `share` and the growth of a `gauge` show that something is wrong, never that nothing is. Shares of
      requests (`bad`, `good`) and histograms earn a pass by comparison, and a `limit` does where nothing else can. With
      none of them the burn-in ends at its `max` without a verdict, and `on_inconclusive` decides.
      """,
      wrong: "checks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load}]",
      right: "checks: [{name: load, scrape: \"http://{host}/metrics\", gauge: load, limit: 8}]"),
    .wholeServiceDown: Self(
      "all instances may be down at once", "`max_unavailable` then protects nothing.",
      wrong: "max_unavailable: 100%", right: "max_unavailable: 25%"),
  ]
}
