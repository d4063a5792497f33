import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

@Suite struct JournalTests {
  let scratch = Scratch()

  @Test(arguments: StoreKind.allCases) func recordsComeBackAsTheyWereWritten(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    let odd = [
      record(0), record(1, payload: ""), record(2, payload: "ünïcode \u{0} after a zero byte"),
      record(3, payload: String(repeating: "long ", count: 50_000), kind: "weird\u{0}kind"),
    ]
    try await store.append(JournalBatch(records: odd, summary: summary(), answers: []), under: lease)
    try await store.append(batch(4..<6), under: lease)
    #expect(try await store.records(of: "r1", from: 0) == odd + [record(4), record(5)])
    #expect(try await store.records(of: "r1", from: 3).map(\.sequence) == [3, 4, 5])
    #expect(try await store.records(of: "r1", from: 6).isEmpty)
    #expect(try await store.records(of: "r1", from: 99).isEmpty)
    #expect(try await store.records(of: "unknown", from: 0).isEmpty)
  }

  @Test(arguments: StoreKind.allCases) func everyPageOfALongJournalIsRead(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    try await store.append(batch(0..<1234), under: lease)
    #expect(try await store.records(of: "r1", from: 0) == (0..<1234).map { record($0) })
    #expect(try await store.records(of: "r1", from: 500).count == 734)
  }

  @Test(arguments: StoreKind.allCases) func takenAndSkippedSequencesAreConflicts(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    try await store.append(batch(0..<2), under: lease)
    for wrong in [0..<2, 1..<3, 3..<4] {
      let failure = await failure { () throws(StoreFailure) in try await store.append(batch(wrong), under: lease) }
      #expect(failure?.isConflict == true, "\(wrong)")
    }
    let holed = JournalBatch(records: [record(2), record(4)], summary: summary(state: "odd"), answers: [])
    let hole = await failure { () throws(StoreFailure) in try await store.append(holed, under: lease) }
    #expect(hole?.isConflict == true)
    #expect(try await store.records(of: "r1", from: 0).count == 2)
    #expect(try await store.summary(of: "r1")?.state == "rolling")
  }

  @Test(arguments: StoreKind.allCases) func aRolloutStaysWithItsService(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    let other = try await store.mustAcquire("billing")
    try await store.append(batch(0..<1), under: lease)
    for (summary, lease) in [(summary(), other), (summary(service: "billing"), other)] {
      let failure = await failure { () throws(StoreFailure) in
        try await store.append(batch(1..<2, of: summary), under: lease)
      }
      #expect(failure?.isConflict == true)
    }
  }

  @Test(arguments: StoreKind.allCases) func aLostLeaseChangesNothing(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let old = try await store.mustAcquire()
    try await store.append(batch(0..<1), under: old)
    try await store.offer(OperatorRequest(id: "q", rollout: "r1", payload: "{}", offeredAt: at(1)))
    let new = try await store.mustAcquire(by: stranger("b"), now: at(60))
    let answer = RequestAnswer(request: "q", isAccepted: true, detail: "")
    let late = batch(1..<2, of: summary(state: "late"), answers: [answer])
    let failure = await failure { () throws(StoreFailure) in try await store.append(late, under: old) }
    #expect(failure?.isLeaseLost == true)
    #expect(try await store.records(of: "r1", from: 0).count == 1)
    #expect(try await store.summary(of: "r1")?.state == "rolling")
    #expect(try await store.answer(to: "q") == nil)
    try await store.append(late, under: new)
    #expect(try await store.summary(of: "r1")?.state == "late")
    #expect(try await store.answer(to: "q") == answer)
  }

  @Test(arguments: StoreKind.allCases) func summaryAndAnswersMayComeWithoutRecords(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    try await store.append(batch(0..<2), under: lease)
    try await store.append(batch(2..<2, of: summary(state: "paused")), under: lease)
    try await store.append(batch(2..<3, of: summary(state: "rolling")), under: lease)
    #expect(try await store.records(of: "r1", from: 0).count == 3)
  }

  @Test func aCancelledCallerStillGetsItsRecordsWritten() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await store.mustAcquire()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.append(batch(0..<1), under: lease)
      return try await store.records(of: "r1", from: 0).count
    }
    #expect(try await task.value == 1)
  }

  @Test func aStoreOpenedAgainHoldsEverything() async throws {
    let first = try await SQLiteStore.open(at: scratch.journal)
    let lease = try await first.mustAcquire()
    try await first.append(batch(0..<3), under: lease)
    await first.close()
    let second = try await SQLiteStore.open(at: scratch.journal)
    #expect(try await second.records(of: "r1", from: 0).count == 3)
    #expect(try await second.verify("r1") == first.verify("r1"))
    try await second.append(batch(3..<4), under: lease)
    #expect(try await first.records(of: "r1", from: 0).count == 4)
  }
}
