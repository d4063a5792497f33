internal import ChildProcesses
internal import HostProtocol
public import RolloutCore
public import RolloutEngine

/// Every instance is a directory on this machine. The same script works on it as on a host behind ssh, put in the same
/// place in the same way.
public actor LocalTransport: Transport {
  private let environment: [String: String?]
  private let connecting = AsyncSemaphore(permits: 32)
  private var sessions: [HostID: HostSession] = [:]

  /// `environment`: changes to this process's, for the script and the commands it runs; nil removes a variable.
  public init(environment: [String: String?] = [:]) { self.environment = environment }

  public nonisolated func perform(_ command: HostCommand, on instance: Instance) async -> Outcome {
    await session(for: instance).perform(command)
  }

  public nonisolated func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> {
    await session(for: instance).inspect(service: service, directory: directory, step: step, fence: fence)
  }

  public nonisolated func check(_ argv: [String], timeout: TimeSpan, on instance: Instance) async
    -> Result<CommandResult, Unreachable>
  {
    await session(for: instance).check(argv, timeout: timeout, directory: instance.directory)
  }

  public func close() async {
    let open = sessions
    sessions = [:]
    await withTaskGroup(of: Void.self) { group in
      for session in open.values { group.addTask { await session.close() } }
    }
  }

  private func session(for instance: Instance) -> HostSession {
    if let session = sessions[instance.id] { return session }
    let session = HostSession(launcher: LocalLauncher(environment: environment), connecting: connecting)
    sessions[instance.id] = session
    return session
  }
}

struct LocalLauncher: HostLauncher {
  let environment: [String: String?]

  var isRemote: Bool { false }
  var openTimeout: Duration { .seconds(20) }
  var sessionCommand: ProcessCommand {
    ProcessCommand(["sh", "-c", HostScript.bootstrapCommand()], environment: environment)
  }
  var channelCommand: ProcessCommand { sessionCommand }
  func clearTheWay() {}

  func explain(status: ProcessStatus?, errorOutput: String) -> String {
    let said = errorOutput.split(whereSeparator: { $0.isNewline }).suffix(3).joined(separator: "; ").suffix(500)
    let how = status.map { "ended with \($0)" } ?? "did not end when its input was closed"
    return "the host script on this machine \(how)" + (said.isEmpty ? "" : ": \(said)")
  }
}
