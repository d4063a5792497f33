internal import RolloutCore

/// The keys of a policy file.
enum PolicySchema {
  static let root = ObjectSchema(
    name: "a policy",
    fields: [
      Field(
        "service", .text(.service), required: true, example: "checkout",
        "Name of the service. One rollout of a service runs at a time."),
      Field(
        "instances",
        .oneOf([.list(of: .object(instance), minimum: 1), .object(instanceSource)]), required: true,
        example: "[{host: web1.example.net, zone: a}]",
        "The running copies of the service: a list, or where a list comes from."),
      Field(
        "transport", .object(transport), required: true, example: "{ssh: {user: deploy}}", "How hosts are reached."),
      Field(
        "release", .object(release), required: true,
        example: "{artifact: \"dist/checkout-{version}.tar.gz\", directory: /srv/checkout}",
        "What is put on a host, where, and what makes it run."),
      Field(
        "canary", .object(canary), default: "{count: 1}", example: "{count: 1}",
        "The instances that get the release first."),
      Field(
        "baseline", .duration(minimum: .zero), default: "5m", example: "5m",
        "How long all instances are measured before the push, less where the source has that history. With checks only."
      ),
      Field(
        "burn_in", .object(burnIn), default: "{min: 10m, max: 1h}", example: "{min: 10m, max: 1h}",
        "Time and traffic between the canary's update and the verdict on it."),
    ] + pace + observation + decisions)

  private static let pace = [
    Field(
      "wave_burn_in", .duration(minimum: .zero), default: "30s", example: "2m",
      "How long the checks watch each later wave before it counts as passed. With 0s it passes when its instances are "
        + "healthy, and only a fail still stops it."),
    Field(
      "soak", .duration(minimum: .zero), default: "5m", example: "30m",
      "How long the checks watch the whole service after the last wave, against the baseline and the limits."),
    Field(
      "warm_up", .duration(minimum: .zero), default: "1m", example: "3m",
      "Time after an instance's update in which more latency of it is tolerated."),
    Field(
      "waves", .list(of: .quantity, minimum: 1), default: "[25%, 100%]", example: "[1, 25%, 100%]",
      "Sizes of the waves after the canary, in instances or percent of the rest. The last one takes all that is left."),
    Field(
      "max_unavailable", .quantity, default: "1", example: "1",
      "Instances that may be down, unhealthy or unknown at once, over the whole service."),
    Field(
      "max_failures", .integer(0...10_000), default: "0", example: "0",
      "Instances of the rolling waves that may fail before the rollout fails. A failed canary always fails it."),
    Field(
      "min_healthy_time", .duration(minimum: .zero), default: "10s", example: "10s",
      "How long an updated instance must answer well before it counts as healthy."),
    Field(
      "healthy_deadline", .duration(minimum: .seconds(1)), default: "2m", example: "2m",
      "How long an updated instance may take to become healthy."),
    Field(
      "progress_deadline", .duration(minimum: .seconds(1)), default: "30m", example: "30m",
      "How long the rollout may go without an instance becoming healthy or a wave passing. Burn-in has its own bound."),
  ]

  private static let observation = [
    Field(
      "probes", .list(of: .object(probe), minimum: 0), default: "[]",
      example: "[{http: \"http://{host}:8080/healthz\"}]",
      "Questions to each instance: is it healthy? They run to the end of the rollout."),
    Field(
      "metrics", .object(metrics), example: "{scrape: \"http://{host}:8080/metrics\"}",
      "Where the numbers of all checks come from that do not say so themselves."),
    Field(
      "checks", .list(of: checkItem, minimum: 0), default: "[]",
      example: "[{name: errors, scrape: \"http://{host}:8080/metrics\", bad: errors_total, total: requests_total}]",
      "The immune system: metrics by which updated instances are compared with their siblings."),
    Field(
      "false_alarm", .percentage(maximum: 50, zero: false), default: "1%", example: "1%",
      "Probability, over the whole burn-in and all checks together, of failing a release that is no worse."),
  ]

  private static let decisions = [
    Field(
      "on_fail",
      .choice([
        Choice(name: "rollback", doc: "Put every touched instance back."),
        Choice(name: "halt", doc: "Stop and wait for a person."),
      ]), default: "rollback", example: "rollback",
      "What to do when the verdict is fail. With `rollback: forward_only` the default is halt."),
    Field(
      "on_inconclusive",
      .choice([
        Choice(name: "halt", doc: "Stop and wait for a person."),
        Choice(name: "rollback", doc: "Put every touched instance back."),
        Choice(name: "promote", doc: "Go on as if it had passed."),
      ]), default: "halt", example: "halt", "What to do when the burn-in's `max` passed without a clear verdict."),
    Field(
      "on_no_data",
      .choice([
        Choice(name: "wait", doc: "Wait for data until the burn-in's `max`."),
        Choice(name: "halt", doc: "Stop and wait for a person."),
        Choice(name: "rollback", doc: "Put every touched instance back."),
      ]), default: "wait", example: "wait", "What to do when checks get no numbers."),
    Field(
      "on_abort",
      .choice([
        Choice(name: "rollback", doc: "Put every touched instance back."),
        Choice(name: "hold", doc: "Leave every instance as it is."),
      ]), default: "rollback", example: "rollback",
      "What `canary abort` does unless told. With `rollback: forward_only` the default is hold."),
    Field(
      "rollback",
      .choice([
        Choice(name: "required", doc: "Refuse to start where an instance could not go back."),
        Choice(name: "forward_only", doc: "There is no way back, as after a migration of data."),
      ]), default: "required", example: "required", "Whether every instance must be able to go back."),
    Field(
      "approval",
      .choice([
        Choice(name: "none", doc: "Nobody is asked."),
        Choice(name: "canary", doc: "Once, after the canary's burn-in."),
        Choice(name: "every_wave", doc: "After every wave but the last."),
      ]), default: "none", example: "none", "Where a person must say `canary promote` before the rollout goes on."),
  ]
}
