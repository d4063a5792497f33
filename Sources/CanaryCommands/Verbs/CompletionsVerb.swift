internal import ArgumentParser

struct CompletionsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print a completion script for a shell.",
    discussion: """
      bash: source <(canary completions bash)
      zsh:  canary completions zsh > "${fpath[1]}/_canary"
      fish: canary completions fish > ~/.config/fish/completions/canary.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @Argument(help: "The shell.")
  var shell: Shell

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let generator: CompletionShell =
      switch shell {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    context.console.answer(CanaryCommand.completionScript(for: generator))
    return .succeeded
  }
}
