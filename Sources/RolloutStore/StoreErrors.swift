internal import GRDB
internal import RolloutEngine

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What an SQLite error means for the work that met it.
enum Fault {
  /// The file or its disk: the connection is not to be trusted before it was opened and checked again.
  case storage
  /// Another process holds the write lock.
  case busy
  /// The file's content is damaged.
  case damaged
  /// A rule of the schema was broken.
  case constraint
  /// The statement itself.
  case other

  init(_ error: DatabaseError) {
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: self = .damaged
    case .SQLITE_CONSTRAINT: self = .constraint
    case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_NOMEM,
      .SQLITE_PROTOCOL, .SQLITE_NOLFS, .SQLITE_INTERRUPT, .SQLITE_ABORT:
      self = .storage
    default: self = .other
    }
  }
}

extension StoreLocation {
  /// The failure that `error`, met at this file, is for callers. `verb` completes "cannot … the journal".
  func failure(_ error: any Error, verb: String) -> StoreFailure {
    if let failure = error as? StoreFailure { return failure }
    guard let error = error as? DatabaseError else {
      return .unavailable(detail: "cannot \(verb) the journal \(path): \(error)")
    }
    switch Fault(error) {
    case .storage: return .unavailable(detail: storageDetail(error, verb: verb))
    case .busy:
      return .unavailable(
        detail: "cannot \(verb) the journal \(path): another process has held its write lock for more than "
          + "\(busyTimeout) s (\(error.resultCode)); find it with `fuser \(path)` and try again")
    case .damaged:
      return .unusable(
        detail: "\(path) is damaged or not an SQLite database (\(says(error))); move it away together with \(path)-wal "
          + "and \(path)-shm and restore a backup, or save what can be read with `sqlite3 \(path) .recover`")
    case .constraint: return .conflict(detail: "the journal \(path) refuses the change: \(says(error))")
    case .other: return .unusable(detail: "cannot \(verb) the journal \(path): \(says(error))")
    }
  }

  private func storageDetail(_ error: DatabaseError, verb: String) -> String {
    let what =
      switch error.resultCode {
      case .SQLITE_FULL: "the disk is full"
      case .SQLITE_READONLY: "the file or its file system is read-only"
      case .SQLITE_CANTOPEN: "the file, \(path)-wal or \(path)-shm cannot be opened"
      case .SQLITE_IOERR: "reading from or writing to the disk went wrong"
      default: "the storage refuses"
      }
    return "cannot \(verb) the journal \(path): \(what) (\(says(error))); \(remedy(error.resultCode))"
  }

  private func remedy(_ code: ResultCode) -> String {
    guard code == .SQLITE_FULL || code == .SQLITE_IOERR || code == .SQLITE_CANTOPEN else {
      return "make \(directory) writable for uid \(geteuid()); no restart is needed"
    }
    let free =
      freeBytes.map { "\($0 / 1024) KiB are free in \(directory)" } ?? "the free space of \(directory) is unknown"
    let isScarce = (freeBytes ?? 0) < Schema.spaceToFree
    return isScarce
      ? "\(free): free at least \(Schema.spaceToFree / 1_048_576) MiB on that file system; no restart is needed"
      : "\(free): look at the kernel's log for disk errors, and at the permissions and quotas of \(directory)"
  }

  private func says(_ error: DatabaseError) -> String {
    "\(error.extendedResultCode)"
      + (error.message.map { ", \($0)" } ?? "")
  }
}
