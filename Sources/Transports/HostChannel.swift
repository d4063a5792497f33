internal import ChildProcesses
internal import HostProtocol

/// One running script of a host, after its greeting. For one task at a time.
actor HostChannel {
  private let process: ProcessSession
  private let launcher: any HostLauncher
  private var stream = HostStream()
  private var items: [HostStream.Item] = []

  private init(process: ProcessSession, launcher: any HostLauncher) {
    self.process = process
    self.launcher = launcher
  }

  /// Starts the script, sends it first where the host does not have it, and waits for its greeting.
  static func open(_ command: ProcessCommand, by launcher: any HostLauncher) async
    -> Result<HostChannel, ChannelFailure>
  {
    let process: ProcessSession
    switch await ProcessSession.start(command) {
    case .success(let started): process = started
    case .failure(let failure): return .failure(ChannelFailure(detail: failure.description))
    }
    let channel = HostChannel(process: process, launcher: launcher)
    let timer = Timer(after: launcher.openTimeout) { await channel.drop() }
    let failure = await channel.awaitGreeting()
    let isLate = timer.stop()
    guard var failure else { return .success(channel) }
    await channel.drop()
    if isLate { failure.detail = "no greeting within \(launcher.openTimeout.inWords); \(failure.detail)" }
    return .failure(failure)
  }

  private func awaitGreeting() async -> ChannelFailure? {
    while true {
      switch await nextItem() {
      case .failure(let failure): return failure
      case .success(.greeting): return nil
      case .success(.bootstrap(.present)): continue
      case .success(.bootstrap(.absent)): _ = await process.write(HostScript.upload)
      case .success(.bootstrap(.failed(let detail))): return ChannelFailure(detail: detail)
      case .success(.response): return ChannelFailure(detail: "an answer from the host to nothing")
      }
    }
  }

  /// False when not all of it could be handed over, so that no whole request can have arrived.
  func send(_ bytes: [UInt8]) async -> Bool { await process.write(bytes) }

  func endInput() async { await process.closeInput() }

  /// The answer to `request`, which was sent last. After a failure the channel is of no more use.
  func response(to request: HostRequest) async -> Result<HostResponse, ChannelFailure> {
    switch await nextItem() {
    case .success(.response(let response)) where response.answers(request): return .success(response)
    case .success(.response):
      return .failure(ChannelFailure(detail: "an answer from the host to another request than the one it was asked"))
    case .success: return .failure(ChannelFailure(detail: "a second greeting from the host"))
    case .failure(let failure): return .failure(failure)
    }
  }

  /// False when the process has ended, or has said something unasked that could be taken for the next answer.
  var isReady: Bool {
    get async {
      guard items.isEmpty, stream.isBetweenResponses else { return false }
      let (hasOutput, hasEnded) = (await process.hasOutput, await process.isOutputEnded)
      return !hasOutput && !hasEnded
    }
  }

  var isAlive: Bool { get async { !(await process.isOutputEnded) } }

  /// Closes the pipes at once. The script on the host notices by itself, after the step it works on.
  func drop() async {
    if launcher.isRemote { await process.terminate() } else { await process.abandon() }
  }

  /// Ends the input and gives the script two seconds to end by itself. Returns when the process is gone.
  func close() async {
    await process.closeInput()
    let timer = Timer(after: .seconds(2)) { await self.drop() }
    _ = await process.end()
    timer.stop()
  }

  /// `drop`, and returns when the process is gone.
  func dropAndWait() async {
    await drop()
    _ = await process.end()
  }

  private func nextItem() async -> Result<HostStream.Item, ChannelFailure> {
    while items.isEmpty {
      guard let bytes = await process.read() else { return .failure(await diagnosis()) }
      do { items += try stream.append(bytes) } catch {
        return .failure(ChannelFailure(detail: error.description))
      }
    }
    return .success(items.removeFirst())
  }

  /// Standard output has ended. The reason comes on standard error, which ends a moment later.
  private func diagnosis() async -> ChannelFailure {
    if Task.isCancelled {
      await drop()
      return ChannelFailure(detail: "the wait was cancelled")
    }
    let timer = Timer(after: .seconds(1)) { await self.drop() }
    let status = await process.end()
    timer.stop()
    let said = String(decoding: await process.errorOutput, as: UTF8.self)
    var detail = launcher.explain(status: status, errorOutput: said)
    if !stream.isGreeted, !stream.skipped.isEmpty {
      detail += "; it printed: " + stream.skipped.joined(separator: " | ")
    }
    return ChannelFailure(detail: detail)
  }
}

extension Duration {
  var inWords: String { components.seconds >= 1 ? "\(components.seconds)s" : "\(self)" }
}
