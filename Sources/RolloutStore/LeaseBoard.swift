public import RolloutEngine

/// Looks at leases without taking one.
public protocol LeaseBoard: Sendable {
  /// Who holds the service's lease, as it was last written: the holder may be dead, and the lease expired. Nil when it
  /// was released or never taken.
  func leaseHolder(of service: String) async throws(StoreFailure) -> LeaseRefusal?
}

extension SQLiteStore: LeaseBoard {
  public func leaseHolder(of service: String) async throws(StoreFailure) -> LeaseRefusal? {
    try await reader.read { db in
      try LeaseTable.row(of: service, in: db).flatMap { $0.isHeld ? $0.refusal : nil }
    }
  }
}
