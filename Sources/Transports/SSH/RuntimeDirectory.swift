internal import FoundationEssentials
internal import Glibc

/// A private directory for control sockets, mode 700, with a path short enough for one. A file in it is locked for as
/// long as its process lives, so that the next one can tell what a process that was killed has left behind.
struct RuntimeDirectory {
  /// A socket's path has 108 bytes, of which ssh takes 17 for a temporary name while it makes the socket.
  private static let longestPath = 90
  private static let longestName = 8

  private static let pattern = "canary-XXXXXX"
  private static let ownerFile = "owner"

  let path: String
  private var names: [String] = []
  /// The descriptor that holds the lock.
  private let owner: Int32

  /// In the first of `bases` that takes one. Removes what dead processes of this user have left there.
  init(bases: [String] = RuntimeDirectory.bases) throws(ChannelFailure) {
    var tried: [String] = []
    for base in bases {
      let pattern = base + "/" + Self.pattern
      guard base.hasPrefix("/"), pattern.utf8.count + 1 + Self.longestName <= Self.longestPath else { continue }
      Self.sweep(base)
      if let made = Self.makeUnique(pattern) {
        path = made
        owner = Self.own(made)
        return
      }
      tried.append("\(base) (\(String(cString: strerror(errno))))")
    }
    throw ChannelFailure(
      detail: "no directory for ssh's control sockets, tried \(tried.joined(separator: ", ")); set XDG_RUNTIME_DIR to "
        + "a writable directory with a short path")
  }

  /// A path that no socket has had here.
  mutating func nextSocket() -> String {
    let name = "s\(names.count + 1)"
    names.append(name)
    return path + "/" + name
  }

  func remove() {
    for name in names + [Self.ownerFile] { unlink(path + "/" + name) }
    rmdir(path)
    if owner >= 0 { close(owner) }
  }

  private static var bases: [String] {
    ["XDG_RUNTIME_DIR", "TMPDIR"].compactMap { (name: String) in getenv(name).map { String(cString: $0) } } + ["/tmp"]
  }

  /// Locked before it has the name that others look for. Negative where it cannot be made: nobody removes the directory
  /// then but its process.
  private static func own(_ directory: String) -> Int32 {
    let new = directory + "/new"
    let descriptor = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return -1 }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, rename(new, directory + "/" + ownerFile) == 0 else {
      unlink(new)
      close(descriptor)
      return -1
    }
    return descriptor
  }

  private static func sweep(_ base: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    for name in names where name.hasPrefix("canary-") && name.utf8.count == pattern.utf8.count {
      let directory = base + "/" + name
      var status = stat()
      guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
        continue
      }
      let owner = open(directory + "/" + ownerFile, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
      guard owner >= 0 else { continue }
      defer { close(owner) }
      guard flock(owner, LOCK_EX | LOCK_NB) == 0 else { continue }
      // Sockets, and the temporary names that ssh makes them under.
      let sockets = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
      for socket in sockets where socket.hasPrefix("s") { unlink(directory + "/" + socket) }
      unlink(directory + "/" + ownerFile)
      rmdir(directory)
    }
  }

  /// mkdtemp makes it with mode 700.
  private static func makeUnique(_ pattern: String) -> String? {
    var bytes = Array(pattern.utf8CString)
    return bytes.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let start = buffer.baseAddress, let made = mkdtemp(start) else { return nil }
      return String(cString: made)
    }
  }
}
