import Glibc

/// A private directory for control sockets, mode 700, with a path short enough for one.
struct RuntimeDirectory {
  /// A socket's path has 108 bytes, of which ssh takes 17 for a temporary name while it makes the socket.
  private static let longestPath = 90
  private static let longestName = 8

  let path: String
  private var names: [String] = []

  init() throws(ChannelFailure) {
    var tried: [String] = []
    for variable in ["XDG_RUNTIME_DIR", "TMPDIR", nil] {
      let base: String
      if let variable {
        guard let value = getenv(variable) else { continue }
        base = String(cString: value)
      } else {
        base = "/tmp"
      }
      let pattern = base + "/canary-XXXXXX"
      guard base.hasPrefix("/"), pattern.utf8.count + 1 + Self.longestName <= Self.longestPath else { continue }
      if let made = Self.makeUnique(pattern) {
        path = made
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
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
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
