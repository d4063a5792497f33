internal import ArgumentParser

struct ManVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "man", abstract: "Print a manual page, for `man -l -` or a file in man1.",
    discussion: "canary man | man -l -")

  @Argument(help: ArgumentHelp("The verb; without one, the page of canary itself.", valueName: "verb"))
  var verb: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    guard let page = ManualPage(verb: verb) else {
      throw .usage("no verb `\(DisplayText.clean(verb ?? ""))`", next: "canary --help  lists the verbs")
    }
    context.console.put(page.roff)
    return .succeeded
  }
}
