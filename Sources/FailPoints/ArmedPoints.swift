#if DEBUG
  internal import Synchronization

  #if canImport(Glibc)
    internal import Glibc
  #elseif canImport(Musl)
    internal import Musl
  #endif

  /// What the environment asks for:
  ///
  /// - `CANARY_FAILPOINT`: `NAME:OCCURRENCE:ACTION`, several separated by commas. Names are those of `Moment`, and
  ///   `SITE.STAGE` of a write. Actions: `kill` and `stop` send this process SIGKILL and SIGSTOP, `error` makes the
  ///   place fail, `mark` only leaves the mark. An occurrence of 0 means every one.
  /// - `CANARY_FAILPOINT_MARK`: a file that is made when an action is taken, before it.
  /// - `CANARY_FAILPOINT_LOG`: a file to which every name that is reached is added.
  /// - `CANARY_LEASE_MS`: how long a lease lives.
  enum ArmedPoints {
    private struct Order {
      var name: Substring
      var occurrence: Int
      var action: Substring
    }

    private static let orders: [Order] = (variable("CANARY_FAILPOINT") ?? "").split(separator: ",").compactMap { text in
      let words = text.split(separator: ":")
      guard words.count == 3, let occurrence = Int(words[1]) else { return nil }
      return Order(name: words[0], occurrence: occurrence, action: words[2])
    }
    private static let mark = variable("CANARY_FAILPOINT_MARK")
    private static let log = variable("CANARY_FAILPOINT_LOG")
    private static let seen = Mutex<[String: Int]>([:])

    static let leaseMilliseconds = variable("CANARY_LEASE_MS").flatMap { Int64($0) }

    static func reached(_ name: String) -> Bool {
      if let log { add(name + "\n", to: log) }
      guard !orders.isEmpty else { return false }
      let count = seen.withLock { counts in
        counts[name, default: 0] += 1
        return counts[name] ?? 0
      }
      var fails = false
      for order in orders where order.name == name && (order.occurrence == 0 || order.occurrence == count) {
        fails = take(order.action, at: "\(name):\(count)") || fails
      }
      return fails
    }

    /// `raise` and not `kill`: the calling thread goes no further.
    private static func take(_ action: Substring, at place: String) -> Bool {
      if let mark { add(place + "\n", to: mark) }
      switch action {
      case "kill": raise(SIGKILL)
      case "stop": raise(SIGSTOP)
      case "error": return true
      default: break
      }
      return false
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func add(_ line: String, to path: String) {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { return }
      var line = line
      line.withUTF8 { bytes in _ = write(descriptor, bytes.baseAddress, bytes.count) }
      close(descriptor)
    }
  }
#endif
