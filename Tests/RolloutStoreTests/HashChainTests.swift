import Foundation
import GRDB
import RolloutCore
import RolloutEngine
import Testing

@testable import RolloutStore

@Suite struct HashChainTests {
  let scratch = Scratch()

  /// Two rollouts of ten records each, in several batches.
  private func filled() async throws -> SQLiteStore {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await store.mustAcquire()
    for rollout in ["r1", "r2"] as [RolloutID] {
      for start in stride(from: 0, to: 10, by: 2) {
        try await store.append(batch(start..<start + 2, of: summary(rollout)), under: lease)
      }
    }
    return store
  }

  /// Computed by another program (Python's hashlib) from the description of the format.
  @Test func theHashIsTheDescribedOne() {
    let records = [
      JournalRecord(
        sequence: 0, at: Timestamp(milliseconds: 1_700_000_000_000), kind: "planned", payload: #"{"a":1}"#),
      JournalRecord(
        sequence: 1, at: Timestamp(milliseconds: 1_700_000_001_000), kind: "waveStarted", payload: #"{"wave":"ä"}"#),
    ]
    let chain = HashChain.extend(nil, with: records, of: "r1", epoch: 7)
    #expect(
      chain.map(\.hash.hexadecimal) == [
        "8aa9f0a68c435fbe5991e697edc8001cc404c6525a8a3aabfb2eebe1f72fdddc",
        "49901978119dc32e9497bb478525f31389c7f760a2810d15af01c14dde01785e",
      ])
  }

  @Test func anUntouchedChainIsIntact() async throws {
    let store = try await filled()
    guard case .intact(let records, let head) = try await store.verify("r1") else {
      Issue.record("an untouched chain is reported broken")
      return
    }
    #expect(records == 10)
    #expect(head?.text.count == 64)
    #expect(try await store.verify("unknown") == .intact(records: 0, head: nil))
  }

  static let manipulations: [(name: String, sql: String, firstBad: Int)] = [
    ("a payload", "UPDATE event SET payload = '{\"a\":2}' WHERE rollout = 'r1' AND sequence = 3", 3),
    ("a kind", "UPDATE event SET kind = 'waveEnded' WHERE rollout = 'r1' AND sequence = 0", 0),
    ("a time", "UPDATE event SET at = at + 1 WHERE rollout = 'r1' AND sequence = 9", 9),
    ("an epoch", "UPDATE event SET epoch = 2 WHERE rollout = 'r1' AND sequence = 5", 5),
    ("a hash", "UPDATE event SET hash = zeroblob(32) WHERE rollout = 'r1' AND sequence = 4", 4),
    ("a link", "UPDATE event SET previous_hash = zeroblob(32) WHERE rollout = 'r1' AND sequence = 4", 4),
    ("a deletion in the middle", "DELETE FROM event WHERE rollout = 'r1' AND sequence = 6", 6),
    ("a deletion of the first", "DELETE FROM event WHERE rollout = 'r1' AND sequence = 0", 0),
    ("a deletion of the last", "DELETE FROM event WHERE rollout = 'r1' AND sequence = 9", 9),
    ("a truncation", "DELETE FROM event WHERE rollout = 'r1' AND sequence >= 7", 7),
    ("a deletion of all", "DELETE FROM event WHERE rollout = 'r1'", 0),
    (
      "a swap",
      """
      UPDATE event SET sequence = 100 WHERE rollout = 'r1' AND sequence = 2;
      UPDATE event SET sequence = 2 WHERE rollout = 'r1' AND sequence = 8;
      UPDATE event SET sequence = 8 WHERE rollout = 'r1' AND sequence = 100;
      """, 2
    ),
    (
      "a record of another rollout",
      """
      DELETE FROM event WHERE rollout = 'r1' AND sequence = 3;
      UPDATE event SET rollout = 'r1' WHERE rollout = 'r2' AND sequence = 3;
      """, 3
    ),
    (
      "an added record",
      """
      INSERT INTO event SELECT rollout, 10, at, epoch, kind, payload, hash, zeroblob(32) FROM event
      WHERE rollout = 'r1' AND sequence = 9
      """, 10
    ),
    ("a lost row", "DELETE FROM rollout WHERE id = 'r1'", 10),
  ]

  @Test(arguments: manipulations.indices) func aManipulationIsFoundAtItsPlace(_ index: Int) async throws {
    let (name, sql, firstBad) = Self.manipulations[index]
    let store = try await filled()
    let untouched = try await store.verify("r2")
    try tamper(scratch.journal, sql)
    guard case .broken(let sequence, _) = try await store.verify("r1") else {
      Issue.record("\(name) was not found")
      return
    }
    #expect(sequence == firstBad, "\(name)")
    guard
      case .corrupt("r1", firstBad, _) = await failure(of: { () throws(StoreFailure) in
        try await store.records(of: "r1", from: 0)
      })
    else {
      Issue.record("\(name) was handed out as if nothing had happened")
      return
    }
    if !sql.contains("'r2'") { #expect(try await store.verify("r2") == untouched) }
  }

  @Test(arguments: [
    "UPDATE event SET payload = '' WHERE rollout = 'r1' AND sequence = 9",
    "DELETE FROM event WHERE rollout = 'r1' AND sequence = 9", "DELETE FROM event WHERE rollout = 'r1'",
  ]) func aBrokenEndIsNotContinuedAndOthersAre(_ sql: String) async throws {
    let store = try await filled()
    let lease = try await store.mustAcquire()
    try tamper(scratch.journal, sql)
    async let broken = failure { () throws(StoreFailure) in
      try await store.append(batch(10..<11, of: summary("r1")), under: lease)
    }
    async let whole = failure { () throws(StoreFailure) in
      try await store.append(batch(10..<11, of: summary("r2")), under: lease)
    }
    guard case .corrupt("r1", 9, _)? = await broken else {
      Issue.record("a broken chain was continued")
      return
    }
    #expect(await whole == nil)
  }

  @Test func everyFlippedByteOfARecordIsFound() async throws {
    let store = try await filled()
    let lease = try await store.mustAcquire("flips")
    let payload = "{\"text\":\"find this needle in the file\"}"
    let flips = summary("flips", service: "flips")
    try await store.append(
      JournalBatch(records: [record(0, payload: payload)], summary: flips, answers: []), under: lease)
    await store.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.journal))
    let place = try #require(whole.firstRange(of: Data(payload.utf8)))
    for offset in place {
      var flipped = whole
      flipped[offset] ^= 0x80
      let path = scratch.directory + "/flipped-\(offset).sqlite"
      try flipped.write(to: URL(fileURLWithPath: path))
      let copy = try await SQLiteStore.open(at: path)
      guard case .broken(0, _) = try await copy.verify("flips") else {
        Issue.record("the byte at \(offset) may change unseen")
        return
      }
    }
  }

  /// Whatever happened to the file: an answer or an error, never a trap.
  @Test(arguments: [11, 12, 13, 14] as [UInt64]) func aDamagedFileNeverTraps(_ seed: UInt64) async throws {
    var random = SplitMix64(state: seed)
    await (try filled()).close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.journal))
    for round in 0..<40 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...60, using: &random) {
        damaged[Int.random(in: 0..<whole.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if round % 8 == 0 { damaged.removeLast(Int.random(in: 1..<whole.count, using: &random)) }
      let path = scratch.directory + "/damaged-\(round).sqlite"
      try damaged.write(to: URL(fileURLWithPath: path))
      _ = await failure { () throws(StoreFailure) in
        let store = try await SQLiteStore.open(at: path)
        _ = try await store.verify("r1")
        _ = await failure { () throws(StoreFailure) in
          try await store.summaries(service: nil, openOnly: false, limit: 9)
        }
        _ = await failure { () throws(StoreFailure) in try await store.pending(for: "r1") }
        _ = await failure { () throws(StoreFailure) in try await store.lastProven(service: "checkout", excluding: nil) }
        let lease = try await store.acquire(service: "checkout", holder: stranger("z"), now: at(900))
        if case .success(let lease) = lease { try await store.append(batch(10..<11), under: lease) }
      }
    }
  }
}
