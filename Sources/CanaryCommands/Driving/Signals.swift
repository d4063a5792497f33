internal import Dispatch

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Ctrl-C, SIGTERM and a closed terminal while a rollout is driven: the first asks, the second ends the process at
/// once.
final class Signals {
  /// Exit statuses are 128 and the number, as shells have it.
  static let handled = [SIGINT, SIGTERM, SIGHUP]

  private let sources: [(number: Int32, source: any DispatchSourceSignal)]

  /// Calls `ask` once, with the number of the first signal. A signal that the process was started to ignore, as with
  /// `nohup`, stays ignored.
  init(restoring terminal: Bool, ask: @escaping @Sendable (Int32) -> Void) {
    // A reader that went away must not end a rollout.
    signal(SIGPIPE, SIG_IGN)
    let queue = DispatchQueue(label: "signals")
    let seen = FirstSignal()
    sources = Self.handled.compactMap { number in
      var old = sigaction()
      sigaction(number, nil, &old)
      if isIgnored(old) { return nil }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        guard seen.isFirst() else {
          // The live tree hides the cursor.
          if terminal { Descriptor(number: 1).write("\u{1B}[?25h\n") }
          _exit(128 + number)
        }
        ask(number)
      }
      source.activate()
      return (number, source)
    }
  }

  /// Gives the signals back to the system.
  func end() {
    for (number, source) in sources {
      source.cancel()
      signal(number, SIG_DFL)
    }
  }
}

/// Handlers are functions, which Swift does not compare; their addresses are.
private func isIgnored(_ action: sigaction) -> Bool {
  unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}

private final class FirstSignal: Sendable {
  private let count = Cell(0)
  func isFirst() -> Bool {
    count.update {
      $0 += 1
      return $0 == 1
    }
  }
}
