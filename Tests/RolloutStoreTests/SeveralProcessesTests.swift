import Foundation
import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

@Suite struct SeveralProcessesTests {
  let scratch = Scratch()

  @Test(arguments: [1, 7, 30, 61]) func everyAcknowledgedRecordSurvivesAKill(_ acknowledgements: Int) async throws {
    let probe = try ProbeProcess("append", scratch.journal, "checkout")
    var acknowledged = 0
    for await line in probe.lines {
      #expect(line == "ack \(acknowledged)")
      acknowledged += 1
      if acknowledged == acknowledgements { probe.kill() }
    }
    await probe.end()
    #expect(acknowledged >= acknowledgements)
    let store = try await SQLiteStore.open(at: scratch.journal)
    let records = try await store.records(of: "checkout", from: 0).count
    // The kill may fall between a commit and the line that tells of it.
    #expect((acknowledged...acknowledged + 1).contains(records))
    guard case .intact(records, _) = try await store.verify("checkout") else {
      Issue.record("the chain is broken")
      return
    }
  }

  @Test func aDeadHolderIsReplacedAtOnceAndALivingOneIsNot() async throws {
    let probe = try ProbeProcess("hold", scratch.journal, "checkout")
    for await line in probe.lines {
      #expect(line == "held 1")
      break
    }
    let store = try await SQLiteStore.open(at: scratch.journal)
    let holder = LeaseHolder.current(user: "ada")
    // The holder's clock is this machine's; asked in its own second, its lease has not expired.
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - 1000)
    guard case .failure(let refusal) = try await store.acquire(service: "checkout", holder: holder, now: now) else {
      Issue.record("a living holder was replaced")
      return
    }
    #expect(refusal.holder.pid == probe.identifier)
    #expect(refusal.holder.user == "probe")
    probe.kill()
    await probe.end()
    let lease = try await store.acquire(service: "checkout", holder: holder, now: now).get()
    #expect(lease.epoch == 2)
    #expect(lease.previousRenewal == refusal.renewedAt)
  }

  @Test func twoProcessesNeverShareAnEpoch() async throws {
    let probes = try (0..<2).map { _ in try ProbeProcess("contend", scratch.journal, "checkout", "25") }
    var epochs: [[Int]] = []
    for probe in probes {
      var own: [Int] = []
      for await line in probe.lines {
        let words = line.split(separator: " ")
        own.append(try #require(words.count == 2 && words[0] == "epoch" ? Int(words[1]) : nil, "\(line)"))
      }
      #expect(await probe.end() == 0)
      #expect(own.count == 25)
      #expect(own == own.sorted())
      epochs.append(own)
    }
    #expect(Set(epochs.joined()).count == 50)
    let store = try await SQLiteStore.open(at: scratch.journal)
    #expect(try await store.records(of: "checkout", from: 0).count == 50)
    #expect(try await store.mustAcquire().epoch == 51)
  }

  @Test func aCommitOfAnotherProcessMovesTheCounter() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let before = try await store.changeCounter()
    let probe = try ProbeProcess("append", scratch.journal, "checkout", "1")
    #expect(await probe.end() == 0)
    let after = try await store.changeCounter()
    #expect(after != before)
    #expect(try await store.changeCounter() == after)
  }

  @Test func manyProcessesMayCreateTheFileAtOnce() async throws {
    let probes = try (0..<6).map { try ProbeProcess("append", scratch.journal, "s\($0)", "3") }
    for probe in probes { #expect(await probe.end() == 0) }
    let store = try await SQLiteStore.open(at: scratch.journal)
    for index in probes.indices { #expect(try await store.records(of: RolloutID("s\(index)"), from: 0).count == 3) }
  }
}
