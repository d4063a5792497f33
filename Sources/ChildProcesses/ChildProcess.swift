/// Programs that are run to their end.
public enum ChildProcess {
  /// Runs `command` and waits for its end. A grandchild that keeps the pipes open is not waited for.
  ///
  /// `outputLimit` is in bytes, for standard output and error each; the ends are kept. Past `timeout`, or when the
  /// calling task is cancelled, the whole process group is ended (SIGTERM, after two seconds SIGKILL).
  public static func run(
    _ command: ProcessCommand, stdin: ProcessInput = .none, timeout: Duration? = nil, outputLimit: Int = 64 * 1024
  ) async -> Result<ProcessResult, ProcessFailure> {
    if Task.isCancelled { return .failure(.cancelled) }
    var file: FileReader?
    if case .file(let path) = stdin {
      do { file = try FileReader(path: path) } catch { return .failure(.notStarted(detail: error.detail)) }
    }
    let session: ProcessSession
    switch await ProcessSession.start(command, mode: .tail(limit: outputLimit), errorLimit: outputLimit) {
    case .success(let started): session = started
    case .failure(let failure): return .failure(failure)
    }
    let timer = Timer(after: timeout) { await session.terminate() }
    let ended = await withTaskCancellationHandler {
      await session.feed(stdin, file: file)
      return await session.end()
    } onCancel: {
      Task { await session.terminate() }
    }
    let hasTimedOut = timer.stop()
    if Task.isCancelled { return .failure(.cancelled) }
    guard let ended else { return .failure(.notStarted(detail: "the end of \(command.argv[0]) was lost")) }
    let result = await session.result(status: ended)
    return hasTimedOut ? .failure(.timedOut(result)) : .success(result)
  }
}

extension ProcessSession {
  fileprivate func feed(_ input: ProcessInput, file: FileReader?) async {
    if case .bytes(let bytes) = input { _ = await write(bytes) }
    if let file {
      while let piece = try? file.read(), !piece.isEmpty, await write(piece) {}
    }
    closeInput()
  }
}
