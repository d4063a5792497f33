internal import RolloutCore
internal import RolloutEngine

/// G13: what the controller takes for the state is the fold of what is on stable storage; acknowledged records stay; an
/// answer that a person got is true.
/// G15: one open rollout per service, written by the newest holder of its lease alone.
struct JournalHolds {
  private var epochs: [String: Int64] = [:]
  private var holders: [String: String] = [:]
  private var verbs: [String: Input.Verb] = [:]
  private var heard: Set<String> = []
  private var refused: Set<String> = []

  mutating func granted(_ lease: Lease) -> String? {
    let last = epochs[lease.service] ?? 0
    epochs[lease.service] = max(last, lease.epoch)
    if lease.epoch > last || lease.epoch == last && holders[lease.service] == lease.holder.controller {
      holders[lease.service] = lease.holder.controller
      return nil
    }
    return "epoch \(lease.epoch) is given to \(lease.holder.controller) after \(last)"
  }

  func written(under lease: Lease) -> String? {
    let last = epochs[lease.service] ?? 0
    return lease.epoch == last ? nil : "a record is written under epoch \(lease.epoch), the lease is at \(last)"
  }

  mutating func offered(_ request: OperatorRequest) {
    verbs[request.id] = EventCodec.decodeRequest(request.payload)?.verb
  }

  mutating func heard(_ event: Event) -> String? {
    guard let request = event.operation?.request else { return nil }
    heard.insert(request)
    return refused.contains(request) ? "\(request) was refused, and is carried out: \(event.kind)" : nil
  }

  mutating func answered(_ answer: RequestAnswer) -> String? {
    if !answer.isAccepted {
      refused.insert(answer.request)
      return nil
    }
    if verbs[answer.request] == .supersede || heard.contains(answer.request) { return nil }
    return "\(answer.request) is accepted, and no record has it"
  }

  func checkState(_ reported: Rollout, _ witnessed: Rollout) -> String? {
    if reported.eventCount > witnessed.eventCount { return "a state is shown that is not on stable storage" }
    if reported.eventCount < witnessed.eventCount || reported == witnessed { return nil }
    return "the live state differs from the fold of its \(witnessed.eventCount) records"
  }
}

extension Event {
  /// What a person asked, where that is what happened.
  var operation: Operation? {
    switch self {
    case .paused(let operation), .resumed(let operation), .promoted(let operation, _), .hostSkipped(let operation, _),
      .retried(let operation, _), .abortRequested(let operation, _):
      operation
    case .rollbackStarted(_, let operation, _): operation
    default: nil
    }
  }
}
