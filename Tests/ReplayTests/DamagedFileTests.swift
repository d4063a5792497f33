import Foundation
import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

/// Damage to the SQLite file itself: what was recorded, a clean beginning of it, or an error; never something else, and
/// never an empty history.
@Suite(.serialized) struct DamagedFileTests {
  /// The bytes of a file with three rollouts, and of its write-ahead log where it has one.
  private struct Image {
    var database: Data
    var log: Data?
    var journals: [RecordedJournal]
  }

  private func image(keepsLog: Bool) async throws -> Image {
    let file = try await StoredJournals("killed-in-steps", "killed-and-left", "paused-and-resumed")
    // A connection that closes last moves the log into the file.
    if !keepsLog {
      try file.compact()
    }
    let url = URL(fileURLWithPath: file.path)
    let log = keepsLog ? try Data(contentsOf: URL(fileURLWithPath: file.path + "-wal")) : nil
    let image = Image(database: try Data(contentsOf: url), log: log, journals: file.journals)
    try await file.close()
    return image
  }

  /// What a store makes of the bytes. `isPrefixAllowed`: a log that ends early ends the journals early.
  private func judge(
    _ database: Data, _ log: Data?, _ image: Image, isPrefixAllowed: Bool, _ what: String
  ) async throws -> Bool {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("canary-replay-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try database.write(to: directory.appendingPathComponent("journal.db"))
    try log?.write(to: directory.appendingPathComponent("journal.db-wal"))
    do throws(StoreFailure) {
      let store = try await SQLiteStore.open(at: directory.path + "/journal.db")
      let found = try await look(store, image, isPrefixAllowed: isPrefixAllowed, what)
      await store.close()
      return found
    } catch {
      switch error {
      case .unusable(let detail), .unavailable(let detail), .corrupt(_, _, let detail): #expect(!detail.isEmpty)
      case .leaseLost, .conflict: Issue.record("\(what): \(error)")
      }
      return false
    }
  }

  /// True when everything was there.
  private func look(
    _ store: SQLiteStore, _ image: Image, isPrefixAllowed: Bool, _ what: String
  ) async throws(StoreFailure) -> Bool {
    let listed = try await store.summaries(service: nil, openOnly: false, limit: 9)
    let open = try await store.summaries(service: nil, openOnly: true, limit: 9)
    if !isPrefixAllowed {
      #expect(listed.map(\.id) == image.journals.reversed().map(\.row.id), "\(what): a list that is short")
      #expect(open.map(\.id) == image.journals.reversed().filter { !$0.row.isEnded }.map(\.row.id), "\(what)")
    }
    var isWhole = listed.count == image.journals.count
    for journal in image.journals {
      let records: [JournalRecord]
      do throws(StoreFailure) { records = try await store.records(of: journal.row.id, from: 0) } catch {
        guard case .corrupt(journal.row.id, _, _) = error else { throw error }
        isWhole = false
        continue
      }
      if records == journal.records { continue }
      isWhole = false
      #expect(isPrefixAllowed && records == Array(journal.records.prefix(records.count)), "\(what): other records")
      let summary = try await store.summary(of: journal.row.id)
      let count = records.count
      if count > 0 {
        let states = try? journal.states()
        #expect(summary == states?[count - 1].summary, "\(what): a list that does not follow the records")
      } else {
        #expect(summary == nil, "\(what): a list with a rollout that has no record")
      }
    }
    return isWhole
  }

  @Test func aPageOfZeros() async throws {
    let image = try await image(keepsLog: false)
    var spoiled = 0
    for page in 0..<image.database.count / 4096 {
      var database = image.database
      database.replaceSubrange(page * 4096..<(page + 1) * 4096, with: Data(count: 4096))
      let isWhole = try await judge(database, nil, image, isPrefixAllowed: false, "page \(page + 1) zeroed")
      spoiled += isWhole ? 0 : 1
    }
    #expect(spoiled > 5, "only \(spoiled) pages were missed")
  }

  @Test func aFileThatWasCutOff() async throws {
    let image = try await image(keepsLog: false)
    for length in stride(from: 0, to: image.database.count, by: 2048) {
      let database = Data(image.database.prefix(length))
      let isWhole = try await judge(database, nil, image, isPrefixAllowed: false, "cut to \(length) bytes")
      #expect(!isWhole, "cut to \(length) bytes and not noticed")
    }
  }

  /// SQLite takes a log up to its first frame that does not add up: commits are lost from the end, whole ones, and
  /// what is left is a state that there was.
  @Test func aLogThatWasCutOffOrTorn() async throws {
    let image = try await image(keepsLog: true)
    let log = try #require(image.log)
    let frame = 4096 + 24
    for number in stride(from: 0, through: (log.count - 32) / frame, by: 3) {
      for offset in [0, 12, 2000] {
        let length = min(log.count, 32 + number * frame + offset)
        _ = try await judge(
          image.database, Data(log.prefix(length)), image, isPrefixAllowed: true, "log cut to \(length) bytes")
        guard length < log.count else { continue }
        var torn = log
        torn[length] ^= 0x10
        _ = try await judge(image.database, torn, image, isPrefixAllowed: true, "log torn at byte \(length)")
      }
    }
    let isWhole = try await judge(image.database, log, image, isPrefixAllowed: false, "an untouched log")
    #expect(isWhole)
  }

  @Test func whatIsNoDatabase() async throws {
    let image = try await image(keepsLog: false)
    for bytes in [Data(), Data("a letter\n".utf8), Data(repeating: 0, count: 8192), image.database.dropFirst(1)] {
      let isWhole = try await judge(Data(bytes), nil, image, isPrefixAllowed: false, "\(bytes.count) other bytes")
      #expect(!isWhole)
    }
  }
}
