internal import ArgumentParser
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

struct HistoryVerifyVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that journals are as they were written, and name the first bad record.",
    discussion: """
      Every record carries a hash over its content and the record before it, and the list names each rollout's last \
      one: a record that was changed, moved, removed or cut off the end is found at its place. Of open rollouts, and \
      of one that is named, it also checks that this version can follow every record, to the state that the list \
      shows. Without a rollout the file's own structure is checked too. Nothing is changed.

      What it cannot see: somebody who may write the file can put an older copy of it back, or compute a whole new \
      chain. Keep the heads that it prints elsewhere, and compare: that of an ended rollout never changes.

      Exit status 0 when everything is whole, 1 when something is damaged.
      """)

  @Argument(help: ArgumentHelp("A rollout, or a service, for its newest one. Default: all.", valueName: "id"))
  var rollout: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    guard let store = try await session.existingStore() else {
      guard let rollout else {
        session.answer(text: "", json: VerificationRenderer.json(Verification()))
        return .succeeded
      }
      throw .refused("no rollout \(DisplayText.clean(rollout)) is recorded in \(try session.state().path)")
    }
    let inspection = Verification.Inspection(session: session, store: store)
    let found: Verification
    if let rollout {
      found = try await inspection.one(try await inspection.named(rollout))
    } else {
      found = try await inspection.all()
    }
    session.answer(
      text: VerificationRenderer.text(found, palette: session.palette), json: VerificationRenderer.json(found))
    for line in VerificationRenderer.advice(found, journal: try session.state().journal) { session.console.note(line) }
    return found.isWhole ? .succeeded : .toolError
  }
}

/// What a check of the journals found.
struct Verification: Hashable, Sendable {
  /// What is wrong with the file itself; nil when that was not looked at.
  var structure: [String]?
  var rollouts: [Entry] = []

  var isWhole: Bool { structure?.isEmpty ?? true && rollouts.allSatisfy { $0.fault == nil } }

  struct Entry: Hashable, Sendable {
    var id: RolloutID
    var service: String?
    /// Records up to the first bad one.
    var records: Int
    /// Hash of the last record of a whole chain.
    var head: Digest?
    var fault: Fault?
  }

  /// The first record that is not as it was written, or cannot be followed.
  struct Fault: Hashable, Sendable {
    var sequence: Int
    /// As it lies there, if anything does.
    var kind: String?
    var at: Timestamp?
    var detail: String
    /// Why nobody can go on with the rollout, as a clause. Nil where the list's row says something else than the
    /// records and whoever takes the rollout up puts it right.
    var hindrance: String?
  }
}

extension Verification {
  /// Reads what is to be checked.
  struct Inspection {
    let session: Session
    let store: any CommandStore

    /// Also one that lies there without its row in the list.
    func named(_ name: String) async throws(CommandFailure) -> RolloutID {
      let ids = try await session.read { () async throws(StoreFailure) in try await store.recordedRollouts() }
      if ids.contains(RolloutID(name)) { return RolloutID(name) }
      return try await RolloutSelection(session: session, store: store).find(name, .any).id
    }

    func one(_ id: RolloutID) async throws(CommandFailure) -> Verification {
      Verification(structure: nil, rollouts: [try await entry(of: id, follows: true)])
    }

    func all() async throws(CommandFailure) -> Verification {
      var found = Verification(
        structure: try await session.read { () async throws(StoreFailure) in try await store.structuralDamage() })
      for id in try await session.read({ () async throws(StoreFailure) in try await store.recordedRollouts() }) {
        found.rollouts.append(try await entry(of: id, follows: false))
      }
      return found
    }

    /// What keeps everybody from going on with an open rollout; nil where nothing does.
    func hindrance(of open: RolloutID) async throws(CommandFailure) -> String? {
      try await entry(of: open, follows: true).fault?.hindrance
    }

    private func entry(of id: RolloutID, follows: Bool) async throws(CommandFailure) -> Entry {
      let report = try await session.read { () async throws(StoreFailure) in try await store.verify(id) }
      let row: RolloutSummary?
      let damage: String?
      do {
        (row, damage) = (try await store.summary(of: id), nil)
      } catch {
        // Says nothing about the other rollouts; storage that is away does.
        guard case .unusable(let detail) = error else { throw CommandFailure(error) }
        (row, damage) = (nil, detail)
      }
      switch report {
      case .broken(let sequence, let detail):
        return Entry(
          id: id, service: row?.service, records: sequence, fault: await fault(sequence, of: id, detail))
      case .intact(let records, let head):
        var entry = Entry(id: id, service: row?.service, records: records, head: head)
        if let damage { entry.fault = Self.fault(row: damage, records: records) }
        if let row, follows || !row.isEnded { entry.fault = try await fault(following: row) }
        return entry
      }
    }

    private static func fault(row damage: String, records: Int) -> Fault {
      Fault(
        sequence: max(0, records - 1), detail: "the records are whole, and the list's row cannot be read: \(damage)",
        hindrance: "its row in the list cannot be read")
    }

    private func fault(_ sequence: Int, of id: RolloutID, _ detail: String) async -> Fault {
      // Where not even the row can be read there is nothing to name but the place.
      let record = try? await store.uncheckedRecord(sequence, of: id)
      return Fault(
        sequence: sequence, kind: record?.kind, at: record?.at, detail: detail,
        hindrance: "its journal is damaged at record \(sequence)")
    }

    /// Nil when every record can be followed, to the state that the list shows.
    private func fault(following row: RolloutSummary) async throws(CommandFailure) -> Fault? {
      let records = try await session.read { () async throws(StoreFailure) in
        try await store.records(of: row.id, from: 0)
      }
      func fault(_ sequence: Int, _ kind: String?, _ detail: String, _ hindrance: String?) -> Fault {
        let at = records.indices.contains(sequence) ? records[sequence].at : nil
        return Fault(sequence: sequence, kind: kind, at: at, detail: detail, hindrance: hindrance)
      }
      do throws(ControllerRefusal) {
        let summary = try RolloutReader.fold(records, row.id).rollout.summary
        let now: RolloutSummary?
        do { now = try await store.summary(of: row.id) } catch { throw .store(error) }
        // One that is being driven may have moved on between the two reads.
        guard now == row, !summary.agrees(with: row) else { return nil }
        let detail = "the list shows \(row.state), and the records come to \(summary.state)"
        // Taken up, it would turn out to have ended, or drive what another service's lease guards.
        let isInTheWay = row.isEnded != summary.isEnded || row.service != summary.service
        return fault(records.count - 1, records.last?.kind, detail, isInTheWay ? detail : nil)
      } catch {
        guard case .journal(_, let sequence, let kind, let detail) = error else {
          throw CommandFailure(error, now: session.context.now())
        }
        return fault(
          sequence, kind, "cannot be followed: \(detail)",
          "its record \(sequence) (\(DisplayText.clean(kind))) cannot be followed")
      }
    }
  }
}

extension RolloutSummary {
  /// But for the sentence, which another version may put into other words.
  fileprivate func agrees(with row: RolloutSummary) -> Bool {
    var same = self
    same.detail = row.detail
    return same == row
  }
}
