/// HTTP(S) requests and TCP connections over libcurl, all on one thread of its own, none of them blocking a caller's.
/// Safe to use from many tasks. The thread and its connections end with the last reference.
public final class CurlClient: Sendable {
  private let loop: CurlLoop

  /// `maxConnections` idle connections are kept for reuse; fewer than there are hosts makes connections churn.
  public init(maxConnections: Int = 256) throws(CurlFailure) {
    loop = try CurlLoop(maxConnections: maxConnections)
    try loop.start()
  }

  deinit { loop.post(.stop) }

  /// Carries out `request`. Ends within its timeout, and at once with `.cancelled` when the calling task is cancelled.
  public func get(_ request: CurlRequest) async -> Result<CurlResponse, CurlFailure> {
    await execute(.request(request))
  }

  /// Opens a TCP connection to the host and port of `url` and closes it again. `timeout` in milliseconds.
  public func connect(_ url: CurlURL, timeout: Int) async -> Result<Void, CurlFailure> {
    await execute(.connect(url, timeout: timeout)).map { _ in }
  }

  private func execute(_ task: Transfer.Task) async -> Result<CurlResponse, CurlFailure> {
    let box = Locked<Transfer?>(nil)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let transfer = Transfer(task, continuation)
        box.with { $0 = transfer }
        // The handler below may have run before there was a transfer to tell.
        if Task.isCancelled { transfer.cancelled.with { $0 = true } }
        loop.post(.add(transfer))
      }
    } onCancel: {
      guard let transfer = box.with({ $0 }) else { return }
      transfer.cancelled.with { $0 = true }
      loop.post(.cancel(transfer))
    }
  }
}
