internal import ArgumentParser

/// What every verb takes.
struct CommonOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "How the answer is written: text, json or jsonl.")
  var output: OutputMode = .text

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp(
      "The policy file.",
      discussion: """
        Default: the first of canary.yaml, canary.yml, .canary.yaml and policies/SERVICE.yaml that is about the \
        service.
        """, valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var policy: String?

  @Option(
    help: ArgumentHelp(
      "Where rollouts are recorded.",
      discussion: "Default: $CANARY_STATE, else $XDG_STATE_HOME/canary, else ~/.local/state/canary.",
      valueName: "dir"), completion: .directory)
  var state: String?
}

extension OutputMode: ExpressibleByArgument {}

/// A command that people type after `canary`.
protocol Verb: ParsableCommand {
  var common: CommonOptions { get }
  /// Does it. Answers go to standard output.
  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus
}
