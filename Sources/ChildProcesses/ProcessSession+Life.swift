internal import Subprocess
internal import SystemPackage

extension ProcessSession {
  private typealias Running = Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

  /// The whole life of the process, from its start to its end.
  nonisolated func live(_ command: ProcessCommand) async {
    let hasTurn = await ProcessLimits.starting.acquire()
    let startIsOver = OneTime { if hasTurn { await ProcessLimits.starting.release() } }
    do {
      let result = try await Subprocess.run(
        command.configuration, input: .inputWriter, output: .sequence, error: .sequence
      ) { running in
        await startIsOver.run()
        await self.didStart(processID: running.processIdentifier.value)
        await self.exchange(with: running)
      }
      ProcessLimits.leave()
      await didEnd(ProcessStatus(result.terminationStatus))
    } catch {
      await startIsOver.run()
      ProcessLimits.leave()
      await didFailToStart(.notStarted(detail: command.describe(error)))
    }
  }

  private enum Part: Hashable {
    case output, errors, input
    case stop(Stop?)
  }

  /// Moves bytes until the process has closed its outputs or ended, or until it is stopped. A grandchild that holds a
  /// pipe open does not keep this waiting: the library ends the reading when the child itself ends.
  private nonisolated func exchange(with running: Running) async {
    await withTaskGroup(of: Part.self) { group in
      group.addTask {
        await self.takeOutput(of: running)
        return .output
      }
      group.addTask {
        await self.takeErrors(of: running)
        return .errors
      }
      group.addTask {
        await self.feedInput(of: running)
        return .input
      }
      group.addTask { .stop(await self.stops.stream.first { _ in true }) }
      var open: Set<Part> = [.output, .errors]
      while !open.isEmpty, let part = await group.next() {
        open.remove(part)
        guard case .stop(let stop?) = part else { continue }
        if case .terminate(let grace) = stop { await self.terminate(running, grace: grace) }
        break
      }
      group.cancelAll()
    }
    await outputDidEnd()
    await inputDidEnd()
  }

  /// The process is not yet reaped here, even if it is dead, so its id cannot have become another process's.
  private nonisolated func terminate(_ running: Running, grace: Duration) async {
    try? running.send(signal: .terminate, toProcessGroup: true)
    let limit = ContinuousClock.now + grace
    while ContinuousClock.now < limit, running.processIdentifier.isAlive {
      try? await Task.sleep(for: .milliseconds(10))
    }
    try? running.send(signal: .kill, toProcessGroup: true)
  }

  private nonisolated func takeOutput(of running: Running) async {
    var pieces = running.standardOutput.makeAsyncIterator()
    while !Task.isCancelled, let piece = try? await pieces.next() {
      await didReceive(output: piece.withUnsafeBytes { Array($0) })
    }
    await outputDidEnd()
  }

  private nonisolated func takeErrors(of running: Running) async {
    var pieces = running.standardError.makeAsyncIterator()
    while !Task.isCancelled, let piece = try? await pieces.next() {
      await didReceive(error: piece.withUnsafeBytes { Array($0) })
    }
  }

  private nonisolated func feedInput(of running: Running) async {
    let writer = running.standardInputWriter
    loop: for await item in outgoing.stream {
      guard case .bytes(let bytes, let id) = item else { break loop }
      let count = bytes.isEmpty ? 0 : (try? await writer.write(bytes)) ?? -1
      await didWrite(id, isWhole: count == bytes.count)
      if count != bytes.count { break loop }
    }
    await inputDidEnd()
    try? await writer.finish()
  }
}

/// Something to be done once, on whichever way out comes first.
private actor OneTime {
  private var action: (@Sendable () async -> Void)?

  init(_ action: @escaping @Sendable () async -> Void) { self.action = action }

  func run() async {
    let action = action
    self.action = nil
    await action?()
  }
}

extension ProcessIdentifier {
  /// False once it is a zombie: its pidfd is readable then.
  fileprivate var isAlive: Bool { !hasExited(pidfd: processDescriptor) }
}

extension ProcessStatus {
  fileprivate init(_ status: TerminationStatus) {
    switch status {
    case .exited(let code): self = .exited(code)
    case .signaled(let signal): self = .signaled(signal)
    }
  }
}

extension ProcessCommand {
  fileprivate var configuration: Configuration {
    var options = PlatformOptions()
    // Its own session: a Ctrl-C in the terminal is for us, no password can be asked for on the terminal, and the
    // process group can be ended as a whole.
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))]
    var changes: [Environment.Key: String?] = [:]
    for (name, value) in environment {
      guard let key = Environment.Key(rawValue: name) else { continue }
      changes[key] = .some(value)
    }
    let program = locatedProgram ?? argv[0]
    return Configuration(
      executable: program.contains("/") ? .path(FilePath(program)) : .name(program),
      arguments: Arguments(Array(argv.dropFirst())), environment: .inherit.updating(changes),
      workingDirectory: workingDirectory.map { FilePath($0) }, platformOptions: options)
  }

  fileprivate func describe(_ error: any Error) -> String {
    guard let error = error as? SubprocessError else { return "\(argv[0]): \(error)" }
    switch error.code {
    case .executableNotFound: return "\(argv[0]) is not there or not executable; install it or correct PATH"
    case .failedToChangeWorkingDirectory: return "no working directory \(workingDirectory ?? "") for \(argv[0])"
    default: return "\(argv[0]) could not be started: \(error)"
    }
  }
}
