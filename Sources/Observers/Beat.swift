internal import RolloutCore

/// When something periodic runs next: on the beat of its first run, without drift. Beats missed because a turn took
/// long are dropped, never caught up.
struct Beat {
  let interval: TimeSpan
  private(set) var next: Timestamp

  init(interval: TimeSpan, from start: Timestamp) {
    self.interval = max(interval, TimeSpan(milliseconds: 1))
    next = start
  }

  /// The turn that began at `next` is over. A clock that was set back does not hold up the beat for longer than an
  /// interval.
  mutating func advance(now: Timestamp) {
    let late = max(0, (now - next).milliseconds)
    let following = next + TimeSpan(milliseconds: (late / interval.milliseconds + 1) * interval.milliseconds)
    next = min(following, now + interval)
  }
}
