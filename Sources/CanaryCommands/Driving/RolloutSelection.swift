internal import PolicyFile
internal import RolloutCore
internal import RolloutEngine

/// Which rollout is meant when people name a part of it, its service, or nothing.
struct RolloutSelection {
  let session: Session
  let store: any CommandStore

  /// Rollouts that a shortened id or a name is looked for in.
  private static let searched = 500

  enum Scope: Hashable {
    /// Verbs that change a rollout: only one that has not ended.
    case open
    /// Verbs that look at one: the newest where none is open.
    case any
  }

  /// `named` is an id, the beginning of one, or a service. Without it: the only open rollout of the service that the
  /// directory's policy is about, or of all services where there is no policy. An ended rollout is given only when it
  /// was named, or for `Scope.any`.
  func find(_ named: String?, _ scope: Scope) async throws(CommandFailure) -> RolloutSummary {
    guard let named else { return try await byDefault(scope) }
    if let exact = try await summary(named) { return exact }
    let newest = try await summaries(service: named, openOnly: false, limit: Self.searched)
    if !newest.isEmpty { return try choose(newest, of: named, scope) }
    let all = try await summaries(service: nil, openOnly: false, limit: Self.searched)
    let begun = all.filter { $0.id.text.hasPrefix(named) || $0.id.text.hasSuffix("-" + named) }
    if begun.count == 1 { return begun[0] }
    if begun.count > 1 { throw ambiguous(begun, "`\(named)` could be any of") }
    throw unknown(named, all)
  }

  private func byDefault(_ scope: Scope) async throws(CommandFailure) -> RolloutSummary {
    let open = try await summaries(service: nil, openOnly: true, limit: Self.searched)
    if let service = directoryService() {
      let own = open.filter { $0.service == service }
      let newest = own.isEmpty ? try await summaries(service: service, openOnly: false, limit: 1) : []
      return try choose(own + newest, of: service, scope)
    }
    let newest = open.isEmpty ? try await summaries(service: nil, openOnly: false, limit: 1) : []
    return try choose(open + newest, of: nil, scope)
  }

  /// The named policy must be readable; one that only happens to lie here need not be.
  private func directoryService() -> String? { session.policies.service() }

  private func choose(_ found: [RolloutSummary], of service: String?, _ scope: Scope) throws(CommandFailure)
    -> RolloutSummary
  {
    let open = found.filter { !$0.isEnded }
    if open.count == 1 { return open[0] }
    if open.count > 1 { throw ambiguous(open, "more than one rollout is open") }
    if scope == .any, let newest = found.first { return newest }
    let place = service.map { " of \($0)" } ?? ""
    guard let last = found.first else {
      throw .refused("no rollout\(place) is recorded here", next: "canary start SERVICE@VERSION begins one")
    }
    throw .refused(
      "no rollout\(place) is open; the last was \(last.id): \(last.state)", next: "canary history lists them")
  }

  private func ambiguous(_ found: [RolloutSummary], _ head: String) -> CommandFailure {
    let lines = found.prefix(10).map { "\($0.id)  \($0.service)@\($0.release)  \($0.state)" }
    let rest = found.count > 10 ? ["and \(found.count - 10) more: canary history"] : []
    return .init(.refused, "\(head); name one:", next: lines + rest)
  }

  private func unknown(_ named: String, _ all: [RolloutSummary]) -> CommandFailure {
    let names = all.map(\.service) + all.map(\.id.text)
    let near = NearestName.find(named, among: names)
    return .init(
      .refused, "no rollout and no service `\(DisplayText.clean(named))` is recorded here",
      next: (near.map { ["did you mean `\($0)`?"] } ?? []) + ["canary history lists what there is"])
  }

  private func summary(_ id: String) async throws(CommandFailure) -> RolloutSummary? {
    try await session.read { () async throws(StoreFailure) in try await store.summary(of: RolloutID(id)) }
  }

  private func summaries(service: String?, openOnly: Bool, limit: Int) async throws(CommandFailure)
    -> [RolloutSummary]
  {
    try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: openOnly, limit: limit)
    }
  }
}

extension Session {
  /// The rollout that is meant, and the store it is in.
  func selected(_ named: String?, _ scope: RolloutSelection.Scope) async throws(CommandFailure) -> (
    summary: RolloutSummary, store: any CommandStore
  ) {
    guard let store = try await existingStore() else {
      throw .refused(
        "no rollout is recorded in \(try state().path)",
        next: "canary start SERVICE@VERSION begins one; --state DIR looks elsewhere")
    }
    return (try await RolloutSelection(session: self, store: store).find(named, scope), store)
  }
}
