internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Writes to a descriptor on a queue of its own, in order: a terminal that is held with Ctrl-S, or a pipe that nobody
/// reads, must not hold up the rollout that is being shown.
final class StreamWriter: Sendable {
  private let descriptor: Int32
  private let queue = DispatchQueue(label: "screen")
  private let waiting = Atomic<Int>(0)
  private let isBroken = Atomic<Bool>(false)

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Nothing that was handed over is still to be written.
  var isIdle: Bool { waiting.load(ordering: .acquiring) == 0 }

  /// Takes `text` and returns at once. A reader that went away ends all writing quietly.
  func write(_ text: String) {
    guard !text.isEmpty else { return }
    waiting.add(1, ordering: .acquiringAndReleasing)
    queue.async {
      if !self.isBroken.load(ordering: .relaxed), !Self.send(text, to: self.descriptor) {
        self.isBroken.store(true, ordering: .relaxed)
      }
      self.waiting.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  /// Returns when everything that was handed over before is written.
  func drain() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  private static func send(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      guard let base = bytes.baseAddress else { return true }
      var sent = 0
      while sent < bytes.count {
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, base + sent, bytes.count - sent)
        #else
          let count = Musl.write(descriptor, base + sent, bytes.count - sent)
        #endif
        if count > 0 {
          sent += count
        } else if count < 0, errno == EAGAIN {
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
        } else if count == 0 || errno != EINTR {
          return false
        }
      }
      return true
    }
  }
}
