internal import RolloutCore
internal import RolloutEngine

/// A rollout driven by the input: what is decided can be taken in, kept, and folded to the same state.
enum MachineOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var world = MachineWorld(input)
    try world.run()
    let records = try records(of: world)
    do throws(ControllerRefusal) {
      let (again, events) = try RolloutReader.fold(records, "r1")
      try sameState(again == world.rollout && events == world.events)
    } catch { throw Violation("a journal of our own is refused: \(error)") }
  }

  private static func sameState(_ isSame: Bool) throws(ControllerRefusal) {
    if !isSame { throw .journal("r1", sequence: 0, kind: "", detail: "it folds to another state") }
  }

  static func records(of world: MachineWorld) throws(Violation) -> [JournalRecord] {
    var records: [JournalRecord] = []
    for recorded in world.events {
      let kept = try? EventCodec.encode(recorded.event, sequence: recorded.sequence, at: recorded.at)
      guard let kept, let event = try? EventCodec.decode(kept) else {
        throw Violation("an event that the journal cannot keep: \(recorded.event)")
      }
      try require(event == recorded.event, "an event that is another one after the journal: \(recorded.event)")
      records.append(kept)
    }
    return records
  }
}
