public import RolloutCore

/// Reaches hosts. One connection per host for the life of the value; safe to use from many tasks.
///
/// Duties: `perform` may be called again with the same key after any end of the first call, in this process or a later
/// one, and then has no second effect. Both calls end within the command's own timeout plus the connect timeout.
/// Cancelling the calling task ends the wait and leaves the host to finish or drop the step by itself.
public protocol Transport: Sendable {
  /// Carries out one mutating command and classifies what became of it.
  func perform(_ command: HostCommand, on instance: Instance) async -> Outcome
  /// Asks the host about itself and, with `step`, about that step. A step that is running is waited for, within its
  /// own time limit, so that the answer is final where it can be. `fence` is the asker's: an answer that the step was
  /// not done or not finished then lasts, because the host refuses lower fences from then on, requests that are still
  /// on their way included. Without it nothing changes on the host.
  func inspect(_ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?) async
    -> Result<HostReport, Unreachable>
  /// Runs a read-only command of the policy's (a command probe) and gives its exit status and the end of its output.
  func check(_ argv: [String], timeout: TimeSpan, on instance: Instance) async -> Result<CommandResult, Unreachable>
  /// Closes every connection. Later calls open them again.
  func close() async
}

extension Transport {
  /// A plain look, which changes nothing on the host.
  public func inspect(_ instance: Instance, service: String, directory: String, step: StepKey? = nil) async
    -> Result<HostReport, Unreachable>
  {
    await inspect(instance, service: service, directory: directory, step: step, fence: nil)
  }
}

/// No answer from a host: `detail` says what was tried, what came back and what to do next.
public struct Unreachable: Error, Hashable, Sendable {
  public var detail: String
  public init(detail: String) { self.detail = detail }
}

public struct CommandResult: Hashable, Sendable {
  public var exitStatus: Int32
  /// The end of its standard output and error together, control characters replaced.
  public var output: String
  public init(exitStatus: Int32, output: String) {
    self.exitStatus = exitStatus
    self.output = output
  }
}
