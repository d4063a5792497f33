import Synchronization

/// Does something once, later, unless it is stopped before.
public final class Timer: Sendable {
  private let isFiring = Atomic<Bool>(false)
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// Nil never fires.
  public init(after delay: Duration?, _ action: @escaping @Sendable () async -> Void) {
    guard let delay else { return }
    let waiting = Task.detached { [self] in
      do { try await Task.sleep(for: delay) } catch { return }
      if Task.isCancelled { return }
      isFiring.store(true, ordering: .releasing)
      await action()
    }
    task.withLock { $0 = waiting }
  }

  /// True when it has fired.
  @discardableResult
  public func stop() -> Bool {
    task.withLock { $0 }?.cancel()
    return isFiring.load(ordering: .acquiring)
  }
}
