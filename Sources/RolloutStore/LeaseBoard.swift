internal import FailPoints
internal import RolloutCore
public import RolloutEngine

/// Looks at leases without taking one.
public protocol LeaseBoard: Sendable {
  /// Who holds the service's lease, as it was last written: the holder may be dead, and the lease expired. Nil when it
  /// was released or never taken.
  func leaseHolder(of service: String) async throws(StoreFailure) -> LeaseRefusal?
  /// The highest epoch that was given out for the service; 0 before the first lease.
  func lastEpoch(of service: String) async throws(StoreFailure) -> Int64
  /// Makes the next lease's epoch higher than `epoch`, for hosts that a lost journal drove last. Changes nothing when
  /// it would be so anyway. Throws `.conflict` while the lease is held.
  func raiseEpoch(of service: String, above epoch: Int64, for holder: LeaseHolder) async throws(StoreFailure)
}

extension SQLiteStore: LeaseBoard {
  public func leaseHolder(of service: String) async throws(StoreFailure) -> LeaseRefusal? {
    try await reader.read { db in
      try LeaseTable.row(of: service, in: db).flatMap { $0.isHeld ? $0.refusal : nil }
    }
  }

  public func lastEpoch(of service: String) async throws(StoreFailure) -> Int64 {
    try await reader.read { db in try LeaseTable.row(of: service, in: db)?.lease.epoch ?? 0 }
  }

  public func raiseEpoch(of service: String, above epoch: Int64, for holder: LeaseHolder) async throws(StoreFailure) {
    try await writer.write(.raiseEpoch) { db, _ in
      guard let row = try LeaseRow.raised(LeaseTable.row(of: service, in: db), service, above: epoch, holder) else {
        return
      }
      try LeaseTable.write(row, in: db)
    }
  }
}

extension LeaseRow {
  /// The row to write, or nil when the epoch is high enough.
  static func raised(
    _ current: LeaseRow?, _ service: String, above epoch: Int64, _ holder: LeaseHolder
  ) throws(StoreFailure) -> LeaseRow? {
    guard (current?.lease.epoch ?? 0) < epoch else { return nil }
    if let current, current.isHeld {
      throw .conflict(detail: "the lease of \(service) is held by \(current.lease.holder.display)")
    }
    let before = Timestamp(milliseconds: 0)
    let lease = Lease(service: service, holder: holder, epoch: epoch, takenAt: before, previousRenewal: nil)
    return LeaseRow(lease, isHeld: false, renewedAt: before, expiresAt: before)
  }
}
