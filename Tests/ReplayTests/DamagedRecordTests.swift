import Foundation
import RolloutCore
import RolloutEngine
import Testing

/// Records that are not as they were written, without a store whose hashes would show it: the codec and the fold name
/// the rollout and the record, or what they make of it is one that a journal could have come to. Never a trap.
@Suite struct DamagedRecordTests {
  private static let names = [
    "killed-in-steps", "second-wave-fails", "one-left-out", "watched-by-checks", "revert-fails-then-retried",
    "waits-cut-short",
  ]

  /// Folds what is left of a journal, and goes on from there.
  private func follow(_ records: [JournalRecord], _ id: RolloutID) -> Result<Rollout, ControllerRefusal> {
    do {
      let rollout = try RolloutReader.fold(records, id).rollout
      var world = CalmWorld(rollout)
      // A controller of this version must not trap on a state that damage made, whatever it does there.
      try? world.run()
      for state in [rollout, world.rollout] { _ = (state.summary, state.waitingOn, state.nextDeadline) }
      return .success(rollout)
    } catch { return .failure(error) }
  }

  private func sequence(named refusal: ControllerRefusal, of id: RolloutID) -> Int? {
    guard case .journal(id, let sequence, _, _) = refusal else { return nil }
    return sequence
  }

  // MARK: Order

  @Test(arguments: names) func droppedSwappedAndRepeatedRecordsAreNamed(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    let (records, id) = (journal.records, journal.row.id)
    for index in records.indices {
      var damaged: [[JournalRecord]] = []
      var dropped = records
      dropped.remove(at: index)
      // What is left after the loss of the last one is a clean prefix.
      if index < records.count - 1 { damaged.append(dropped) }
      damaged.append(Array(records[...index]) + Array(records[index...]))
      if index + 1 < records.count {
        var swapped = records
        swapped.swapAt(index, index + 1)
        damaged.append(swapped)
      }
      for records in damaged {
        guard case .failure(let refusal) = follow(records, id), let named = sequence(named: refusal, of: id) else {
          Issue.record("\(name): damage at record \(index) was followed")
          return
        }
        #expect((index...index + 1).contains(named), "\(name): record \(named) is named for damage at \(index)")
      }
    }
  }

  @Test(arguments: names) func anotherRolloutsRecordsAreNotFollowed(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    let other = try RecordedJournal.named(name == "killed-in-steps" ? "one-left-out" : "killed-in-steps")
    guard case .failure(let refusal) = follow(other.records, journal.row.id) else {
      Issue.record("another rollout's journal was followed")
      return
    }
    #expect(sequence(named: refusal, of: journal.row.id) == 0)
  }

  // MARK: Content

  /// Cut within the payload, at every place a JSON document can be cut.
  @Test(arguments: names) func aCutPayloadIsNamed(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    for (index, record) in journal.records.enumerated() {
      let bytes = Array(record.payload.utf8)
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 12)) {
        var cut = record
        cut.payload = String(decoding: bytes.prefix(length), as: UTF8.self)
        guard
          case .failure(let mismatch) = Result(catching: { () throws(EventCodec.Mismatch) in
            try EventCodec.decode(cut)
          })
        else {
          Issue.record("\(name): record \(index) cut to \(length) bytes was read")
          return
        }
        #expect(mismatch.sequence == index && mismatch.kind == record.kind)
      }
    }
  }

  @Test(arguments: names) func anotherKindIsNamed(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    for index in journal.records.indices {
      var records = journal.records
      records[index].kind = records[index].kind == "ended" ? "halted" : "ended"
      guard case .failure(let refusal) = follow(records, journal.row.id) else {
        Issue.record("\(name): record \(index) under another kind was followed")
        return
      }
      #expect(sequence(named: refusal, of: journal.row.id) == index)
    }
  }

  /// One bit of each byte of every payload, by turns. An error names the record or a later one that is no longer
  /// possible; never an earlier one.
  @Test(arguments: names) func aFlippedBitNeverTraps(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    var outcomes = (refused: 0, followed: 0)
    for index in journal.records.indices {
      let bytes = Array(journal.records[index].payload.utf8)
      // Every place of a small record, a sample of the plan.
      for place in stride(from: index % 7, to: bytes.count, by: index == 0 ? 23 : 7) {
        var flipped = bytes
        flipped[place] ^= 1 << (place % 7)
        var records = journal.records
        records[index].payload = String(decoding: flipped, as: UTF8.self)
        check(records, changed: index, journal, &outcomes)
      }
    }
    #expect(outcomes.refused > 0)
  }

  /// Numbers at the ends of what a journal can hold: sums and indices of them must not trap.
  @Test(arguments: names) func absurdNumbersNeverTrap(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    var outcomes = (refused: 0, followed: 0)
    for index in journal.records.indices {
      let payload = journal.records[index].payload
      for match in payload.matches(of: /(:|,|\[)(-?[0-9]+)(,|\}|\])/).prefix(index == 0 ? 60 : 12) {
        for number in ["9223372036854775807", "-9223372036854775808", "-1", "0", "1e300", "1000000"] {
          var records = journal.records
          records[index].payload.replaceSubrange(match.range, with: match.1 + number + match.3)
          check(records, changed: index, journal, &outcomes)
        }
      }
    }
    #expect(outcomes.refused > 0)
  }

  @Test(arguments: names) func anotherTimeIsRefusedOrOnlyAnotherTime(_ name: String) throws {
    let journal = try RecordedJournal.named(name)
    var outcomes = (refused: 0, followed: 0)
    for index in journal.records.indices {
      for bit in stride(from: 0, to: 63, by: 9) {
        var records = journal.records
        records[index].at.milliseconds ^= 1 << bit
        check(records, changed: index, journal, &outcomes)
      }
    }
    #expect(outcomes.refused > 0)
  }

  private func check(
    _ records: [JournalRecord], changed index: Int, _ journal: RecordedJournal,
    _ outcomes: inout (refused: Int, followed: Int)
  ) {
    switch follow(records, journal.row.id) {
    case .success: outcomes.followed += 1
    case .failure(let refusal):
      outcomes.refused += 1
      guard let named = sequence(named: refusal, of: journal.row.id) else {
        Issue.record("\(journal.name): \(refusal) names no record")
        return
      }
      #expect(named >= index, "\(journal.name): record \(named) is named for damage at \(index)")
    }
  }
}
