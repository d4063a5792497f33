internal import ChildProcesses
internal import FailPoints
internal import HostProtocol

/// One host's connection: opened by the first request, opened again after a loss, answering one request at a time in
/// the order they came.
actor HostSession {
  /// What became of a request.
  enum Exchange {
    case answered(HostResponse)
    /// No whole request can have reached the host.
    case notSent(String)
    /// It may have reached the host.
    case unanswered(String)
  }

  private struct Job {
    let id: Int
    /// Nil only opens the connection.
    let request: HostRequest?
    let limit: Duration
  }

  let launcher: any HostLauncher
  /// Keeps the number of connections being set up at once within what the machine and a jump host bear.
  private let connecting: AsyncSemaphore
  private var channel: HostChannel?
  private var opening: Task<Result<HostChannel, ChannelFailure>, Never>?
  private var jobs: [Job] = []
  private var waiting: [Int: CheckedContinuation<Exchange?, Never>] = [:]
  private var lastID = 0
  private var isWorking = false
  /// The job whose request may be on the wire.
  private var sending: Int?
  private var isClosed = false
  /// Open channels beside the session's own.
  private var others: [ObjectIdentifier: HostChannel] = [:]

  init(launcher: any HostLauncher, connecting: AsyncSemaphore) {
    self.launcher = launcher
    self.connecting = connecting
  }

  /// Sends a request and waits for its answer, at most `limit` from its turn on. Cancelling the calling task before it
  /// is sent means that it never is. After that it ends only the wait: the answer is still taken in, so that it cannot
  /// be taken for the answer to the next request.
  func exchange(_ request: HostRequest, within limit: Duration) async -> Exchange {
    await enqueue(request, limit: limit) ?? .notSent("no request was made")
  }

  /// Opens the connection where it is not open. Nil when it is open then, else what is in the way.
  func connect() async -> ChannelFailure? {
    if await isOpen { return nil }
    guard case .notSent(let detail)? = await enqueue(nil, limit: .zero) else { return nil }
    return ChannelFailure(detail: detail)
  }

  /// True while the connection holds, whether or not the host is busy with a request.
  private var isOpen: Bool {
    get async {
      guard let channel else { return false }
      return await channel.isAlive
    }
  }

  /// Ends the connection for good. Requests that wait are not sent; one that is being answered is left to the host.
  func close() async {
    isClosed = true
    let left = jobs
    jobs = []
    for job in left { finish(job.id, .notSent(Self.closed)) }
    opening?.cancel()
    for other in others.values { await other.dropAndWait() }
    guard let channel else { return }
    self.channel = nil
    if isWorking { await channel.dropAndWait() } else { await channel.close() }
  }

  static let cancelled = "cancelled before it was sent"
  private static let closed = "the connection was closed before the request was sent"

  /// A channel beside the session's own, on the same connection; to be given back.
  func openAnother() async -> Result<HostChannel, ChannelFailure> {
    if let failure = await connect() { return .failure(failure) }
    let opened = await HostChannel.open(launcher.channelCommand, by: launcher)
    guard case .success(let channel) = opened else { return opened }
    if isClosed {
      await channel.dropAndWait()
      return .failure(ChannelFailure(detail: Self.closed))
    }
    others[ObjectIdentifier(channel)] = channel
    return opened
  }

  func giveBack(_ channel: HostChannel) async {
    await channel.close()
    others[ObjectIdentifier(channel)] = nil
  }

  // MARK: The queue

  private func enqueue(_ request: HostRequest?, limit: Duration) async -> Exchange? {
    lastID += 1
    let id = lastID
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled { return continuation.resume(returning: .notSent(Self.cancelled)) }
        if isClosed { return continuation.resume(returning: .notSent(Self.closed)) }
        waiting[id] = continuation
        jobs.append(Job(id: id, request: request, limit: limit))
        if !isWorking {
          isWorking = true
          Task { await self.work() }
        }
      }
    } onCancel: {
      Task { await self.giveUp(id) }
    }
  }

  private func giveUp(_ id: Int) {
    jobs.removeAll { $0.id == id }
    finish(
      id, sending == id ? .unanswered("the wait for the host's answer was cancelled") : .notSent(Self.cancelled))
  }

  private func finish(_ id: Int, _ exchange: Exchange?) {
    waiting.removeValue(forKey: id)?.resume(returning: exchange)
  }

  private func work() async {
    while !jobs.isEmpty {
      let job = jobs.removeFirst()
      finish(job.id, await carryOut(job))
    }
    isWorking = false
  }

  private func carryOut(_ job: Job) async -> Exchange? {
    let open: HostChannel
    switch await openChannel() {
    case .success(let channel): open = channel
    case .failure(let failure): return .notSent(failure.detail)
    }
    guard let request = job.request else { return nil }
    // Opening takes seconds, in which the caller may have gone: what it then does rests on this not being sent.
    guard waiting[job.id] != nil else { return .notSent(Self.cancelled) }
    sending = job.id
    defer { sending = nil }
    let timer = Timer(after: job.limit) { await open.drop() }
    FailPoints.reached(.sending)
    let isSent = await open.send(request.bytes)
    FailPoints.reached(.sent)
    let answer = await open.response(to: request)
    FailPoints.reached(.replied)
    let isLate = timer.stop()
    switch answer {
    case .success(let response): return .answered(response)
    case .failure(let failure):
      await discard(open)
      let detail = isLate ? "no answer within \(job.limit.inWords); \(failure.detail)" : failure.detail
      return isSent ? .unanswered(detail) : .notSent(detail)
    }
  }

  // MARK: The connection

  private func openChannel() async -> Result<HostChannel, ChannelFailure> {
    if let channel {
      if await channel.isReady { return .success(channel) }
      await discard(channel)
    }
    if isClosed { return .failure(ChannelFailure(detail: Self.closed)) }
    let (launcher, connecting) = (launcher, connecting)
    let task = Task.detached { () -> Result<HostChannel, ChannelFailure> in
      guard await connecting.acquire() else { return .failure(ChannelFailure(detail: Self.closed)) }
      launcher.clearTheWay()
      FailPoints.reached(.connecting)
      let opened = await HostChannel.open(launcher.sessionCommand, by: launcher)
      FailPoints.reached(.connected)
      await connecting.release()
      return opened
    }
    opening = task
    let opened = await task.value
    opening = nil
    guard case .success(let channel) = opened else { return opened }
    if isClosed {
      await channel.dropAndWait()
      return .failure(ChannelFailure(detail: Self.closed))
    }
    self.channel = channel
    return opened
  }

  private func discard(_ lost: HostChannel) async {
    if channel === lost { channel = nil }
    await lost.dropAndWait()
  }
}
