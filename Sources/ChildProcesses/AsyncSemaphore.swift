/// Lets at most `permits` tasks through at once, first come, first served.
public actor AsyncSemaphore {
  private var permits: Int
  private var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  private var lastID = 0

  public init(permits: Int) { self.permits = permits }

  /// True with a permit, to be given back with `release`. False, without one, when the calling task is cancelled.
  public func acquire() async -> Bool {
    if Task.isCancelled { return false }
    if permits > 0 {
      permits -= 1
      return true
    }
    lastID += 1
    let id = lastID
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // A cancellation that came before this line found nobody to wake.
        if Task.isCancelled { continuation.resume(returning: false) } else { waiting.append((id, continuation)) }
      }
    } onCancel: {
      Task { await self.giveUp(id) }
    }
  }

  public func release() {
    if waiting.isEmpty { permits += 1 } else { waiting.removeFirst().continuation.resume(returning: true) }
  }

  private func giveUp(_ id: Int) {
    guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
    waiting.remove(at: index).continuation.resume(returning: false)
  }
}
