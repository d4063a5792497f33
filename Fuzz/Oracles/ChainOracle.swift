internal import Foundation
internal import RolloutCore
internal import RolloutEngine

@testable internal import RolloutStore

/// A journal of our own that somebody changed: the last bytes say how, the others drive the rollout. Whatever was done
/// to it, what is read is a clean beginning of what was written, and the first bad record is named.
enum ChainOracle {
  private static let changeBytes = 24

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var world = MachineWorld(input.dropLast(changeBytes))
    try world.run()
    let records = try MachineOracle.records(of: world)
    let written = HashChain.extend(nil, with: records, of: "r1", epoch: 1)
    let end = written.last.map { ChainHead(sequence: $0.sequence, hash: $0.hash) }
    var (found, foundEnd) = (written, end)
    var choices = Choices(input.suffix(changeBytes))
    var isForged = false
    for _ in 0..<choices.below(4) { isForged = change(&found, &foundEnd, &choices) || isForged }
    let (read, fault) = walk(found, foundEnd)
    let isChanged = found != written || foundEnd != end
    try require((fault != nil) == isChanged, isChanged ? "a changed journal passes" : "a whole journal is refused")
    // Of two records that do not fit, a chain cannot say which one was made up, so it is enough that it does not pass.
    if isForged { return }
    try require(
      read.map(\.journalRecord) == Array(records.prefix(read.count)), "other records than were written are read")
    if let fault {
      try require((0...1).contains(fault - read.count), "record \(fault) is named for record \(read.count)")
    }
    guard !read.isEmpty else { return }
    try fold(read, world)
  }

  private static func fold(_ read: [StoredRecord], _ world: MachineWorld) throws(Violation) {
    guard let first = world.events.first, case .planned(let plan) = first.event else { return }
    var expected = Rollout(plan: plan, at: first.at)
    for recorded in world.events[1..<read.count] { try? expected.apply(recorded.event, at: recorded.at) }
    do throws(ControllerRefusal) {
      let state = try RolloutReader.fold(read.map(\.journalRecord), "r1").rollout
      if state != expected { throw .journal("r1", sequence: read.count, kind: "", detail: "another state") }
    } catch { throw Violation("a clean beginning of a journal gives no state of it: \(error)") }
  }

  /// As `ChainReader` goes through the file: the records that fit, and the first that does not.
  private static func walk(_ records: [StoredRecord], _ end: ChainHead?) -> ([StoredRecord], fault: Int?) {
    var check = ChainCheck(after: nil)
    var read: [StoredRecord] = []
    for record in records {
      if check.accept(record) != nil { return (read, read.count) }
      read.append(record)
    }
    if check.end(at: end) == nil { return (read, nil) }
    // The rollout's row speaks against the last record: what comes before it is certain.
    if end?.sequence == read.last?.sequence, !read.isEmpty { read.removeLast() }
    return (read, check.nextSequence)
  }

  /// True where it was done by somebody who knows how records are sealed.
  private static func change(
    _ records: inout [StoredRecord], _ end: inout ChainHead?, _ choices: inout Choices
  ) -> Bool {
    guard !records.isEmpty else { return false }
    let index = choices.below(records.count)
    switch choices.below(13) {
    case 0: flip(&records[index].kind, &choices)
    case 1: flip(&records[index].payload, &choices)
    case 2: flip(&records[index].hash, &choices)
    case 3: flip(&records[index].previousHash, &choices)
    case 4: records[index].at &+= Int64(choices.byte()) - 128
    case 5: records[index].epoch ^= Int64(choices.byte())
    case 6: records[index].sequence &+= choices.below(5) - 2
    case 7: records.remove(at: index)
    case 8: records.insert(records[index], at: choices.below(records.count))
    case 9: records.swapAt(index, choices.below(records.count))
    case 10: records.removeSubrange(index...)
    case 11: end = choices.flag() ? nil : ChainHead(sequence: index, hash: records[index].hash)
    default:
      flip(&records[index].payload, &choices)
      records[index].hash = HashChain.hash(records[index])
      return true
    }
    return false
  }

  private static func flip(_ data: inout Data, _ choices: inout Choices) {
    guard !data.isEmpty else { return data.append(choices.byte()) }
    let place = data.startIndex + choices.below(data.count)
    if choices.below(4) == 0 { data.remove(at: place) } else { data[place] ^= 1 << (choices.byte() & 7) }
  }
}
