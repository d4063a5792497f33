internal import RolloutCore
internal import RolloutEngine

/// A journal as text, one record a line: `<milliseconds> <kind> <payload>`. Its chain holds, so that only what the
/// records say can be wrong: they may be another version's, or a stranger's.
enum JournalOracle {
  static func text(_ records: [JournalRecord]) -> String {
    records.map { "\($0.at.milliseconds) \($0.kind) \($0.payload)\n" }.joined()
  }

  static func records(_ input: [UInt8]) -> [JournalRecord] {
    input.split(separator: UInt8(ascii: "\n")).prefix(400).enumerated().map { number, line in
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      return JournalRecord(
        sequence: number, at: Timestamp(milliseconds: Int64(words[0]) ?? 0), kind: words.count > 1 ? words[1] : "",
        payload: words.count > 2 ? words[2] : "")
    }
  }

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let records = records(input)
    for record in records {
      _ = EventCodec.decodeRequest(record.payload)
      guard let event = try? EventCodec.decode(record) else { continue }
      let again = (try? EventCodec.encode(event, sequence: record.sequence, at: record.at)).flatMap {
        try? EventCodec.decode($0)
      }
      try require(again == event, "an event that is another one when it is kept again: \(record.payload)")
    }
    let rollout: Rollout
    do throws(ControllerRefusal) { rollout = try RolloutReader.fold(records, "r1").rollout } catch {
      switch error {
      case .journal(_, let sequence, _, let detail):
        try require(sequence >= 0 && sequence < records.count && !detail.isEmpty, "record \(sequence): \(detail)")
        if sequence > 0 { try prefix(Array(records.prefix(sequence))) }
      case .unknownRollout: try require(records.isEmpty, "records of nothing")
      default: throw Violation("a journal that gives \(error)")
      }
      return
    }
    try require(rollout.eventCount == records.count, "\(rollout.eventCount) of \(records.count) events")
    try use(rollout)
  }

  /// What comes before a bad record is the journal of a state.
  private static func prefix(_ records: [JournalRecord]) throws(Violation) {
    let rollout = try? RolloutReader.fold(records, "r1").rollout
    try require(rollout?.eventCount == records.count, "what comes before the bad record gives no state")
  }

  /// Everything that is asked of a state, and what may happen next: nothing of it may trap.
  static func use(_ rollout: Rollout) throws(Violation) {
    _ = (rollout.outstanding, rollout.waitingOn.map(\.remedy), rollout.summary, rollout.isReversible)
    _ = (rollout.exposedHosts, rollout.isAtRest)
    let soon = max(rollout.nextDeadline ?? rollout.lastEventAt, rollout.lastEventAt)
    let operation = Operation(request: "new", by: "ann", reason: "")
    var inputs: [Input] = [
      .tick, .tookOver(epoch: .max, holder: "bob", gap: .seconds(9)), .operation(operation, .rollback),
      .operation(operation, .abort(nil)), .operation(operation, .promote(full: true)), .operation(operation, .retry),
    ]
    for effect in rollout.outstanding.prefix(4) {
      switch effect {
      case .perform(let host, let number, _):
        inputs += [
          .outcome(host: host, number: number, .succeeded), .outcome(host: host, number: number, .failed(detail: "")),
        ]
      case .ask(let host, let number, _): inputs.append(.answered(host: host, number: number, .absent))
      case .watch(let host, let expecting): inputs.append(.health(host: host, expecting: expecting, .healthy))
      case .analyse(let analysis):
        inputs.append(.verdict(number: analysis.number, Verdict(outcome: .fail, reason: "")))
      }
    }
    for input in inputs {
      guard let events = try? rollout.decide(input, now: soon) else { continue }
      var next = rollout
      for event in events {
        do throws(ReplayError) { try next.apply(event, at: max(soon, next.lastEventAt)) } catch {
          throw Violation("decided, and then refused: \(error.message)")
        }
      }
    }
  }
}
