/// A child process that is talked to while it runs: pipes to its standard input, output and error, a session (and so a
/// process group) of its own, and no other descriptor of ours.
///
/// It lives in a task it owns, until the process ends or `abandon` is called. Whoever starts one reads it to its end,
/// or calls `terminate` or `abandon`. Everything may be called at any time, from any task.
public actor ProcessSession {
  /// What happens to standard output.
  enum OutputMode {
    /// Waits to be read; the process is held up while more than this many bytes wait.
    case queue(limit: Int)
    /// Only the end is kept.
    case tail(limit: Int)
  }

  /// Valid once started.
  public private(set) var processID: Int32 = 0
  /// Nil while it runs, and after it ended without a status that could be read.
  public private(set) var status: ProcessStatus?
  public private(set) var hasEnded = false

  private let mode: OutputMode
  private var queue: [[UInt8]] = []
  private var queuedBytes = 0
  private var outputTail: ByteTail
  private var errorTail: ByteTail
  /// True when no more output will come; some may still wait to be read.
  public private(set) var isOutputEnded = false
  private var isInputEnded = false
  private var isStopping = false
  private var isAbandoned = false

  private var starting: CheckedContinuation<ProcessFailure?, Never>?
  private var reader: CheckedContinuation<Void, Never>?
  private var room: CheckedContinuation<Void, Never>?
  private var acknowledgements: [Int: CheckedContinuation<Bool, Never>] = [:]
  private var enders: [CheckedContinuation<Void, Never>] = []
  private var lastWrite = 0

  let outgoing = AsyncStream<Outgoing>.makeStream()
  let stops = AsyncStream<Stop>.makeStream()

  enum Outgoing: Sendable {
    case bytes([UInt8], id: Int)
    case end
  }

  enum Stop: Hashable, Sendable {
    /// Leave the process alone; only the pipes are closed.
    case abandon
    /// End the process group, first by SIGTERM and after `grace` by SIGKILL.
    case terminate(grace: Duration)
  }

  init(mode: OutputMode, errorLimit: Int) {
    self.mode = mode
    if case .tail(let limit) = mode { outputTail = ByteTail(limit: limit) } else { outputTail = ByteTail(limit: 0) }
    errorTail = ByteTail(limit: errorLimit)
  }

  /// Starts `command`. The last `errorLimit` bytes of its standard error are kept.
  public static func start(_ command: ProcessCommand, errorLimit: Int = 16 * 1024) async
    -> Result<ProcessSession, ProcessFailure>
  {
    await start(command, mode: .queue(limit: 1 << 20), errorLimit: errorLimit)
  }

  static func start(_ command: ProcessCommand, mode: OutputMode, errorLimit: Int) async
    -> Result<ProcessSession, ProcessFailure>
  {
    if let refusal = command.refusal ?? ProcessLimits.enter() { return .failure(refusal) }
    let session = ProcessSession(mode: mode, errorLimit: errorLimit)
    if let failure = await session.launch(command) { return .failure(failure) }
    return .success(session)
  }

  private func launch(_ command: ProcessCommand) async -> ProcessFailure? {
    await withCheckedContinuation { continuation in
      starting = continuation
      Task.detached { await self.live(command) }
    }
  }

  // MARK: Talking to it

  /// The next piece of standard output. Nil at its end, and when the calling task is cancelled. For one task at a time.
  public func read() async -> [UInt8]? {
    while queue.isEmpty, !isOutputEnded, reader == nil, !Task.isCancelled {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          if Task.isCancelled { continuation.resume() } else { reader = continuation }
        }
      } onCancel: {
        Task { await self.wakeReader() }
      }
    }
    guard !queue.isEmpty, !Task.isCancelled else { return nil }
    let piece = queue.removeFirst()
    queuedBytes -= piece.count
    wakeProducer()
    return piece
  }

  /// True when there is something to read.
  public var hasOutput: Bool { !queue.isEmpty }

  /// True when all of it is in the pipe, which does not say that it was read. Waits while the pipe is full.
  public func write(_ bytes: [UInt8]) async -> Bool {
    if isInputEnded { return false }
    return await withCheckedContinuation { continuation in
      lastWrite += 1
      acknowledgements[lastWrite] = continuation
      outgoing.continuation.yield(.bytes(bytes, id: lastWrite))
    }
  }

  /// Ends its standard input after what was written before.
  public func closeInput() { outgoing.continuation.yield(.end) }

  /// The last bytes of its standard error so far; all of them after the end.
  public var errorOutput: [UInt8] { errorTail.value }

  /// Returns when the process has ended and its last output was taken in; nil once it was abandoned.
  public func end() async -> ProcessStatus? {
    if !hasEnded, !isAbandoned { await withCheckedContinuation { enders.append($0) } }
    return status
  }

  /// Ends the process and all of its process group. Returns at once; `end` waits for it.
  public func terminate(grace: Duration = .seconds(2)) { stop(.terminate(grace: grace)) }

  /// Closes the pipes and leaves the process to itself. It is still waited for, so that it leaves no zombie.
  public func abandon() {
    isAbandoned = true
    stop(.abandon)
    releaseEnders()
  }

  private func stop(_ stop: Stop) {
    isStopping = true
    isOutputEnded = true
    stops.continuation.yield(stop)
    wakeReader()
    wakeProducer()
  }

  // MARK: Called from its own task

  func didStart(processID: Int32) {
    self.processID = processID
    starting?.resume(returning: nil)
    starting = nil
  }

  func didFailToStart(_ failure: ProcessFailure) {
    starting?.resume(returning: failure)
    starting = nil
    didEnd(nil)
  }

  func didEnd(_ status: ProcessStatus?) {
    self.status = status
    hasEnded = true
    outputDidEnd()
    inputDidEnd()
    releaseEnders()
  }

  func didReceive(output: [UInt8]) async {
    switch mode {
    case .tail: outputTail.append(output)
    case .queue(let limit):
      if isStopping { return }
      queue.append(output)
      queuedBytes += output.count
      wakeReader()
      while queuedBytes > limit, !isStopping { await withCheckedContinuation { room = $0 } }
    }
  }

  func didReceive(error: [UInt8]) { errorTail.append(error) }

  func outputDidEnd() {
    isOutputEnded = true
    wakeReader()
  }

  func didWrite(_ id: Int, isWhole: Bool) {
    acknowledgements.removeValue(forKey: id)?.resume(returning: isWhole)
  }

  func inputDidEnd() {
    isInputEnded = true
    let left = acknowledgements
    acknowledgements = [:]
    for continuation in left.values { continuation.resume(returning: false) }
  }

  func result(status: ProcessStatus) -> ProcessResult {
    ProcessResult(
      status: status, output: outputTail.value, errorOutput: errorTail.value,
      isTruncated: outputTail.isCut || errorTail.isCut)
  }

  private func releaseEnders() {
    for ender in enders { ender.resume() }
    enders = []
  }

  private func wakeReader() {
    reader?.resume()
    reader = nil
  }

  private func wakeProducer() {
    room?.resume()
    room = nil
  }
}
