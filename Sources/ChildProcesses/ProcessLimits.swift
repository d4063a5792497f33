import Glibc
import Synchronization

/// Keeps the number of children below what the process's file descriptors allow. swift-subprocess traps when it runs
/// out of descriptors between two pipes of one child, so that has to be kept from happening.
enum ProcessLimits {
  /// Descriptors wanted; children inherit the limit, and old daemons walk through all of it.
  private static let wantedDescriptors = 16_384
  /// Three pipes, both ends until the child has its own, and its pidfd.
  private static let descriptorsPerChild = 7
  /// For everything else in this process.
  private static let reservedDescriptors = 200

  /// Children being started at the same time. One thread starts them all, so more would only queue there, each
  /// holding its descriptors.
  static let starting = AsyncSemaphore(permits: 16)

  private static let alive = Atomic<Int>(0)

  /// Children that may be alive at the same time. Reading it prepares the process: raises the limit of open files and
  /// ignores SIGPIPE, which would end this process when a child stops reading.
  static let capacity: Int = {
    signal(SIGPIPE, SIG_IGN)
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 16 }
    if limit.rlim_cur < wantedDescriptors {
      limit.rlim_cur = min(limit.rlim_max, rlim_t(wantedDescriptors))
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return max(8, (Int(clamping: limit.rlim_cur) - reservedDescriptors) / descriptorsPerChild)
  }()

  /// Nil when there is room for one more child, which is then counted until `leave`.
  static func enter() -> ProcessFailure? {
    guard alive.add(1, ordering: .relaxed).newValue > capacity else { return nil }
    leave()
    return .notStarted(
      detail: "too many processes at once: \(capacity) are running, as many as the limit of open files allows; "
        + "raise the hard limit (ulimit -Hn)")
  }

  static func leave() { alive.subtract(1, ordering: .relaxed) }
}
