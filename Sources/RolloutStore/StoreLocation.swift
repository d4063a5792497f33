internal import RolloutEngine

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Where the journal's file is, and what the file system says of it.
struct StoreLocation: Hashable, Sendable {
  let path: String
  /// How long a connection waits for another process's write lock, in seconds.
  var busyTimeout = Schema.busyTimeout

  var directory: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes missing directories with mode 700 and, where there is none, a journal of mode 600 without rollouts; SQLite
  /// gives `-wal` and `-shm` the mode of the file. It is made under another name and appears whole, so that an empty
  /// file is known to have lost what it held. An existing file is not opened here: closing a descriptor of it would
  /// drop the POSIX locks that another connection of this process holds on it.
  func create() throws(StoreFailure) {
    try makeDirectory(directory)
    if identity != nil { return try requireJournalFile() }
    let fresh = StoreLocation(path: "\(path).new-\(getpid())-\(UInt32.random(in: 0 ... .max))")
    defer { for suffix in ["", "-journal"] { unlink(fresh.path + suffix) } }
    try fresh.makeEmpty(as: self)
    do { try Schema.lay(at: fresh) } catch { throw failure(error, verb: "create") }
    try requireNoRemains()
    guard link(fresh.path, path) == 0 || errno == EEXIST else { throw uncreatable(errno) }
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// SQLite would play what a lost journal left beside its name into the new one. Nothing is removed: it may be all
  /// that is left. Looked at before the file: where another process has just made the journal, the log is its own.
  private func requireNoRemains() throws(StoreFailure) {
    let left = ["-wal", "-journal"].map { path + $0 }.filter { Self.hasContent($0) }
    guard !left.isEmpty, identity == nil else { return }
    throw .unusable(
      detail: "\(path) is gone, and \(left.joined(separator: " and ")) of it is still there: what it held is lost; "
        + "restore a backup of \(path) together with its -wal, or, if nothing is missed, move what is left away")
  }

  private static func hasContent(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_size > 0 : errno != ENOENT
  }

  private func makeEmpty(as journal: StoreLocation) throws(StoreFailure) {
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw journal.uncreatable(errno) }
    close(descriptor)
  }

  private func uncreatable(_ code: Int32) -> StoreFailure {
    let sentence = "cannot create the journal \(path): \(explain(code))"
    guard code == ENOSPC || code == EDQUOT || code == EIO || code == EROFS else {
      return .unusable(detail: "\(sentence); name a file in a directory that uid \(geteuid()) may write")
    }
    return .unavailable(detail: "\(sentence); free at least \(Schema.spaceToFree / 1_048_576) MiB in \(directory)")
  }

  private func makeDirectory(_ path: String) throws(StoreFailure) {
    var status = stat()
    guard stat(path, &status) != 0 else { return }
    if let slash = path.dropFirst().lastIndex(of: "/") { try makeDirectory(String(path[..<slash])) }
    guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
    throw .unusable(detail: "cannot create the directory \(path): \(explain(errno)); create it or name another one")
  }

  private func requireJournalFile() throws(StoreFailure) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unusable(detail: "\(path) is not a regular file; name a file for the journal")
    }
    guard access(path, R_OK) == 0 else {
      throw .unusable(
        detail: "\(path) may not be read by uid \(geteuid()) (\(explain(errno))); it belongs to uid \(status.st_uid)")
    }
    guard status.st_size > 0 else {
      throw .unusable(
        detail: "\(path) is empty, which a journal never is: what it held is lost; restore a backup, or, if nothing "
          + "was ever recorded there, remove the file together with \(path)-wal and \(path)-journal")
    }
  }

  /// Nil when it cannot be asked.
  var freeBytes: Int64? {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return nil }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? .max : Int64(clamping: bytes)
  }

  /// Device and inode; nil when there is no file.
  var identity: FileIdentity? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// True when no committed page waits in a write-ahead log, so that the file alone is the whole truth.
  var hasEmptyLog: Bool { !Self.hasContent(path + "-wal") }

  /// The file as a URI under which SQLite takes no locks and needs no `-shm`.
  var immutableURI: String {
    var text = "file:"
    for byte in path.utf8 {
      let isPlain = (0x2d...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      let digits = String(byte, radix: 16)
      text += isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" + digits : digits)
    }
    return text + "?mode=ro&immutable=1"
  }

  private func explain(_ code: Int32) -> String { String(cString: strerror(code)) }
}

struct FileIdentity: Hashable, Sendable {
  var device: UInt64
  var inode: UInt64
}
