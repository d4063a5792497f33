import FoundationEssentials
import Glibc

/// Processes started by `pid`, and those started by them.
public func descendants(of pid: Int32) -> [Int32] {
  var found: [Int32] = []
  var left = [pid]
  while let next = left.popLast() {
    // The kernel lists children by the thread that started them.
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(next)/task")) ?? []
    let children = threads.flatMap { thread in
      (contents(of: "/proc/\(next)/task/\(thread)/children") ?? "").split(separator: " ").compactMap { Int32($0) }
    }
    found += children
    left += children
  }
  return found
}

/// The name the kernel has for a process; nil when there is none.
public func processName(_ pid: Int32) -> String? {
  contents(of: "/proc/\(pid)/comm").map { String($0.prefix { $0 != "\n" }) }
}

/// True while the process runs; a zombie does not.
public func isRunning(_ pid: Int32) -> Bool {
  guard let stat = contents(of: "/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")") else { return false }
  let state = stat[stat.index(after: name)...].split(separator: " ").first
  return state != "Z" && state != "X"
}

/// Every process whose environment holds `entry` (`NAME=value`), such as what a fixture gave to all it starts.
public func processes(withEnvironment entry: String) -> [Int32] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return names.compactMap { Int32($0) }.filter { pid in
    guard let environment = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/environ")) else { return false }
    return environment.split(separator: 0).contains { $0.elementsEqual(entry.utf8) }
  }
}

/// The command line of a process, words joined by spaces.
public func commandLine(of pid: Int32) -> String {
  (contents(of: "/proc/\(pid)/cmdline") ?? "").split(separator: "\0").joined(separator: " ")
}
