import ChildProcesses
import Glibc

/// A server started for a test. It ends with `kill`, and when the test process does, whatever happens to that.
actor ServerProcess {
  let log = LineLog()
  private let session: ProcessSession

  /// Ends `"$@"` when the pipe to the test breaks.
  private static let guardian = #"""
    exec 3<&0
    "$@" </dev/null 3<&- 2>&1 &
    server=$!
    { cat <&3 >/dev/null; kill -9 "$server"; } 2>/dev/null &
    wait "$server"
    """#

  static func start(_ command: [String], environment: [String: String] = [:]) async throws -> ServerProcess {
    let pairs = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let words = ["sh", "-c", guardian, "sh", "env"] + pairs + command
    return ServerProcess(try await ProcessSession.start(ProcessCommand(words)).get())
  }

  private init(_ session: ProcessSession) {
    self.session = session
    let log = log
    Task.detached {
      while let piece = await session.read() { await log.append(String(decoding: piece, as: UTF8.self)) }
      await log.end()
    }
  }

  /// True once it has written `text`; false when it ended before.
  func says(_ text: String) async -> Bool { await log.contains(text) }

  /// Ends it by SIGKILL, and waits until it is gone.
  func kill() async {
    let servers = descendants(of: await session.processID)
    for pid in servers { _ = Glibc.kill(pid, SIGKILL) }
    await session.terminate(grace: .zero)
    _ = await session.end()
    _ = await eventually { !servers.contains(where: isRunning) }
  }
}
