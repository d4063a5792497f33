internal import RolloutCore
internal import RolloutEngine

/// The surroundings of one run of a command: everything a verb reads from or writes to other than hosts.
struct CommandContext: Sendable {
  var environment: [String: String]
  /// Absolute path that relative names start from.
  var directory: String
  var console: Console
  var composition: Composition
  /// Who gives the orders; see `Operator`.
  var operatorName: String
  /// False where the process is not ours to take signals for.
  var takesSignals: Bool

  var clock: any WallClock { composition.clock }

  func now() -> Timestamp { clock.now() }

  func palette(for stream: Console.Stream) -> Palette {
    let isTerminal = stream == .answers ? console.answerIsTerminal : console.noteIsTerminal
    return Palette.forStream(isTerminal: isTerminal, environment: environment)
  }

  /// `path` from the working directory, absolute.
  func absolute(_ path: String) -> String { Paths.join(directory, path) }
}

/// File names as text, without asking the file system.
enum Paths {
  /// `path` seen from `directory`; absolute ones stay as they are. `.` components are dropped, `..` are kept, since
  /// they mean something else after a symlink.
  static func join(_ directory: String, _ path: String) -> String {
    if path.hasPrefix("/") { return path }
    let parts = path.split(separator: "/").filter { $0 != "." }
    if parts.isEmpty { return directory }
    return (directory == "/" ? "" : directory) + "/" + parts.joined(separator: "/")
  }

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
