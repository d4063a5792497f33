internal import FailPoints
internal import RolloutCore

/// Keeps the lease alive, and brings what operators ask from other processes.
struct LeaseKeeper {
  let lease: Lease
  let rollout: RolloutID
  let ports: Ports
  let inbox: Inbox<RunnerSignal>

  func start() -> [Task<Void, Never>] { [ports.spawn { await renew() }, ports.spawn { await fetchRequests() }] }

  private func renew() async {
    while await pause(LeaseTerms.renewalInterval) {
      do {
        try await ports.store.renew(lease, now: ports.clock.now())
      } catch {
        // Only a lost lease ends the work; an unwritable store is the runner's to report.
        if case .leaseLost(let detail) = error {
          await inbox.send(.leaseLost(detail: detail))
          return
        }
        await inbox.send(.renewalFailed(detail: error.detail))
        continue
      }
      await inbox.send(.heartbeat)
    }
  }

  private func fetchRequests() async {
    if planted(.engineHearsNobody) { return }
    var seen: Int64?
    repeat {
      guard let counter = try? await ports.store.changeCounter(), counter != seen else { continue }
      guard let requests = try? await ports.store.pending(for: rollout) else { continue }
      seen = counter
      if !requests.isEmpty { FailPoints.reached(.requestsRead) }
      if !requests.isEmpty { await inbox.send(.requests(requests)) }
    } while await pause(ports.requestInterval)
  }

  private func pause(_ span: TimeSpan) async -> Bool {
    do { try await ports.clock.sleep(until: ports.clock.now() + span) } catch { return false }
    return !Task.isCancelled
  }
}

/// Sees wall-clock jumps and stretches in which the process did not run.
struct ClockWatch {
  private var wall: Timestamp
  private var uptime: TimeSpan
  /// All stretches so far in which the process did not run.
  private var frozen = TimeSpan.zero

  /// A stretch that may hold such stretches.
  struct Mark {
    fileprivate var uptime: TimeSpan
    fileprivate var frozen: TimeSpan
  }

  /// Smaller differences are slewing and scheduling.
  static let jumpThreshold = TimeSpan.seconds(2)
  /// Five renewals missed: the process was stopped, or the machine was.
  static let freezeThreshold = TimeSpan.seconds(10)

  init(wall: Timestamp, uptime: TimeSpan) {
    self.wall = wall
    self.uptime = uptime
  }

  /// Call at least every few seconds. Gives the inputs that make deadlines honest again.
  mutating func observe(wall now: Timestamp, uptime nowUptime: TimeSpan) -> [Input] {
    let passed = nowUptime - uptime
    let jump = planted(.engineTrustsTheClock) ? .zero : (now - wall) - passed
    wall = now
    uptime = nowUptime
    var inputs: [Input] = []
    if jump > Self.jumpThreshold || jump < .zero - Self.jumpThreshold {
      inputs.append(.clockJumped(by: jump, reason: "the wall clock was set"))
    }
    if passed > Self.freezeThreshold {
      frozen = frozen + passed
      inputs.append(.clockJumped(by: passed, reason: "the controller did not run"))
    }
    return inputs
  }

  /// The start of a stretch that is measured apart.
  func mark(uptime: TimeSpan) -> Mark { Mark(uptime: uptime, frozen: frozen) }

  /// Time since the mark without the stretches that `observe` has told of, so that none counts twice.
  func running(since mark: Mark, uptime: TimeSpan) -> TimeSpan {
    max(uptime - mark.uptime - (frozen - mark.frozen), .zero)
  }
}
