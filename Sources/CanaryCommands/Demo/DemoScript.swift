internal import FoundationEssentials

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The demo's script, service and load generator, written to a directory of their own, and the script in place of this
/// process.
enum DemoScript {
  /// Replaces this process by the demo. Returns only when that failed, with the reason.
  static func become() -> String {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "canary"
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("canary-demo-files-\(getpid())")
    let files: [(name: String, bytes: [UInt8])] = [
      ("demo.sh", PackageResources.demo_sh), ("demo-service.py", PackageResources.demo_service_py),
      ("demo-load.py", PackageResources.demo_load_py), ("demo-restart.sh", PackageResources.demo_restart_sh),
    ]
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      for file in files { try Data(file.bytes).write(to: directory.appendingPathComponent(file.name)) }
    } catch {
      return "the demo's files could not be written to \(directory.path): \(error)"
    }
    let words = ["sh", directory.appendingPathComponent("demo.sh").path, executable, directory.path]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    execv("/bin/sh", &arguments)
    return "/bin/sh could not be started: \(String(cString: strerror(errno)))"
  }
}
