internal import Glibc
public import RolloutCore
public import RolloutEngine

/// The machine's wall clock. Waits on the monotonic one and looks at the wall clock in between, so that a clock set
/// forward ends a wait early enough, and one set back does not stretch it: then it ends after as long as it looked at
/// its start.
public struct SystemClock: WallClock {
  public init() {}

  public func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public func uptime() -> TimeSpan {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return TimeSpan(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  public func sleep(until deadline: Timestamp) async throws {
    let steady = ContinuousClock()
    // A second of grace for clocks that are slewed, not set.
    let last = steady.now + .milliseconds(max(0, (deadline - now()).milliseconds)) + .seconds(1)
    try Task.checkCancellation()
    while steady.now < last {
      let left = (deadline - now()).milliseconds
      guard left > 0 else { return }
      try await steady.sleep(for: .milliseconds(min(left, Self.longestNap)), tolerance: .zero)
    }
  }

  private static let longestNap: Int64 = 5_000
}

extension WallClock {
  /// Returns when the calling task is cancelled.
  func waitForCancellation() async {
    while !Task.isCancelled {
      do { try await sleep(until: now() + .minutes(60)) } catch { return }
    }
  }
}
