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
    if !text.isEmpty { Descriptor(number: stream == .answers ? answers : notes).write(text) }
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
  /// there is nobody left to tell.
  func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var sent = 0
      while sent < bytes.count, let base = bytes.baseAddress {
        #if canImport(Glibc)
          let count = Glibc.write(number, base + sent, bytes.count - sent)
        #else
          let count = Musl.write(number, base + sent, bytes.count - sent)
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
