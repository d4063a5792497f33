internal import ArgumentParser

/// `canary`: the list of verbs.
struct CanaryCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "canary",
    abstract: "Rolls a release out to one instance first, watches it, then the rest; or takes it back.",
    discussion: """
      Exit status: 0 succeeded, 1 tool error, 2 failed and rolled back, 3 halted, 4 inconclusive at its limit, 5 \
      refused, 6 still running, 7 aborted, 8 stuck, 10 plan found changes, 64 usage, 65 invalid policy or input \
      file, 128 + N stopped by signal N with the rollout left as it is.
      """,
    version: "canary \(version)",
    groupedSubcommands: [
      CommandGroup(name: "Roll out", subcommands: [PlanVerb.self, StartVerb.self, RollbackVerb.self]),
      CommandGroup(
        name: "Look",
        subcommands: [
          StatusVerb.self, WatchVerb.self, ExplainVerb.self, HostsVerb.self, HistoryVerb.self, LogVerb.self,
          ReplayVerb.self,
        ]),
      CommandGroup(
        name: "Steer",
        subcommands: [
          PauseVerb.self, ResumeVerb.self, PromoteVerb.self, RetryVerb.self, SkipVerb.self, AbortVerb.self,
        ]),
      CommandGroup(
        name: "Prepare",
        subcommands: [
          LintVerb.self, SimulateVerb.self, CalibrateVerb.self, SchemaVerb.self, DoctorVerb.self, DemoVerb.self,
          CompletionsVerb.self, ManVerb.self, JudgeVerb.self,
        ]),
    ])
}
