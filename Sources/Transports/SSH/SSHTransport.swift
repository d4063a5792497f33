internal import ChildProcesses
public import RolloutCore
public import RolloutEngine

/// Hosts reached by the system's `ssh`, so that its configuration, agents, jump hosts, certificates and known_hosts
/// work as people set them up. Host keys are checked strictly. One connection per host, opened when it is first needed.
public actor SSHTransport: Transport {
  private let policy: SSHPolicy
  private let program: String
  private let environment: [String: String?]
  private let connecting: AsyncSemaphore
  private var sessions: [Key: HostSession] = [:]
  private var directory: RuntimeDirectory?

  private struct Key: Hashable {
    var host: HostID
    var address: String
    var port: Int?
  }

  /// `program` and `environment` (changes to this process's, nil removes) are for ssh itself. At most
  /// `connectionsAtOnce` connections are being set up at a time.
  public init(
    policy: SSHPolicy, program: String = "ssh", environment: [String: String?] = [:], connectionsAtOnce: Int = 32
  ) {
    self.policy = policy
    self.program = program
    self.environment = environment
    connecting = AsyncSemaphore(permits: connectionsAtOnce)
  }

  public nonisolated func perform(_ command: HostCommand, on instance: Instance) async -> Outcome {
    switch await session(for: instance) {
    case .success(let session): await session.perform(command)
    case .failure(let failure): .notSent(detail: failure.detail)
    }
  }

  public nonisolated func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> {
    switch await session(for: instance) {
    case .success(let session): await session.inspect(service: service, directory: directory, step: step, fence: fence)
    case .failure(let failure): .failure(Unreachable(detail: failure.detail))
    }
  }

  public nonisolated func check(_ argv: [String], timeout: TimeSpan, on instance: Instance) async
    -> Result<CommandResult, Unreachable>
  {
    switch await session(for: instance) {
    case .success(let session): await session.check(argv, timeout: timeout, directory: instance.directory)
    case .failure(let failure): .failure(Unreachable(detail: failure.detail))
    }
  }

  public func close() async {
    let (open, used) = (sessions, directory)
    sessions = [:]
    directory = nil
    await withTaskGroup(of: Void.self) { group in
      for session in open.values { group.addTask { await session.close() } }
    }
    used?.remove()
  }

  private func session(for instance: Instance) -> Result<HostSession, ChannelFailure> {
    let key = Key(host: instance.id, address: instance.address, port: instance.sshPort)
    if let session = sessions[key] { return .success(session) }
    guard SSHLauncher.isAddress(instance.address) else {
      return .failure(
        ChannelFailure(
          detail: "\(instance.address.debugDescription) is not a host name or address; correct the host in the policy"))
    }
    var used: RuntimeDirectory
    do throws(ChannelFailure) {
      used = if let directory { directory } else { try RuntimeDirectory() }
    } catch {
      return .failure(error)
    }
    let launcher = SSHLauncher(
      address: instance.address, port: instance.sshPort ?? policy.port, policy: policy, program: program,
      environment: environment, controlPath: used.nextSocket())
    directory = used
    let session = HostSession(launcher: launcher, connecting: connecting)
    sessions[key] = session
    return .success(session)
  }
}
