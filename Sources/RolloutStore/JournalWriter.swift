internal import FailPoints
internal import GRDB
internal import RolloutEngine

/// Group commit: changes that arrive while a transaction is being synced wait and share the next one, so that n
/// rollouts pay for one sync and not for n. Order of arrival is kept.
actor JournalWriter {
  /// Bounds how long one transaction keeps other processes from writing: about 30 ms of inserts.
  private static let largestGroup = 512

  private let connection: WriteConnection
  private var waiting: [WriteJob] = []
  private var isCommitting = false

  init(connection: WriteConnection) { self.connection = connection }

  /// Returns once the change is on stable storage. Cancelling the calling task does not cancel the change.
  func write<T: Sendable>(_ site: WriteSite, _ change: @escaping @Sendable (Database, inout HeadLedger) throws -> T)
    async
    throws(StoreFailure) -> T
  {
    let result = await withCheckedContinuation { (caller: CheckedContinuation<Result<T, StoreFailure>, Never>) in
      waiting.append(
        WriteJob(
          site: site,
          run: { db, ledger in
            let value = try change(db, &ledger)
            return { caller.resume(returning: .success(value)) }
          },
          refuse: { caller.resume(returning: .failure($0)) }))
      guard !isCommitting else { return }
      isCommitting = true
      Task { await commitWaiting() }
    }
    return try result.get()
  }

  private func commitWaiting() async {
    while !waiting.isEmpty {
      let group = Array(waiting.prefix(Self.largestGroup))
      waiting.removeFirst(group.count)
      await connection.commit(group)
    }
    isCommitting = false
  }
}
