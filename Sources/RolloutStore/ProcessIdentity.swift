internal import FoundationEssentials
public import RolloutEngine

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension LeaseHolder {
  /// This process, under a controller name of its own.
  public static func current(user: String) -> LeaseHolder {
    let pid = getpid()
    return LeaseHolder(
      controller: UUID().uuidString.lowercased(), user: user, host: ProcessIdentity.hostName,
      bootID: ProcessIdentity.bootID, pid: pid, processStart: ProcessStatus(of: pid)?.startTicks ?? 0)
  }

  /// True when this process can tell that the holder is gone: it ran on this machine since this boot, in the same
  /// process namespace, and its pid is free, belongs to a process that started at another time, or to one that has
  /// ended and only waits to be reaped. False when in doubt: then the lease has to expire.
  public var isKnownDead: Bool {
    guard host == ProcessIdentity.hostName, bootID == ProcessIdentity.bootID, pid > 0 else { return false }
    if kill(pid, 0) != 0 && errno == ESRCH { return true }
    // Unreadable although the pid is taken: /proc may hide other users' processes.
    guard let status = ProcessStatus(of: pid) else { return false }
    return status.startTicks != processStart || status.hasEnded
  }
}

enum ProcessIdentity {
  static let hostName: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }()

  /// The boot and the process namespace, because a pid means nothing outside of either: two containers on one machine
  /// share the boot id, and may share the host name.
  static let bootID: String = {
    let boot = readSmallFile("/proc/sys/kernel/random/boot_id").filter { $0.isHexDigit || $0 == "-" }
    var namespace = stat()
    return stat("/proc/self/ns/pid", &namespace) == 0 ? "\(boot)/\(namespace.st_ino)" : boot
  }()

  /// Empty when the file cannot be read.
  static func readSmallFile(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}

/// What `/proc/<pid>/stat` says (proc(5)).
struct ProcessStatus {
  var state: Character
  var threads: Int64
  /// Clock ticks between boot and the start of the process.
  var startTicks: Int64

  init?(of pid: Int32) { self.init(stat: ProcessIdentity.readSmallFile("/proc/\(pid)/stat")) }

  /// The program's name stands in parentheses and may itself hold spaces and parentheses, so fields are counted from
  /// the last one: state is field 3, the number of threads field 20, the start time field 22.
  init?(stat: String) {
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let state = fields[0].first, let threads = Int64(fields[17]),
      let start = Int64(fields[19])
    else { return nil }
    self.state = state
    self.threads = threads
    startTicks = start
  }

  /// A process whose first thread has ended is a zombie too while its other threads still run.
  var hasEnded: Bool { (state == "Z" || state == "X") && threads <= 1 }
}
