#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A controller that lives on without a terminal: `canary resume ID` in a session of its own, its words in a log.
struct DetachedController: Sendable {
  /// The program to run; this one unless a test says otherwise.
  var program: String
  var arguments: [String]
  var environment: [String: String]
  var log: String

  /// The binary that this process runs, whatever it was called by.
  static var ownProgram: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return CommandLine.arguments.first ?? "canary" }
    return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Starts it and gives its pid. It reads nothing, is in no terminal's foreground, and gets none of this process's
  /// open files.
  func launch() throws(CommandFailure) -> Int32 {
    let directory = Paths.directory(of: log)
    mkdir(directory, 0o700)
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Closing one that was closed meanwhile is no error.
    for number in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where number > 2 {
      posix_spawn_file_actions_addclose(&actions, number)
    }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in Signals.handled + [SIGPIPE] { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(Self.newSession | POSIX_SPAWN_SETSIGDEF))

    let argv = ([program] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, argv, variables)
    guard code == 0 else {
      throw .broken(
        "cannot start a controller in the background: \(Files.Failure(code).detail) (program \(program), log \(log))")
    }
    return pid
  }

  /// `POSIX_SPAWN_SETSID` of <spawn.h>, which is a constant of GNU's and not imported everywhere.
  private static let newSession: Int32 = 0x80

  /// Nil while the child runs, else how it ended.
  static func ended(_ pid: Int32) -> String? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
    return status & 0x7F == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
  }
}
