internal import ArgumentParser
internal import PolicyFile

/// What people type for a verb, and what they mean.
enum VerbNames {
  /// Understood, and not shown.
  static let aliases = [
    "undo": "rollback", "revert": "rollback", "validate": "lint", "run": "start", "deploy": "start", "why": "explain",
  ]

  static var all: [String] { CanaryCommand.configuration.subcommands.compactMap { $0.configuration.commandName } }

  /// The arguments with an alias replaced. An unknown verb is refused with the nearest one.
  static func resolve(_ arguments: [String]) throws(CommandFailure) -> [String] {
    guard let first = arguments.first, !first.hasPrefix("-") else { return arguments }
    if let verb = aliases[first] { return [verb] + arguments.dropFirst() }
    let known = all
    if known.contains(first) || first == "help" { return arguments }
    let begun = known.filter { $0.hasPrefix(first) }
    let candidates = known + aliases.keys.sorted()
    let near = begun.count == 1 ? begun[0] : NearestName.find(first, among: candidates).map { aliases[$0] ?? $0 }
    throw CommandFailure(
      .usage, "no verb `\(DisplayText.clean(String(first.prefix(64))))`",
      next: (near.map { ["did you mean `canary \($0)`?"] } ?? []) + ["canary --help  lists the verbs"])
  }
}
