internal import RolloutCore

/// G11: once an abort or a way back is on stable storage, no forward step is recorded or sent anew; and once the
/// rollout has ended, nothing at all happens on a host but on those that its end names as not known.
/// G12: at most one way back begins by itself, and none out of a way back.
struct StopsHold {
  private var automatic: [RolloutID: Int] = [:]

  mutating func check(_ event: Event, _ before: Rollout, isStopped: Bool) -> String? {
    switch event {
    case .stepIntended(let host, let step, _, _, _):
      if isStopped, step.isForward { return "\(step.rawValue) of \(before.name(host)) is intended after the stop" }
    case .stepReissued(let host, _):
      guard isStopped, case .inFlight(let intent) = before.hosts[host].position, intent.step.isForward else { break }
      return "\(intent.step.rawValue) of \(before.name(host)) is sent again after the stop"
    case .rollbackStarted(.failed, _, _):
      automatic[before.plan.rollout, default: 0] += 1
      if before.plan.kind == .rollback || automatic[before.plan.rollout] ?? 0 > 1 {
        return "a second way back begins by itself"
      }
    default: break
    }
    return nil
  }

  func checkEffect(_ command: HostCommand, _ rollout: WitnessedRollout) -> String? {
    guard rollout.endedAt != nil, let index = rollout.indexOf[command.key.host] else { return nil }
    switch rollout.state.hosts[index].position {
    case .failed(_, isUnknown: true), .skipped: return nil
    default: return "\(command.key) acts after the end (\(rollout.state.stateName))"
    }
  }
}

extension StepKind {
  /// Brings the release further; putting an instance back behind its balancer does not.
  var isForward: Bool { !isRevert && self != .undrain }
}
