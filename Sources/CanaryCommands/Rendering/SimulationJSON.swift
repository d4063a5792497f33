internal import RolloutCore
internal import RolloutEngine
internal import RolloutSimulation

/// Simulated rollouts for programs. Lengths are seconds, times virtual.
enum SimulationJSON {
  static func run(_ run: SimulatedRun, _ subject: SimulationSubject) -> JSONText {
    .object(
      head(subject, "simulation") + [
        ("seed", .integer(Int64(clamping: run.seed))), ("end", end(run.end)), ("worst_down", .count(run.worstDown)),
        ("length", .span(run.length)), ("struck", .array(run.struck.map { fault($0, subject.plan) })),
        ("broken", .array(run.broken.map { .object(broken($0)) })), ("events", .array(events(run))),
      ])
  }

  static func count(_ count: SimulationCount, _ subject: SimulationSubject) -> JSONText {
    .object(
      head(subject, "simulations") + [
        ("runs", .count(count.runs)), ("first_seed", .integer(Int64(clamping: count.seeds.lowerBound))),
        (
          "ends",
          .array(
            count.endings.map {
              .object([
                ("end", end($0.end)), ("runs", .count($0.runs)), ("seed", .integer(Int64(clamping: $0.seed))),
              ])
            })
        ),
        ("worst_down", .count(count.worstDown)), ("median", .span(count.median)), ("longest", .span(count.longest)),
        ("longest_seed", .integer(Int64(clamping: count.longestSeed))),
        (
          "broken",
          .array(
            count.broken.map {
              .object([("seed", .integer(Int64(clamping: $0.seed)))] + broken($0.violation))
            })
        ),
      ])
  }

  private static func head(_ subject: SimulationSubject, _ type: String) -> [(String, JSONText)] {
    [
      ("v", JSONLines.version), ("type", .string(type)), ("service", .string(subject.plan.policy.service)),
      ("policy", .string(subject.path)), ("instances", .count(subject.plan.hosts.count)),
      ("max_unavailable", .count(subject.plan.maxUnavailable)), ("faults", .count(subject.faults)),
    ]
  }

  private static func end(_ end: SimulatedEnd) -> JSONText {
    .object([("state", .string(end.state)), ("waits_for", .text(end.waitsFor))])
  }

  private static func fault(_ fault: Fault, _ plan: Plan) -> JSONText {
    .object([
      ("at", .time(SimulationRenderer.time(fault.at))), ("kind", .string(fault.group)),
      ("what", .string(FaultWords.sentence(fault, plan))),
    ])
  }

  private static func broken(_ violation: Violation) -> [(String, JSONText)] {
    [
      ("promise", .string(violation.invariant)), ("detail", .string(violation.detail)),
      ("at", .time(SimulationRenderer.time(violation.at))),
    ]
  }

  /// As `--output jsonl` of a real rollout has them, at the virtual time.
  private static func events(_ run: SimulatedRun) -> [JSONText] {
    var objects: [JSONText] = []
    var told = run.story[...]
    Narrative.fold(run.story.map(\.event)) { recorded, rollout in
      let at = SimulationRenderer.time(told.popFirst()?.at ?? 0)
      objects.append(
        EventJSON.object(RecordedEvent(sequence: recorded.sequence, at: at, event: recorded.event), rollout))
    }
    return objects
  }
}
