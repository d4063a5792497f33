import RolloutCore
import RolloutEngine
import RolloutStore
import Testing

@Suite struct RequestTests {
  let scratch = Scratch()

  private func request(_ id: String, rollout: RolloutID = "r1", payload: String = "{}", at time: Int64 = 0)
    -> OperatorRequest
  {
    OperatorRequest(id: id, rollout: rollout, payload: payload, offeredAt: at(time))
  }

  @Test(arguments: StoreKind.allCases) func requestsWaitInOrderOfArrivalUntilAnswered(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    // The second operator's clock is behind.
    let (first, second) = (request("b", at: 50), request("a", at: 10))
    try await store.offer(first)
    try await store.offer(second)
    try await store.offer(request("x", rollout: "other"))
    try await store.offer(request("b", payload: "a repeat"))
    #expect(try await store.pending(for: "r1") == [first, second])
    let answer = RequestAnswer(request: "b", isAccepted: false, detail: "no")
    try await store.append(batch(0..<1, answers: [answer]), under: lease)
    #expect(try await store.pending(for: "r1") == [second])
    #expect(try await store.answer(to: "b") == answer)
    #expect(try await store.answer(to: "a") == nil)
  }

  @Test(arguments: StoreKind.allCases) func theFirstAnswerStays(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    try await store.offer(request("q"))
    let answers = [true, false].map { RequestAnswer(request: "q", isAccepted: $0, detail: "\($0)") }
    try await store.append(batch(0..<1, answers: [answers[0]]), under: lease)
    try await store.append(batch(1..<2, answers: [answers[1]]), under: lease)
    try await store.offer(request("q"))
    #expect(try await store.answer(to: "q") == answers[0])
    #expect(try await store.pending(for: "r1").isEmpty)
  }

  @Test(arguments: StoreKind.allCases) func anAnswerToNobodyIsDropped(_ kind: StoreKind) async throws {
    let store = try await kind.open(in: scratch)
    let lease = try await store.mustAcquire()
    let answer = RequestAnswer(request: "nobody", isAccepted: true, detail: "")
    try await store.append(batch(0..<1, answers: [answer]), under: lease)
    #expect(try await store.answer(to: "nobody") == nil)
  }
}

@Suite struct CatalogTests {
  let scratch = Scratch()

  /// checkout: r0 proven 1.0, r1 proven 1.1, r2 ended unproven 1.2, r3 open 1.3; billing: r4 open.
  private func filled(_ kind: StoreKind) async throws -> AnyStore {
    let store = try await kind.open(in: scratch)
    let checkout = try await store.mustAcquire("checkout")
    let billing = try await store.mustAcquire("billing")
    let rows = [
      summary("r0", release: "1.0", isEnded: true, provenAt: at(1)),
      summary("r1", release: "1.1", isEnded: true, provenAt: at(2)), summary("r2", release: "1.2", isEnded: true),
      summary("r3", release: "1.3"), summary("r4", service: "billing", release: "9"),
    ]
    for row in rows {
      try await store.append(batch(0..<1, of: row), under: row.service == "billing" ? billing : checkout)
    }
    return store
  }

  @Test(arguments: StoreKind.allCases) func listsAreNewestFirst(_ kind: StoreKind) async throws {
    let store = try await filled(kind)
    func ids(_ service: String?, _ openOnly: Bool, _ limit: Int) async throws -> [String] {
      try await store.summaries(service: service, openOnly: openOnly, limit: limit).map(\.id.text)
    }
    #expect(try await ids(nil, false, 100) == ["r4", "r3", "r2", "r1", "r0"])
    #expect(try await ids("checkout", false, 2) == ["r3", "r2"])
    #expect(try await ids("checkout", true, 100) == ["r3"])
    #expect(try await ids(nil, true, 100) == ["r4", "r3"])
    #expect(try await ids("none", false, 100).isEmpty)
    #expect(try await ids(nil, false, -1).isEmpty)
  }

  @Test(arguments: StoreKind.allCases) func aSummaryComesBackWhole(_ kind: StoreKind) async throws {
    let store = try await filled(kind)
    #expect(
      try await store.summary(of: "r1") == summary("r1", release: "1.1", isEnded: true, provenAt: at(2)))
    #expect(try await store.summary(of: "r9") == nil)
  }

  @Test(arguments: StoreKind.allCases) func theLastProvenReleaseIsTheNewestOther(_ kind: StoreKind) async throws {
    let store = try await filled(kind)
    #expect(try await store.lastProven(service: "checkout", excluding: "1.3")?.release == "1.1")
    #expect(try await store.lastProven(service: "checkout", excluding: "1.1")?.release == "1.0")
    #expect(try await store.lastProven(service: "checkout", excluding: nil)?.release == "1.1")
    #expect(try await store.lastProven(service: "billing", excluding: nil) == nil)
  }

  @Test(arguments: StoreKind.allCases) func theCounterMovesWithEveryChangeAndOnlyThen(_ kind: StoreKind) async throws {
    let store = try await filled(kind)
    let before = try await store.changeCounter()
    #expect(try await store.changeCounter() == before)
    try await store.offer(OperatorRequest(id: "q", rollout: "r3", payload: "", offeredAt: at(1)))
    let after = try await store.changeCounter()
    #expect(after != before)
    _ = try await store.summaries(service: nil, openOnly: false, limit: 10)
    #expect(try await store.changeCounter() == after)
  }
}
