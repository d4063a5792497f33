import Glibc

/// True when the process behind a pidfd has ended, reaped or not.
func hasExited(pidfd: Int32) -> Bool {
  var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
  return poll(&entry, 1, 0) > 0
}

/// A file being read in pieces, so that its size does not matter.
public final class FileReader: Sendable {
  private let descriptor: Int32
  /// Size in bytes when it was opened.
  public let size: Int64

  /// Throws the sentence that says why it cannot be read.
  public init(path: String) throws(FileUnreadable) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileUnreadable(detail: "\(path): \(String(cString: strerror(errno)))") }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileUnreadable(detail: "\(path): not a regular file")
    }
    size = Int64(information.st_size)
  }

  deinit { close(descriptor) }

  /// The next piece, empty at the end.
  public func read(upTo count: Int = 256 * 1024) throws(FileUnreadable) -> [UInt8] {
    var piece = [UInt8](repeating: 0, count: count)
    let length = piece.withUnsafeMutableBytes { readPiece(of: descriptor, into: $0) }
    guard length >= 0 else { throw FileUnreadable(detail: String(cString: strerror(errno))) }
    piece.removeLast(count - length)
    return piece
  }
}

public struct FileUnreadable: Error, Hashable, Sendable {
  public var detail: String
}

private func readPiece(of descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
  while true {
    let length = read(descriptor, buffer.baseAddress, buffer.count)
    if length >= 0 || errno != EINTR { return length }
  }
}
