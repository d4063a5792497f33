internal import ChildProcesses
internal import FailPoints
internal import HostProtocol
internal import RolloutCore
internal import RolloutEngine

/// The port's verbs over a session and its channels. Time limits are those of the host and a margin for the way there,
/// so that a connection that hangs is noticed here and a command that hangs is ended there.
extension HostSession {
  private static let margin = Duration.seconds(15)
  /// Slower than any link a release is pushed over: bytes per second.
  private static let slowestLink: Int64 = 64 * 1024
  /// For unpacking and syncing what was uploaded.
  private static let unpacking = Duration.seconds(900)
  /// One wait of `inspect` for a running step; short enough that other requests get their turn in between.
  private static let waitForStep = TimeSpan.seconds(20)
  /// Waits in a row. A step's own limit ends it long before.
  private static let waitsForStep = 360

  nonisolated func perform(_ command: HostCommand) async -> Outcome {
    do throws(InvalidRequest) {
      switch command.action {
      case .stage(let staging): return try await stage(command, staging)
      case .activate(let activation):
        return await outcome(of: try .perform(command), within: Duration(activation.timeout) + Self.margin)
      case .run(_, let timeout):
        return await outcome(of: try .perform(command), within: Duration(timeout) + Self.margin)
      }
    } catch {
      return .failed(detail: error.description)
    }
  }

  nonisolated func inspect(service: String, directory: String, step: StepKey?, fence: Fence?) async
    -> Result<HostReport, Unreachable>
  {
    var last: Result<HostReport, Unreachable> = .failure(Unreachable(detail: "not asked"))
    for _ in 0..<Self.waitsForStep {
      last = await inspectOnce(service: service, directory: directory, step: step, fence: fence)
      guard case .success(let report) = last, report.step == .running, !Task.isCancelled else { break }
    }
    return last
  }

  private nonisolated func inspectOnce(service: String, directory: String, step: StepKey?, fence: Fence?) async
    -> Result<HostReport, Unreachable>
  {
    let request: HostRequest
    do {
      request = try .inspect(
        service: service, directory: directory, step: step, fence: fence, wait: Self.waitForStep)
    } catch {
      return .failure(Unreachable(detail: error.description))
    }
    switch await exchange(request, within: Duration(Self.waitForStep) + Self.margin) {
    case .notSent(let detail), .unanswered(let detail): return .failure(Unreachable(detail: detail))
    case .answered(let response):
      do { return .success(try response.report()) } catch { return .failure(Unreachable(detail: error.description)) }
    }
  }

  private nonisolated func outcome(of request: HostRequest, within limit: Duration) async -> Outcome {
    switch await exchange(request, within: limit) {
    case .answered(let response): response.outcome
    case .notSent(let detail): .notSent(detail: detail)
    case .unanswered(let detail): .unanswered(detail: detail)
    }
  }

  // MARK: Channels of their own

  private nonisolated func stage(_ command: HostCommand, _ staging: HostCommand.Staging) async throws(InvalidRequest)
    -> Outcome
  {
    let file: FileReader
    do { file = try FileReader(path: staging.artifact) } catch {
      return .notSent(detail: "the artifact cannot be read: \(error.detail)")
    }
    let request = try HostRequest.perform(command, artifactSize: file.size)
    let limit = Self.unpacking + .seconds(file.size / Self.slowestLink)
    return switch await converse(request, within: limit, sending: file) {
    case .answered(let response): response.outcome
    case .notSent(let detail): .notSent(detail: detail)
    case .unanswered(let detail): .unanswered(detail: detail)
    }
  }

  nonisolated func check(_ argv: [String], timeout: TimeSpan, directory: String?) async
    -> Result<CommandResult, Unreachable>
  {
    let request: HostRequest
    do { request = try .check(argv, timeout: timeout, directory: directory) } catch {
      return .failure(Unreachable(detail: error.description))
    }
    switch await converse(request, within: Duration(timeout) + Self.margin, sending: nil) {
    case .notSent(let detail), .unanswered(let detail): return .failure(Unreachable(detail: detail))
    case .answered(let response):
      do {
        let result = try response.checkResult()
        return .success(CommandResult(exitStatus: result.exitStatus, output: result.output))
      } catch {
        return .failure(Unreachable(detail: error.description))
      }
    }
  }

  /// One request on a channel of its own, `file` after it.
  private nonisolated func converse(_ request: HostRequest, within limit: Duration, sending file: FileReader?) async
    -> Exchange
  {
    let channel: HostChannel
    switch await openAnother() {
    case .success(let opened): channel = opened
    case .failure(let failure): return .notSent(failure.detail)
    }
    if Task.isCancelled {
      await giveBack(channel)
      return .notSent(Self.cancelled)
    }
    let timer = Timer(after: limit) { await channel.drop() }
    FailPoints.reached(.sending)
    let isSent = await channel.send(request.bytes)
    FailPoints.reached(.sent)
    let answer = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        // A host that answers early stops reading, which ends this loop.
        while !Task.isCancelled, let file, let piece = try? file.read(), !piece.isEmpty, await channel.send(piece) {
          FailPoints.reached(.uploading)
        }
        await channel.endInput()
      }
      let answer = await channel.response(to: request)
      FailPoints.reached(.replied)
      await giveBack(channel)
      return answer
    }
    let isLate = timer.stop()
    switch answer {
    case .success(let response): return .answered(response)
    case .failure(let failure):
      let detail = isLate ? "no answer within \(limit.inWords); \(failure.detail)" : failure.detail
      return isSent ? .unanswered(detail) : .notSent(detail)
    }
  }
}

extension Duration {
  fileprivate init(_ span: TimeSpan) { self = .milliseconds(span.milliseconds) }
}
