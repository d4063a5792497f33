#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Where a verb's words go: answers to standard output, everything else to standard error.
struct Console: Sendable {
  /// Descriptors; both stay open.
  var answers: Int32
  var notes: Int32
  var answerIsTerminal: Bool
  var noteIsTerminal: Bool

  /// A reader of notes that reads nothing for so many milliseconds misses them.
  private static let patience: Int32 = 1000

  enum Stream: Hashable, Sendable { case answers, notes }

  init(answers: Int32, notes: Int32) {
    self.answers = answers
    self.notes = notes
    answerIsTerminal = isatty(answers) != 0
    noteIsTerminal = isatty(notes) != 0
  }

  /// The streams of this process.
  static var standard: Console { Console(answers: 1, notes: 2) }

  /// Everything to standard error: for a step on the way to the answer.
  var answeringOnNotes: Console { Console(answers: notes, notes: notes) }

  /// `text` as it is.
  func put(_ text: String, on stream: Stream = .answers) {
    guard !text.isEmpty else { return }
    switch stream {
    case .answers: Descriptor(number: answers).write(text)
    case .notes: Descriptor(number: notes).write(text, patience: Self.patience)
    }
  }

  /// One line of the answer.
  func answer(_ line: String) { put(line + "\n") }

  /// One line for whoever watches.
  func note(_ line: String) { put(line + "\n", on: .notes) }
}

/// A file descriptor that is written to directly, so that nothing waits in a buffer when the process ends.
struct Descriptor: Sendable {
  let number: Int32

  /// Writes all of `text`. A reader that went away, or a full disk under a redirected stream, ends the writing quietly:
  /// there is nobody left to tell. So does a reader that takes nothing for `patience` milliseconds; negative: never.
  func write(_ text: String, patience: Int32 = -1) {
    var text = text
    text.withUTF8 { bytes in
      var sent = 0
      while sent < bytes.count, let base = bytes.baseAddress {
        var size = bytes.count - sent
        if patience >= 0 {
          var ready = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
          if poll(&ready, 1, patience) == 0 { return }
          // As much as a pipe that is ready takes without blocking.
          size = min(size, 4096)
        }
        #if canImport(Glibc)
          let count = Glibc.write(number, base + sent, size)
        #else
          let count = Musl.write(number, base + sent, size)
        #endif
        if count > 0 {
          sent += count
        } else if errno == EAGAIN {
          var ready = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
        } else if errno != EINTR {
          return
        }
      }
    }
  }
}
