/// The directory that rollouts are recorded in: `canary.db`, and `logs/ID.log` of detached controllers.
struct StateDirectory: Hashable, Sendable {
  let path: String

  /// `named`, else `$CANARY_STATE`, else `$XDG_STATE_HOME/canary`, else `~/.local/state/canary`. Variables that are
  /// empty count as missing.
  init(named: String?, in context: CommandContext) throws(CommandFailure) {
    func variable(_ name: String) -> String? { context.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let chosen = named ?? variable("CANARY_STATE") {
      path = context.absolute(chosen)
    } else if let home = variable("XDG_STATE_HOME"), home.hasPrefix("/") {
      path = home + "/canary"
    } else if let home = variable("HOME") {
      path = context.absolute(home) + "/.local/state/canary"
    } else {
      throw .usage(
        "no directory for state: $CANARY_STATE, $XDG_STATE_HOME and $HOME are not set",
        next: "name one with --state DIR")
    }
  }

  var journal: String { path + "/canary.db" }

  func log(of rollout: String) -> String { "\(path)/logs/\(rollout).log" }
}
