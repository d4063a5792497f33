import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

/// What a rollout's analyst keeps beside the journal.
@Suite struct SampleTests {
  private func sample(_ sequence: Int, _ payload: String = "x") -> SampleRecord {
    SampleRecord(sequence: sequence, at: at(Int64(sequence)), payload: "\(payload)\(sequence)")
  }

  private func opened(_ kind: StoreKind, _ scratch: Scratch, _ summaries: [RolloutSummary] = [summary()]) async throws
    -> (AnyStore, Lease)
  {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    for summary in summaries { try await store.append(batch(0..<1, of: summary), under: lease) }
    return (store, lease)
  }

  @Test(arguments: StoreKind.allCases) func samplesComeBackInOrderAndByPage(_ kind: StoreKind) async throws {
    let scratch = Scratch()
    let (store, lease) = try await opened(kind, scratch)
    let all = (0..<25).map { sample($0) }
    try await store.appendSamples(Array(all[..<10]), of: "r1", under: lease)
    try await store.appendSamples(Array(all[10...]), of: "r1", under: lease)
    #expect(try await store.samples(of: "r1", from: 0, limit: 7) == Array(all[..<7]))
    #expect(try await store.samples(of: "r1", from: 20, limit: 100) == Array(all[20...]))
    #expect(try await store.samples(of: "r2", from: 0, limit: 100).isEmpty)
  }

  @Test(arguments: StoreKind.allCases) func theSameSamplesAgainAreLeftAndOthersRefused(_ kind: StoreKind) async throws {
    let scratch = Scratch()
    let (store, lease) = try await opened(kind, scratch)
    let all = (0..<3).map { sample($0) }
    try await store.appendSamples(all, of: "r1", under: lease)
    try await store.appendSamples([all[2], sample(3)], of: "r1", under: lease)
    let other = await failure { () async throws(StoreFailure) in
      try await store.appendSamples([sample(3, "other")], of: "r1", under: lease)
    }
    let gap = await failure { () async throws(StoreFailure) in
      try await store.appendSamples([sample(4), sample(6)], of: "r1", under: lease)
    }
    #expect(other?.isConflict == true && gap?.isConflict == true)
    #expect(gap?.detail == "rollout r1: sample 6 was offered where sample 5 is due; read the samples again")
    #expect(try await store.samples(of: "r1", from: 0, limit: 10).map(\.sequence) == [0, 1, 2, 3])
  }

  @Test(arguments: StoreKind.allCases) func onlyTheHolderOfTheServiceWritesThem(_ kind: StoreKind) async throws {
    let scratch = Scratch()
    let (store, lease) = try await opened(kind, scratch)
    try await store.release(lease)
    _ = try await store.mustAcquire(by: stranger("b"))
    let late = await failure { () async throws(StoreFailure) in
      try await store.appendSamples([sample(0)], of: "r1", under: lease)
    }
    #expect(late?.isLeaseLost == true)
    let elsewhere = try await store.mustAcquire("search")
    let foreign = await failure { () async throws(StoreFailure) in
      try await store.appendSamples([sample(0)], of: "r1", under: elsewhere)
    }
    #expect(foreign?.isConflict == true)
    #expect(try await store.samples(of: "r1", from: 0, limit: 10).isEmpty)
  }

  @Test(arguments: StoreKind.allCases) func pruningKeepsTheNewestEndedAndAllOpenOnes(_ kind: StoreKind) async throws {
    let scratch = Scratch()
    let (store, lease) = try await opened(
      kind, scratch,
      [summary("r1", isEnded: true), summary("r2"), summary("r3", isEnded: true), summary("r4", isEnded: true)])
    for rollout in ["r1", "r2", "r3", "r4"] {
      try await store.appendSamples([sample(0)], of: RolloutID(rollout), under: lease)
    }
    try await store.pruneSamples(service: "checkout", keeping: 1)
    var kept: [String] = []
    for rollout in ["r1", "r2", "r3", "r4"] {
      if try await !store.samples(of: RolloutID(rollout), from: 0, limit: 1).isEmpty { kept.append(rollout) }
    }
    #expect(kept == ["r2", "r4"])
  }

  @Test func aFileFromBeforeSamplesIsTakenUp() async throws {
    let scratch = Scratch()
    let (before, lease) = try await opened(.sqlite, scratch)
    if let store = before as? SQLiteStore { await store.close() }
    try tamper(scratch.journal, "DROP TABLE sample; PRAGMA user_version = 1")
    let store = try await SQLiteStore.open(at: scratch.journal)
    try await store.appendSamples([sample(0)], of: "r1", under: lease)
    #expect(try await store.samples(of: "r1", from: 0, limit: 10) == [sample(0)])
    #expect(try await store.records(of: "r1", from: 0).count == 1)
  }
}
