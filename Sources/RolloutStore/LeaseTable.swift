internal import GRDB
internal import RolloutCore
internal import RolloutEngine

enum LeaseTable {
  static func acquire(_ service: String, for holder: LeaseHolder, now: Timestamp, in db: Database) throws
    -> Result<Lease, LeaseRefusal>
  {
    let current = try row(of: service, in: db)
    let acquisition = LeaseRow.acquiring(
      service, for: holder, over: current, now: now, isKnownDead: { $0.isKnownDead })
    switch acquisition {
    case .granted(let row):
      try write(row, in: db)
      return .success(row.lease)
    case .refused(let row):
      if row != current { try write(row, in: db) }
      return .failure(row.refusal)
    case nil:
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the epoch of service \(service) cannot grow")
    }
  }

  static func renew(_ lease: Lease, now: Timestamp, in db: Database) throws {
    try write(requireHeld(lease, in: db).renewed(now), in: db)
  }

  /// Releasing a lease that has passed to another holder changes nothing.
  static func release(_ lease: Lease, in db: Database) throws {
    guard var row = try row(of: lease.service, in: db), row.isHeld(by: lease) else { return }
    row.isHeld = false
    try write(row, in: db)
  }

  @discardableResult
  static func requireHeld(_ lease: Lease, in db: Database) throws -> LeaseRow {
    guard let row = try row(of: lease.service, in: db) else {
      throw StoreFailure.leaseLost(detail: "nobody ever took the lease of \(lease.service) in this journal")
    }
    guard row.isHeld(by: lease) else { throw row.loss(of: lease) }
    return row
  }

  static func row(of service: String, in db: Database) throws -> LeaseRow? {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT * FROM lease WHERE service = ?"), arguments: [service])
    else { return nil }
    let holder = LeaseHolder(
      controller: try row.text("controller"), user: try row.text("user"), host: try row.text("host"),
      bootID: try row.text("boot_id"), pid: Int32(truncatingIfNeeded: try row.integer("pid")),
      processStart: try row.integer("process_start"))
    let lease = Lease(
      service: service, holder: holder, epoch: try row.integer("epoch"), takenAt: try row.timestamp("taken_at"),
      previousRenewal: try row.optionalTimestamp("previous_renewal"))
    return LeaseRow(
      lease, isHeld: try row.integer("is_held") != 0, renewedAt: try row.timestamp("renewed_at"),
      expiresAt: try row.timestamp("expires_at"))
  }

  static func write(_ row: LeaseRow, in db: Database) throws {
    let (lease, holder) = (row.lease, row.lease.holder)
    try db.cachedStatement(
      sql: """
        INSERT INTO lease (service, epoch, is_held, controller, user, host, boot_id, pid, process_start, taken_at,
          renewed_at, expires_at, previous_renewal)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (service) DO UPDATE SET epoch = excluded.epoch, is_held = excluded.is_held,
          controller = excluded.controller, user = excluded.user, host = excluded.host, boot_id = excluded.boot_id,
          pid = excluded.pid, process_start = excluded.process_start, taken_at = excluded.taken_at,
          renewed_at = excluded.renewed_at, expires_at = excluded.expires_at,
          previous_renewal = excluded.previous_renewal
        """
    ).execute(arguments: [
      lease.service, lease.epoch, row.isHeld, holder.controller, holder.user, holder.host, holder.bootID,
      Int64(holder.pid), holder.processStart, lease.takenAt.milliseconds, row.renewedAt.milliseconds,
      row.expiresAt.milliseconds, lease.previousRenewal?.milliseconds,
    ])
  }
}

extension Row {
  func timestamp(_ column: String) throws -> Timestamp { Timestamp(milliseconds: try integer(column)) }
  func optionalTimestamp(_ column: String) throws -> Timestamp? {
    try optionalInteger(column).map(Timestamp.init(milliseconds:))
  }
}
