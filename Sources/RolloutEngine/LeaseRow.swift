public import RolloutCore

/// A service's lease as it is kept. The row stays when the lease is released, because its epoch must never be given
/// out again: hosts refuse an epoch lower than the highest they have seen. Stores keep it; what it says of who may have
/// the lease is the same in each of them.
public struct LeaseRow: Hashable, Sendable {
  public var lease: Lease
  public var isHeld: Bool
  public var renewedAt: Timestamp
  public var expiresAt: Timestamp

  public init(_ lease: Lease, isHeld: Bool = true, renewedAt: Timestamp, expiresAt: Timestamp) {
    self.lease = lease
    self.isHeld = isHeld
    self.renewedAt = renewedAt
    self.expiresAt = expiresAt
  }

  private init(granted lease: Lease) {
    self.init(lease, renewedAt: lease.takenAt, expiresAt: lease.takenAt + LeaseTerms.timeToLive)
  }

  /// Nil when the epochs of this service are used up, which only a damaged file can say.
  public static func acquiring(
    _ service: String, for holder: LeaseHolder, over current: LeaseRow?, now: Timestamp,
    isKnownDead: (LeaseHolder) -> Bool
  ) -> Acquisition? {
    guard let current else {
      return .granted(
        LeaseRow(granted: Lease(service: service, holder: holder, epoch: 1, takenAt: now, previousRenewal: nil)))
    }
    if current.isHeld {
      if current.lease.holder.controller == holder.controller { return .granted(current.renewed(now)) }
      guard current.expiresAt <= now || isKnownDead(current.lease.holder) else {
        return .refused(current.withTrustedExpiry(now))
      }
    }
    let (epoch, overflow) = current.lease.epoch.addingReportingOverflow(1)
    guard !overflow else { return nil }
    return .granted(
      LeaseRow(
        granted: Lease(
          service: service, holder: holder, epoch: epoch, takenAt: now,
          previousRenewal: current.isHeld ? current.renewedAt : nil)))
  }

  public enum Acquisition: Hashable {
    case granted(LeaseRow)
    /// Held by somebody alive. The row differs from the current one when its expiry had to be corrected.
    case refused(LeaseRow)
  }

  public func renewed(_ now: Timestamp) -> LeaseRow {
    LeaseRow(lease, renewedAt: now, expiresAt: now + LeaseTerms.timeToLive)
  }

  /// No renewal made by this clock can expire later than a full life from now: the clock was set back since. A holder
  /// that is alive renews well before the corrected expiry, and one that is dead does not block its service for as
  /// long as the clock was ahead.
  private func withTrustedExpiry(_ now: Timestamp) -> LeaseRow {
    var row = self
    row.expiresAt = min(expiresAt, now + LeaseTerms.timeToLive)
    return row
  }

  /// The epoch decides, not the time: a lease that has expired is still held while nobody took it.
  public func isHeld(by other: Lease) -> Bool {
    isHeld && lease.epoch == other.epoch && lease.holder.controller == other.holder.controller
  }

  /// Why `lost` is no longer held.
  public func loss(of lost: Lease) -> StoreFailure {
    let holder = lease.holder
    guard isHeld, lease.epoch != lost.epoch || holder.controller != lost.holder.controller else {
      return .leaseLost(detail: "the lease of \(lost.service) at epoch \(lost.epoch) was released")
    }
    return .leaseLost(
      detail: "the lease of \(lost.service) at epoch \(lost.epoch) passed to \(holder.user)@\(holder.host), "
        + "pid \(holder.pid), at epoch \(lease.epoch)")
  }

  public var refusal: LeaseRefusal {
    LeaseRefusal(
      holder: lease.holder, epoch: lease.epoch, takenAt: lease.takenAt, renewedAt: renewedAt, expiresAt: expiresAt)
  }
}
