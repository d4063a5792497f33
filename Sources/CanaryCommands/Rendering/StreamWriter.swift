internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Writes to a descriptor on a queue of its own, in order: a terminal that is held with Ctrl-S, or a pipe that nobody
/// reads, must not hold up the rollout that is being shown. What waits is bounded: the oldest goes first.
final class StreamWriter: Sendable {
  private struct Waiting {
    var texts: [String] = []
    var bytes = 0
    /// Texts that went since the last note.
    var dropped = 0
    var isWriting = false
    var isBroken = false
    /// Grows with each piece that the reader took.
    var progress = 0
    var drains: [Int: CheckedContinuation<Bool, Never>] = [:]
    var lastDrain = 0
  }

  private let descriptor: Int32
  private let capacity: Int
  private let note: @Sendable (_ dropped: Int) -> String
  private let queue = DispatchQueue(label: "screen")
  private let waiting = Mutex(Waiting())

  /// A pipe that poll calls writable takes as much without blocking.
  private static let piece = 4096

  /// - Parameters:
  ///   - capacity: bytes that wait at most, beside the text that is being written.
  ///   - note: what is written in the place of that many texts that were dropped.
  init(descriptor: Int32, capacity: Int = 1 << 20, note: @escaping @Sendable (_ dropped: Int) -> String = { _ in "" }) {
    self.descriptor = descriptor
    self.capacity = capacity
    self.note = note
  }

  /// Nothing that was handed over is still to be written.
  var isIdle: Bool { waiting.withLock { !$0.isWriting } }

  /// Takes `text` and returns at once. A reader that went away ends all writing quietly.
  func write(_ text: String) {
    guard !text.isEmpty else { return }
    let mustStart = waiting.withLock { waiting in
      if waiting.isBroken { return false }
      waiting.texts.append(text)
      waiting.bytes += text.utf8.count
      if waiting.bytes > capacity { Self.drop(&waiting, downTo: capacity / 2) }
      defer { waiting.isWriting = true }
      return !waiting.isWriting
    }
    if mustStart { queue.async { self.writeAll() } }
  }

  /// Returns when everything that was handed over is written, or when the reader took nothing for `patience`. True: all
  /// of it is written.
  @discardableResult
  func drain(patience: Duration = .seconds(1)) async -> Bool {
    await withCheckedContinuation { continuation in
      let id = waiting.withLock { waiting -> Int? in
        guard waiting.isWriting else { return nil }
        waiting.lastDrain += 1
        waiting.drains[waiting.lastDrain] = continuation
        return waiting.lastDrain
      }
      if let id { watch(id, patience) } else { continuation.resume(returning: true) }
    }
  }

  private func watch(_ drain: Int, _ patience: Duration) {
    let progress = waiting.withLock(\.progress)
    let (seconds, attoseconds) = patience.components
    let span = DispatchTimeInterval.milliseconds(Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    DispatchQueue.global().asyncAfter(deadline: .now() + span) {
      let isStuck = self.waiting.withLock { $0.progress == progress }
      guard isStuck else { return self.watch(drain, patience) }
      self.waiting.withLock { $0.drains.removeValue(forKey: drain) }?.resume(returning: false)
    }
  }

  /// The newest stays, whatever its size.
  private static func drop(_ waiting: inout Waiting, downTo limit: Int) {
    var count = 0
    while waiting.bytes > limit, count < waiting.texts.count - 1 {
      waiting.bytes -= waiting.texts[count].utf8.count
      count += 1
    }
    waiting.texts.removeFirst(count)
    waiting.dropped += count
  }

  private func writeAll() {
    while let text = next() {
      guard send(text) else {
        waiting.withLock { waiting in
          waiting.isBroken = true
          waiting.texts = []
          waiting.bytes = 0
        }
        continue
      }
    }
  }

  /// Nil, and idle from then on, when nothing waits.
  private func next() -> String? {
    let (text, drains) = waiting.withLock { waiting -> (String?, [CheckedContinuation<Bool, Never>]) in
      guard !waiting.texts.isEmpty else {
        waiting.isWriting = false
        defer { waiting.drains = [:] }
        return (nil, Array(waiting.drains.values))
      }
      let text = waiting.texts.removeFirst()
      waiting.bytes -= text.utf8.count
      let gap = waiting.dropped > 0 ? note(waiting.dropped) : ""
      waiting.dropped = 0
      return (gap + text, [])
    }
    for drain in drains { drain.resume(returning: true) }
    return text
  }

  private func send(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      guard let base = bytes.baseAddress else { return true }
      var sent = 0
      while sent < bytes.count {
        let size = min(bytes.count - sent, Self.piece)
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, base + sent, size)
        #else
          let count = Musl.write(descriptor, base + sent, size)
        #endif
        if count > 0 {
          sent += count
          waiting.withLock { $0.progress += 1 }
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
