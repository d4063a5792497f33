import RolloutCore
import Testing

@testable import RolloutEngine

struct ClockWatchTests {
  private func watch() -> ClockWatch { ClockWatch(wall: Timestamp(milliseconds: 1000), uptime: .zero) }

  @Test func ordinaryTimeSaysNothing() {
    var watch = watch()
    #expect(watch.observe(wall: Timestamp(milliseconds: 3500), uptime: TimeSpan(milliseconds: 2000)).isEmpty)
  }

  @Test(arguments: [3_600_000, -3_600_000, 31_536_000_000, -31_536_000_000] as [Int64])
  func aSetClockIsTakenBack(by: Int64) {
    var watch = watch()
    let inputs = watch.observe(wall: Timestamp(milliseconds: 3000 + by), uptime: .seconds(2))
    #expect(inputs == [.clockJumped(by: TimeSpan(milliseconds: by), reason: "the wall clock was set")])
  }

  @Test func aFrozenProcessDoesNotCountItsFreeze() {
    var watch = watch()
    let inputs = watch.observe(wall: Timestamp(milliseconds: 601_000), uptime: .seconds(600))
    #expect(inputs == [.clockJumped(by: .seconds(600), reason: "the controller did not run")])
    #expect(watch.observe(wall: Timestamp(milliseconds: 602_000), uptime: .seconds(601)).isEmpty, "said once")
  }

  @Test func aFreezeWithinAnotherWaitCountsOnce() {
    var watch = watch()
    _ = watch.observe(wall: Timestamp(milliseconds: 3000), uptime: .seconds(2))
    let mark = watch.mark(uptime: .seconds(2))
    _ = watch.observe(wall: Timestamp(milliseconds: 8000), uptime: .seconds(7))
    #expect(watch.running(since: mark, uptime: .seconds(8)) == .seconds(6))
    _ = watch.observe(wall: Timestamp(milliseconds: 28_808_000), uptime: .seconds(28_807))
    #expect(watch.running(since: mark, uptime: .seconds(28_810)) == .seconds(8))
  }
}

@Suite(.timeLimit(.minutes(1)))
struct InboxTests {
  @Test func itemsComeInOrderAndAllAtOnce() async {
    let inbox = Inbox<Int>(capacity: 10)
    for item in 1...5 { await inbox.send(item) }
    #expect(await inbox.receiveAll() == [1, 2, 3, 4, 5])
  }

  @Test func aFullInboxMakesSendersWaitAndLosesNothing() async {
    let inbox = Inbox<Int>(capacity: 4)
    await withTaskGroup(of: Void.self) { group in
      for item in 0..<200 { group.addTask { await inbox.send(item) } }
      var received: [Int] = []
      while received.count < 200 {
        let batch = await inbox.receiveAll()
        #expect(batch.count <= 4)
        received += batch
      }
      #expect(received.sorted() == Array(0..<200))
    }
  }

  @Test func closingLetsEverybodyGo() async {
    let inbox = Inbox<Int>(capacity: 1)
    await inbox.send(1)
    async let blocked: Void = inbox.send(2)
    await inbox.close()
    await blocked
    #expect(await inbox.receiveAll() == [1])
    #expect(await inbox.receiveAll().isEmpty)
  }
}

struct EventCodecTests {
  @Test func anEventIsTheSameAfterItsJournal() throws {
    let event = Event.stepIntended(
      host: 3, step: .activate, attempt: 2, fence: Fence(epoch: 4, step: 9), giveUp: Timestamp(milliseconds: 5))
    let record = try EventCodec.encode(event, sequence: 7, at: Timestamp(milliseconds: 1))
    #expect(record.kind == "stepIntended")
    #expect(try EventCodec.decode(record) == event)
  }

  @Test(arguments: ["{}", "[1", "{\"tomorrow\":{}}", "{\"hostVerified\":{\"host\":\"x\"}}"])
  func whatThisVersionDoesNotKnowIsNamed(payload: String) {
    let record = JournalRecord(sequence: 12, at: Timestamp(milliseconds: 1), kind: "hostVerified", payload: payload)
    #expect(throws: EventCodec.Mismatch.self) { try EventCodec.decode(record) }
  }

  @Test func aRecordUnderAnotherNameIsRefused() throws {
    var record = try EventCodec.encode(.controllerStopped(reason: "x"), sequence: 1, at: Timestamp(milliseconds: 1))
    record.kind = "ended"
    #expect(throws: EventCodec.Mismatch.self) { try EventCodec.decode(record) }
  }
}
