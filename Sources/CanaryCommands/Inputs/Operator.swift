#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Who gives the orders, as journals and leases name them.
enum Operator {
  /// Set by people, GitHub Actions and GitLab CI, in this order of trust.
  private static let named = ["CANARY_USER", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"]

  /// A name without a machine: leases name the machine themselves.
  static func user(_ environment: [String: String]) -> String {
    let names = named + ["USER", "LOGNAME"]
    let found = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    return found.map { String($0.prefix(64)) } ?? loginName
  }

  /// What the system calls the user of this process.
  private static var loginName: String {
    guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "uid\(getuid())" }
    return String(cString: name)
  }

  /// What stands behind `by`: a named person or job as it is, a login with its machine.
  static func name(_ environment: [String: String]) -> String {
    if let name = named.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }) {
      return String(name.prefix(64))
    }
    return "\(user(environment))@\(hostName)"
  }

  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
