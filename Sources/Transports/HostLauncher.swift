internal import ChildProcesses

/// How the script of one host is started, and what to make of it when that does not work.
protocol HostLauncher: Sendable {
  /// Opens the host's connection and starts the script on it.
  var sessionCommand: ProcessCommand { get }
  /// Starts another script, on the connection that the session holds open.
  var channelCommand: ProcessCommand { get }
  /// Longest time from starting a command to the script's greeting.
  var openTimeout: Duration { get }
  /// True where the process we started is only the way to the script, so that ending it leaves a running step alone.
  var isRemote: Bool { get }
  /// Removes what a lost connection may have left in the way of the next one.
  func clearTheWay()
  /// Why a process ended without an answer, and what to do about it.
  func explain(status: ProcessStatus?, errorOutput: String) -> String
}

/// Why there is no answer, in a sentence.
struct ChannelFailure: Error {
  var detail: String
}
