internal import Crypto
internal import Foundation
internal import RolloutCore
internal import RolloutEngine

/// A rollout's records, each sealed with the hash of the one before it, so that a record that was changed, removed or
/// moved later is found at its place.
///
/// The hash of a record is SHA-256 over these fields, each preceded by its length in bytes as eight big-endian bytes:
/// the format's name, rollout, sequence, at, epoch, kind, payload, previous hash. Integers are eight big-endian bytes,
/// text is UTF-8, the previous hash is 32 bytes and all zero for record 0.
enum HashChain {
  static let format = "canary record 1"
  static let root = Data(repeating: 0, count: 32)

  static func hash(_ record: StoredRecord) -> Data {
    var hasher = SHA256()
    absorb(Data(format.utf8), into: &hasher)
    absorb(Data(record.rollout.text.utf8), into: &hasher)
    absorb(bytes(Int64(record.sequence)), into: &hasher)
    absorb(bytes(record.at), into: &hasher)
    absorb(bytes(record.epoch), into: &hasher)
    absorb(record.kind, into: &hasher)
    absorb(record.payload, into: &hasher)
    absorb(record.previousHash, into: &hasher)
    return Data(hasher.finalize())
  }

  /// Seals `records` onto `head`.
  static func extend(_ head: ChainHead?, with records: [JournalRecord], of rollout: RolloutID, epoch: Int64)
    -> [StoredRecord]
  {
    var previous = head?.hash ?? root
    return records.map { record in
      var stored = StoredRecord(
        rollout: rollout, sequence: record.sequence, at: record.at.milliseconds, epoch: epoch,
        kind: Data(record.kind.utf8), payload: Data(record.payload.utf8), previousHash: previous, hash: Data())
      stored.hash = hash(stored)
      previous = stored.hash
      return stored
    }
  }

  private static func absorb(_ field: Data, into hasher: inout SHA256) {
    hasher.update(data: bytes(Int64(field.count)))
    hasher.update(data: field)
  }

  private static func bytes(_ number: Int64) -> Data {
    withUnsafeBytes(of: number.bigEndian) { Data($0) }
  }
}

/// A record as it lies in the file. Text stays bytes, so that a hash sees what is there and not what decoding makes of
/// it.
struct StoredRecord: Hashable, Sendable {
  var rollout: RolloutID
  var sequence: Int
  var at: Int64
  var epoch: Int64
  var kind: Data
  var payload: Data
  var previousHash: Data
  var hash: Data

  var journalRecord: JournalRecord {
    JournalRecord(
      sequence: sequence, at: Timestamp(milliseconds: at), kind: String(decoding: kind, as: UTF8.self),
      payload: String(decoding: payload, as: UTF8.self))
  }
}

/// The last record of a rollout: what the next one is sealed onto.
struct ChainHead: Hashable, Sendable {
  var sequence: Int
  var hash: Data
}

/// Follows a chain record by record and stops at the first that does not fit.
struct ChainCheck {
  private(set) var head: ChainHead?

  init(after head: ChainHead?) { self.head = head }

  var nextSequence: Int { head.map { $0.sequence &+ 1 } ?? 0 }

  /// Nil when the record fits, otherwise what is wrong at `nextSequence`.
  mutating func accept(_ record: StoredRecord) -> String? {
    guard record.sequence == nextSequence else { return "the record is missing" }
    guard record.previousHash == head?.hash ?? HashChain.root else {
      return "the record does not continue the one before it"
    }
    guard record.hash == HashChain.hash(record) else { return "the record's content does not match its hash" }
    head = ChainHead(sequence: record.sequence, hash: record.hash)
    return nil
  }

  /// Nil when the chain ends where the rollout's row says it does, otherwise what is wrong at `nextSequence`.
  func end(at expected: ChainHead?) -> String? {
    guard head != expected else { return nil }
    guard let expected else { return "the rollout's row, which names its last record, is missing" }
    return expected.sequence > (head?.sequence ?? -1)
      ? "the record is missing: the rollout ends at record \(expected.sequence)"
      : "the rollout's row names another last record than the last one found"
  }
}

extension Data {
  var hexadecimal: String {
    var text = ""
    for byte in self {
      let digits = String(byte, radix: 16)
      text += digits.count == 1 ? "0" + digits : digits
    }
    return text
  }
}
