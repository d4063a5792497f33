internal import ChildProcesses

/// A program's whole output, or why there is none to use.
enum CapturedRun {
  enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
    case notStarted(String)
    /// The status and the last line of its standard error.
    case failed(ProcessStatus, lastWords: String)
    case tooLong(limit: Int)
    case timedOut(Duration)
    case cancelled

    var description: String {
      switch self {
      case .notStarted(let detail): detail
      case .failed(let status, let lastWords): lastWords.isEmpty ? "\(status)" : "\(status): \(lastWords)"
      case .tooLong(let limit): "more than \(limit) bytes of output"
      case .timedOut(let limit): "killed after \(Phrase.number(limit / .seconds(1))) s"
      case .cancelled: "cancelled"
      }
    }
  }

  /// The whole process group is killed past `timeout`, with the byte after `outputLimit`, and when the calling task is
  /// cancelled.
  static func of(
    _ command: ProcessCommand, timeout: Duration, outputLimit: Int
  ) async -> Result<[UInt8], Problem> {
    if Task.isCancelled { return .failure(.cancelled) }
    let session: ProcessSession
    switch await ProcessSession.start(command) {
    case .success(let started): session = started
    case .failure(let failure): return .failure(.notStarted(failure.description))
    }
    await session.closeInput()
    let timer = Timer(after: timeout) { await session.terminate() }
    return await withTaskCancellationHandler {
      var output: [UInt8] = []
      while output.count <= outputLimit, let piece = await session.read() { output += piece }
      if output.count > outputLimit { await session.terminate() }
      let status = await session.end()
      let hasTimedOut = timer.stop()
      if Task.isCancelled { return .failure(.cancelled) }
      if output.count > outputLimit { return .failure(.tooLong(limit: outputLimit)) }
      if hasTimedOut { return .failure(.timedOut(timeout)) }
      guard let status else { return .failure(.notStarted("its end was lost")) }
      guard status.isSuccess else { return .failure(.failed(status, lastWords: lastLine(await session.errorOutput))) }
      return .success(output)
    } onCancel: {
      Task { await session.terminate() }
    }
  }

  private static func lastLine(_ bytes: [UInt8]) -> String {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let last = lines.last { line in line.contains { $0 > 0x20 } }
    return Phrase.trimmed(Phrase.clean(last ?? [], limit: 160))
  }
}
