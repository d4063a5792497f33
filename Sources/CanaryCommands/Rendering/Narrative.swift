import RolloutCore
import RolloutEngine

/// A rollout's events told with the state that each left behind.
enum Narrative {
  /// Calls `tell` with each event and the state after it, from the plan on. Ends early at an event that the machine
  /// does not accept.
  static func fold(_ events: [RecordedEvent], _ tell: (RecordedEvent, Rollout) -> Void) {
    guard let first = events.first, case .planned(let plan) = first.event else { return }
    var rollout = Rollout(plan: plan, at: first.at)
    tell(first, rollout)
    for recorded in events.dropFirst() {
      do { try rollout.apply(recorded.event, at: recorded.at) } catch { return }
      tell(recorded, rollout)
    }
  }

  /// The plain lines of all events that are news.
  static func lines(_ events: [RecordedEvent]) -> [String] {
    var filter = LineFilter()
    var lines: [String] = []
    fold(events) { recorded, rollout in
      guard filter.admits(recorded), let line = LineRenderer.line(for: recorded, in: rollout) else { return }
      lines.append(line)
      lines += LineRenderer.details(of: recorded, in: rollout)
    }
    return lines
  }

  /// The lines that a story of what went wrong or was decided needs: failures, verdicts, people, turns.
  static func turningPoints(_ events: [RecordedEvent]) -> [String] {
    var lines: [String] = []
    var filter = LineFilter()
    fold(events) { recorded, rollout in
      guard isTurningPoint(recorded.event), filter.admits(recorded) else { return }
      if let line = LineRenderer.line(for: recorded, in: rollout) { lines.append(line) }
    }
    return lines
  }

  private static func isTurningPoint(_ event: Event) -> Bool {
    switch event {
    case .planned, .waveStarted, .stepFailed, .hostFailed, .healthChanged(_, .unhealthy), .verdictReached, .wavePassed,
      .burnInExtended, .paused, .resumed, .promoted, .hostSkipped, .retried, .abortRequested, .halted,
      .rollbackStarted, .stuck, .ended, .stepQuestioned, .controllerTookOver, .clocksShifted, .soakStarted:
      true
    case .controllerStopped, .stepIntended, .stepFinished, .stepDeferred, .stepReissued, .questionRepeated,
      .healthChanged(_, .healthy), .hostVerified, .baselineStarted, .baselineEnded, .burnInStarted, .approvalAwaited:
      false
    }
  }
}
