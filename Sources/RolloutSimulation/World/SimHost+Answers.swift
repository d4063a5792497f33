internal import RolloutCore

/// What a host answers when it is asked.
extension SimHost {
  /// As `take`; a step that runs is waited for, and the asker's fence then lasts.
  func answer(_ step: StepKey?, _ fence: Fence?, wait: Int64, _ reply: @escaping (HostReport?) -> Void) {
    guard isUp else { return }
    guard let step else { return reply(report(nil)) }
    if case .finished(let outcome) = disk.live.steps[step] { return reply(report(.finished(outcome))) }
    if working != nil, !planted(.hostCallsRunningAbsent) {
      tickets += 1
      let (ticket, mine) = (tickets, generation)
      connections[ticket] = { reply(nil) }
      func look(_ left: Int64) {
        guard self.generation == mine else { return }
        if self.working == nil || left <= 0 {
          if self.connections.removeValue(forKey: ticket) != nil { self.bind(step, fence, reply) }
        } else {
          self.world.after(250) { look(left - 250) }
        }
      }
      return look(wait)
    }
    bind(step, fence, reply)
  }

  private func bind(_ step: StepKey, _ fence: Fence?, _ reply: @escaping (HostReport?) -> Void) {
    if case .finished(let outcome) = disk.live.steps[step] { return reply(report(.finished(outcome))) }
    if working != nil, !planted(.hostCallsRunningAbsent) { return reply(report(.running)) }
    if let fence, case .open = judge(step, fence), disk.live.fence.map({ fence > $0 }) ?? true,
      !planted(.hostBindsNothing)
    {
      guard !disk.isFull else { return reply(nil) }
      disk.write(.fence(fence, step.rollout))
      disk.sync(.ledger)
      fleet.referee.fenceRaised(self, fence)
    }
    let isCutOff = disk.live.steps[step] == .started && working == nil
    let record = isCutOff ? StepRecord.interrupted : .absent
    fleet.referee.answered(step, record)
    reply(report(record))
  }

  func report(_ step: StepRecord?) -> HostReport {
    HostReport(
      current: disk.live.current,
      releases: disk.live.releases.map { .init(version: $0.version, digest: $0.digest) }, fence: disk.live.fence,
      bootID: bootID, freeBytes: disk.isFull ? 0 : 1 << 40, step: step)
  }
}

extension HostCommand {
  /// How long a request waits for the step before it: the script's.
  var lockWait: Int64 {
    switch action {
    case .stage: 120_000
    case .activate(let activation): activation.timeout.milliseconds + 10_000
    case .run(_, let timeout): timeout.milliseconds + 10_000
    }
  }

  /// How long the transport waits for an answer.
  var answerLimit: Int64 {
    switch action {
    case .stage: 120_000
    case .activate(let activation): activation.timeout.milliseconds + 15_000
    case .run(_, let timeout): timeout.milliseconds + 15_000
    }
  }
}
