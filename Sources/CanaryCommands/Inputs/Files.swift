#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Whole files, bounded.
enum Files {
  struct Failure: Error, Hashable, Sendable {
    var isMissing: Bool
    /// The system's words, such as `permission denied`.
    var detail: String

    init(_ code: Int32) {
      isMissing = code == ENOENT || code == ENOTDIR
      detail = String(cString: strerror(code)).lowercased()
    }
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }

  /// Whether there is a file that ends, unlike a pipe or device.
  static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The bytes of a file, or its first `limit + 1` so that the caller can tell that it is too long.
  static func read(_ path: String, limit: Int = 16 << 20) throws(Failure) -> [UInt8] {
    let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= limit {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, &buffer, min(buffer.count, limit + 1 - bytes.count))
      #else
        let count = Musl.read(descriptor, &buffer, min(buffer.count, limit + 1 - bytes.count))
      #endif
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure(errno)
      }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// Writes a new file beside the old one, syncs it and puts it in its place.
  static func replace(_ path: String, with text: String) throws(Failure) {
    let temporary = path + ".new-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(errno) }
    let isWritten = writeAll(descriptor, Array(text.utf8)) && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isWritten, rename(temporary, path) == 0 else {
      let failure = Failure(isWritten ? errno : code)
      unlink(temporary)
      throw failure
    }
  }

  /// Names in a directory, sorted; empty when it cannot be read.
  static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var sent = 0
      while sent < buffer.count, let base = buffer.baseAddress {
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, base + sent, buffer.count - sent)
        #else
          let count = Musl.write(descriptor, base + sent, buffer.count - sent)
        #endif
        if count > 0 { sent += count } else if errno != EINTR { return false }
      }
      return true
    }
  }
}
