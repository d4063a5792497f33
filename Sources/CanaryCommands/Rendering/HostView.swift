import RolloutCore

/// One host of a rollout as people see it.
struct HostView: Hashable, Sendable {
  var name: String
  var sign: String
  /// The state's name.
  var word: String
  var style: Palette.Style
  /// What is worth knowing besides; may be empty.
  var detail: String
  /// What a person looks for first has the lowest.
  var interest: Interest

  enum Interest: Int, Hashable, Comparable, Sendable {
    case failed, unknown, moving, verifying, unhealthy, between, skipped, settled, pending, outside
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  init(_ rollout: Rollout, _ index: Int, now: Timestamp) {
    let host = rollout.hosts[index]
    name = rollout.name(index).text
    word = Self.word(rollout, index)
    (sign, style, interest) = Self.look(host)
    detail = Self.detail(rollout, index, now)
  }

  /// The state's name, with hosts that the plan leaves out told from those that are on the release.
  static func word(_ rollout: Rollout, _ index: Int) -> String {
    if case .outside = rollout.hosts[index].position, case .excluded = rollout.plan.hosts[index].task {
      return "excluded"
    }
    return rollout.hosts[index].stateName
  }

  private static func look(_ host: HostUpdate) -> (String, Palette.Style, Interest) {
    let isUnhealthy = if case .unhealthy = host.health { true } else { false }
    switch host.position {
    case .failed(_, let isUnknown):
      return isUnknown ? (Signs.unknown, .bad, .unknown) : (Signs.failed, .bad, .failed)
    case .inFlight(let intent):
      if case .sending = intent.contact { return (Signs.moving, .busy, .moving) }
      return (Signs.unknown, .careful, .unknown)
    case .verifying: return (Signs.verifying, isUnhealthy ? .careful : .busy, .verifying)
    case _ where isUnhealthy: return (Signs.careful, .careful, .unhealthy)
    case .waiting(let step):
      if step == .stage || (!host.isTouched && host.direction == .forward) {
        return step == .stage ? (Signs.pending, .faint, .pending) : (Signs.staged, .plain, .between)
      }
      return (step.isRevert ? Signs.back : Signs.staged, .plain, .between)
    case .skipped: return (Signs.skipped, .careful, .skipped)
    case .healthy: return (Signs.done, .good, .settled)
    case .reverted: return (Signs.back, .good, .settled)
    case .outside: return (Signs.same, .faint, .outside)
    }
  }

  private static func detail(_ rollout: Rollout, _ index: Int, _ now: Timestamp) -> String {
    let host = rollout.hosts[index]
    let planned = rollout.plan.hosts[index]
    let since = { (time: Timestamp) in TimeWords.length((rollout.isEnded ? rollout.lastEventAt : now) - time) }
    switch host.position {
    case .outside:
      if case .excluded(let reason) = planned.task { return reason }
      return unhealthy(host) ?? "on \(rollout.plan.release.version) already"
    case .waiting(let step):
      if let unhealthy = unhealthy(host) { return unhealthy }
      if step == .stage { return RolloutWords.move(planned.from, rollout.plan.release.version) }
      if rollout.isTakingBaseline, step == .drain || step == .activate { return "measured before the push (baseline)" }
      return "waits for \(step.rawValue)"
    case .inFlight(let intent): return inFlight(intent, now)
    case .verifying(let verification):
      if let healthySince = verification.healthySince {
        return "healthy \(since(healthySince)) of \(rollout.plan.policy.minHealthyTime)"
      }
      return unhealthy(host) ?? "its probes have not agreed yet, \(since(verification.since)) after the restart"
    case .healthy:
      return unhealthy(host) ?? RolloutWords.move(planned.from, rollout.plan.release.version)
    case .reverted: return unhealthy(host) ?? "back on \(planned.from?.text ?? "nothing")"
    case .failed(let detail, _): return detail
    case .skipped(let reason): return reason
    }
  }

  private static func inFlight(_ intent: HostUpdate.Intent, _ now: Timestamp) -> String {
    switch intent.contact {
    case .sending: "\(intent.step.rawValue) for \(TimeWords.length(now - intent.since))"
    case .asking: "asking what became of \(intent.step.rawValue)"
    case .deferred(let detail, let retryAt, let thenAsk):
      "\(thenAsk ? "asked" : "tried") again \(TimeWords.until(retryAt, now: now)): \(detail)"
    }
  }

  private static func unhealthy(_ host: HostUpdate) -> String? {
    if case .unhealthy(let detail) = host.health { return "unhealthy: \(detail)" }
    return nil
  }
}

/// How many hosts are in which state, in words.
struct HostCounts: Hashable, Sendable {
  private static let order = [
    "failed", "unknown", "draining", "staging", "activating", "verifying", "reverting", "staged", "healthy",
    "reverted", "skipped", "pending", "unchanged", "excluded",
  ]
  private var counts = [Int](repeating: 0, count: order.count)

  mutating func add(_ word: String) {
    if let place = Self.order.firstIndex(of: word) { counts[place] += 1 }
  }

  init(_ rollout: Rollout, _ hosts: some Sequence<Int>) {
    for host in hosts { add(HostView.word(rollout, host)) }
  }

  /// `2 failed, 212 healthy, 640 pending`
  var text: String {
    zip(Self.order, counts).filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
  }

  /// The same with everything that moves as one: `2 failed, 46 in work, 170 staged`
  var coarse: String {
    let moving = ["draining", "staging", "activating", "verifying", "reverting"]
    var parts: [String] = []
    var inWork = 0
    for (word, count) in present where moving.contains(word) { inWork += count }
    for (word, count) in present {
      guard moving.contains(word) else {
        parts.append("\(count) \(word)")
        continue
      }
      if inWork > 0 { parts.append("\(inWork) in work") }
      inWork = 0
    }
    return parts.joined(separator: ", ")
  }

  /// Name and number of the states that occur.
  var present: [(word: String, count: Int)] {
    zip(Self.order, counts).filter { $0.1 > 0 }.map { (word: $0.0, count: $0.1) }
  }
}
