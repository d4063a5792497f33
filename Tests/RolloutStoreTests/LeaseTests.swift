import Foundation
import RolloutCore
import RolloutEngine
import Testing

@testable import RolloutStore

@Suite struct LeaseTests {
  let scratch = Scratch()

  @Test(arguments: StoreKind.allCases) func everyTakingHasAHigherEpoch(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let first = try await store.mustAcquire(by: stranger("a"), now: at(0))
    #expect(first == Lease(service: "checkout", holder: stranger("a"), epoch: 1, takenAt: at(0), previousRenewal: nil))
    try await store.release(first)
    let second = try await store.mustAcquire(by: stranger("b"), now: at(1))
    #expect(second.epoch == 2)
    #expect(second.previousRenewal == nil)
    #expect(try await store.mustAcquire("billing", by: stranger("a")).epoch == 1)
  }

  @Test(arguments: StoreKind.allCases) func theSameControllerGetsTheSameLeaseAgain(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire(now: at(0))
    #expect(try await store.mustAcquire(now: at(5)) == lease)
    let refusal = try await store.acquire(service: "checkout", holder: stranger("b"), now: at(9))
    #expect(throws: LeaseRefusal.self) { try refusal.get() }
  }

  @Test(arguments: StoreKind.allCases) func aLivingHolderIsNamedInTheRefusal(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire(now: at(0))
    try await store.renew(lease, now: at(2))
    guard case .failure(let refusal) = try await store.acquire(service: "checkout", holder: stranger("b"), now: at(9))
    else {
      Issue.record("the lease was granted over a living holder")
      return
    }
    #expect(
      refusal
        == LeaseRefusal(holder: stranger("a"), epoch: 1, takenAt: at(0), renewedAt: at(2), expiresAt: at(10)))
  }

  @Test(arguments: StoreKind.allCases) func anExpiredForeignLeaseIsTakenOver(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let old = try await store.mustAcquire(now: at(0))
    try await store.renew(old, now: at(2))
    let new = try await store.mustAcquire(by: stranger("b"), now: at(10))
    #expect(new.epoch == 2)
    #expect(new.previousRenewal == at(2))
    for attempt in 0..<2 {
      let failure = await failure { () throws(StoreFailure) in try await store.renew(old, now: at(11)) }
      #expect(failure?.isLeaseLost == true, "\(attempt)")
      #expect(failure?.detail.contains("ada@elsewhere, pid 77, at epoch 2") == true)
      // Letting go of what is not held any more must not free it.
      try await store.release(old)
    }
    try await store.renew(new, now: at(12))
  }

  @Test(arguments: StoreKind.allCases) func anExpiredLeaseThatNobodyTookIsStillHeld(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire(now: at(0))
    try await store.append(batch(0..<1), under: lease)
    try await store.renew(lease, now: at(31_536_000))
    try await store.append(batch(1..<2), under: lease)
    try await store.renew(lease, now: at(-31_536_000))
    try await store.append(batch(2..<3), under: lease)
    try await store.release(lease)
    #expect(
      await failure { () throws(StoreFailure) in try await store.append(batch(3..<4), under: lease) }?.isLeaseLost
        == true)
  }

  @Test(arguments: StoreKind.allCases) func aClockSetBackBlocksForOneLifeAtMost(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire(now: at(1_000_000))
    guard case .failure(let refusal) = try await store.acquire(service: "checkout", holder: stranger("b"), now: at(0))
    else {
      Issue.record("the lease was granted over a holder that may live")
      return
    }
    #expect(refusal.expiresAt == at(0) + LeaseTerms.timeToLive)
    // A living holder shows itself meanwhile, a dead one is replaced.
    try await store.renew(lease, now: at(6))
    let early = try await store.acquire(service: "checkout", holder: stranger("b"), now: at(9))
    #expect(throws: LeaseRefusal.self) { try early.get() }
    #expect(try await store.mustAcquire(by: stranger("b"), now: at(14)).epoch == 2)
  }

  @Test(arguments: StoreKind.allCases) func aDeadProcessOfThisMachineIsReplacedAtOnce(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    var reused = LeaseHolder.current(user: "ada")
    reused.processStart -= 1
    _ = try await store.mustAcquire(by: reused, now: at(0))
    let alive = LeaseHolder.current(user: "ada")
    let lease = try await store.mustAcquire(by: alive, now: at(1))
    #expect(lease.epoch == 2)
    #expect(lease.previousRenewal == at(0))
    let refused = try await store.acquire(service: "checkout", holder: stranger("b"), now: at(2))
    #expect(throws: LeaseRefusal.self) { try refused.get() }
  }

  /// Over any sequence of takings, releases, renewals and clock jumps: epochs never fall, no two changes of holder
  /// share one, and at most the newest lease can write.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func epochsOnlyGrow(_ seed: UInt64) async throws {
    var random = SplitMix64(state: seed)
    let stores: [AnyStore] = [InMemoryStore(), try await SQLiteStore.open(at: scratch.journal)]
    var held: [[Lease]] = [[], []]
    var now = at(0)
    for _ in 0..<120 {
      now = now + TimeSpan(milliseconds: Int64.random(in: -20_000...20_000, using: &random))
      let holder = stranger("h\(Int.random(in: 0..<4, using: &random))")
      let action = Int.random(in: 0..<4, using: &random)
      let choice = Int.random(in: 0..<1000, using: &random)
      for (index, store) in stores.enumerated() {
        let chosen = held[index].isEmpty ? nil : held[index][choice % held[index].count]
        switch (action, chosen) {
        case (0, _), (_, nil):
          guard case .success(let lease) = try await store.acquire(service: "checkout", holder: holder, now: now)
          else { break }
          let top = held[index].last
          #expect(lease.epoch == top?.epoch ? lease == top : lease.epoch > top?.epoch ?? 0)
          if lease != top { held[index].append(lease) }
        case (1, let lease?): try await store.release(lease)
        case (2, let lease?): _ = await failure { () throws(StoreFailure) in try await store.renew(lease, now: now) }
        case (_, let lease?):
          let isWritable = await failure { () throws(StoreFailure) in try await store.renew(lease, now: now) } == nil
          #expect(!isWritable || lease == held[index].last)
        }
      }
      #expect(held[0] == held[1])
    }
    #expect(held[0].count > 3)
  }

  @Test func anEpochThatCannotGrowIsAnErrorAndNotATrap() async throws {
    let store = try await SQLiteStore.open(at: scratch.journal)
    try await store.release(try await store.mustAcquire())
    try tamper(scratch.journal, "UPDATE lease SET epoch = 9223372036854775807")
    let failure = await failure { () throws(StoreFailure) in
      try await store.acquire(service: "checkout", holder: stranger("b"), now: at(1))
    }
    #expect(failure?.isUnusable == true)
  }
}

@Suite struct ProcessIdentityTests {
  @Test func aProgramsNameMayHoldSpacesAndParentheses() throws {
    let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 20 0 1 0 4242 99"
    let status = try #require(ProcessStatus(stat: "77 (a) b (c)) \(fields)"))
    #expect(status.state == "S")
    #expect(status.threads == 1)
    #expect(status.startTicks == 4242)
    for broken in ["", "77", "77 (a)", "77 (a) S 1 2", "77 (a) S x x x x x x x x x x x x x x x x x x x x"] {
      #expect(ProcessStatus(stat: broken) == nil, "\(broken)")
    }
  }

  @Test func thisProcessIsAliveAndStrangersAreNotKnown() {
    let current = LeaseHolder.current(user: "ada")
    #expect(!current.isKnownDead)
    #expect(current.processStart > 0)
    #expect(!current.bootID.isEmpty)
    #expect(!stranger("a").isKnownDead)
    var elsewhere = current
    elsewhere.processStart -= 1
    #expect(elsewhere.isKnownDead)
    elsewhere.bootID += "x"
    #expect(!elsewhere.isKnownDead)
  }

  @Test func aProcessThatEndedAndWaitsToBeReapedIsDead() throws {
    let fields = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 20 0"
    #expect(try #require(ProcessStatus(stat: "7 (a) Z \(fields) 1 0 4242 9")).hasEnded)
    #expect(!(try #require(ProcessStatus(stat: "7 (a) Z \(fields) 3 0 4242 9")).hasEnded))
    #expect(!(try #require(ProcessStatus(stat: "7 (a) S \(fields) 1 0 4242 9")).hasEnded))
  }
}
