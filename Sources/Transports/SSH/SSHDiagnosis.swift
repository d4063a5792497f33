internal import ChildProcesses
internal import RolloutCore

/// Turns what ssh says on standard error into what happened and what to do next.
struct SSHDiagnosis {
  let address: String
  let port: Int?
  let policy: SSHPolicy

  func sentence(status: ProcessStatus?, errorOutput: String) -> String {
    let lines = errorOutput.split(whereSeparator: { $0.isNewline }).map { Self.printable($0) }
      // The signal is ours.
      .filter { !$0.isEmpty && !$0.hasPrefix("Killed by signal") }
    let text = lines.joined(separator: "\n")
    return hostKeyTrouble(text, lines) ?? connectionTrouble(text, lines) ?? otherTrouble(status, lines)
  }

  private var name: String { port.map { "\(address) port \($0)" } ?? address }

  // MARK: Host keys

  private func hostKeyTrouble(_ text: String, _ lines: [String]) -> String? {
    let isChanged = text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED")
    let isUnknown = text.contains("host key is known for")
    guard isChanged || isUnknown || text.contains("Host key verification failed") else { return nil }
    let entry = knownHostsEntry(lines)
    let learn = "`ssh-keyscan\(scanPort)\(Self.quoted(scanHost)) >>\(Self.quoted(knownHosts(lines)))`"
    guard isChanged else {
      return "host key of \(name) is unknown; get it from who runs the host, or trust the network once: \(learn), and "
        + "compare `ssh-keygen -lf` of it with the host's own"
    }
    let new = lines.first { $0.hasPrefix("SHA256:") }.map { " to \($0.trimming("."))" } ?? ""
    let old = lines.first { $0.hasPrefix("Offending ") }.map { " (the old: \($0.dropFirst("Offending ".count)))" }
    return "host key of \(name) changed\(new)\(old ?? ""); somebody may be in between: find out why it changed, and "
      + "only then `ssh-keygen -f\(Self.quoted(knownHosts(lines))) -R\(Self.quoted(entry))` and \(learn)"
  }

  /// As ssh names the host in known_hosts: `host` or `[host]:port`.
  private func knownHostsEntry(_ lines: [String]) -> String {
    for line in lines {
      for (before, after) in [("Host key for ", " has changed"), ("host key is known for ", " and you")] {
        guard let start = line.firstRange(of: before), let end = line[start.upperBound...].firstRange(of: after) else {
          continue
        }
        return String(line[start.upperBound..<end.lowerBound])
      }
    }
    return portInUse.map { $0 == 22 ? address : "[\(address)]:\($0)" } ?? address
  }

  private var portInUse: Int? { port ?? policy.port }
  private var scanPort: String { portInUse.map { $0 == 22 ? "" : " -p \($0)" } ?? "" }
  private var scanHost: String { String(address.split(separator: "@").last ?? "") }

  private func knownHosts(_ lines: [String]) -> String {
    if let file = policy.knownHostsFile { return file }
    // `Offending ED25519 key in /path/known_hosts:3`
    if let line = lines.first(where: { $0.hasPrefix("Offending ") }), let start = line.firstRange(of: " key in "),
      let colon = line.lastIndex(of: ":"), start.upperBound < colon
    {
      return String(line[start.upperBound..<colon])
    }
    return "~/.ssh/known_hosts"
  }

  // MARK: Everything else

  private func connectionTrouble(_ text: String, _ lines: [String]) -> String? {
    let last = lines.last(where: { $0.hasPrefix("ssh: ") }) ?? ""
    if text.contains("Permission denied") {
      return "\(name) refuses the login\(user): \(lines.last ?? ""); try `ssh\(commandOptions) \(address) true`, "
        + "and see that the key is in the agent or in `identity_file` and in the host's authorized_keys"
    }
    if text.contains("Connection refused") {
      return "connection refused by \(name); is sshd running there, is the port right?"
    }
    if text.contains("Could not resolve hostname") {
      return "no address for the name \(address): \(last); correct the host in the policy, or add it to DNS or ssh's "
        + "configuration"
    }
    if ["Connection timed out", "Operation timed out", "Timeout, server"].contains(where: { text.contains($0) }) {
      return "no reply from \(name) (\(lines.last ?? "")); is it up, and does a firewall let this machine through?"
    }
    if text.contains("No route to host") || text.contains("Network is unreachable") {
      return "no route to \(name); is it up, is the network or the VPN?"
    }
    if text.contains("Bad configuration option") || text.contains("Can't open user config file") {
      return "ssh does not take its configuration: \(lines.joined(separator: "; "))"
    }
    return nil
  }

  private func otherTrouble(_ status: ProcessStatus?, _ lines: [String]) -> String {
    let said = lines.isEmpty ? "" : ": " + String(lines.suffix(3).joined(separator: "; ").suffix(500))
    switch status {
    case .exited(127):
      return "no sh on \(name), or none for this user\(said)"
    case .exited(255), nil, .signaled:
      return "connection to \(name) lost\(said)"
    case .exited(let code):
      return "the host script on \(name) ended with exit status \(code)\(said); try "
        + "`ssh\(commandOptions) \(address) true`"
    }
  }

  private var user: String { policy.user.map { " of \($0)" } ?? "" }

  private var commandOptions: String {
    (policy.configFile.map { " -F\(Self.quoted($0))" } ?? "") + (portInUse.map { " -p \($0)" } ?? "")
      + (policy.user.map { " -l\(Self.quoted($0))" } ?? "")
      + (policy.identityFile.map { " -i\(Self.quoted($0))" } ?? "")
  }

  /// ` word`, in quotes where a shell would see more in it than a word.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "._-/:@~".utf8.contains(byte)
      }
    }
    return isPlain ? " " + word : " '" + word.replacing("'", with: "'\\''") + "'"
  }

  private static func printable(_ line: Substring) -> String {
    let safe = line.unicodeScalars.map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: " " as Unicode.Scalar
      default: scalar
      }
    }
    return String(String.UnicodeScalarView(safe)).trimming(" ")
  }
}

extension String {
  fileprivate func trimming(_ end: Character) -> String {
    var text = self[...]
    while text.last == end { text.removeLast() }
    while end == " ", text.first == end { text.removeFirst() }
    return String(text)
  }
}
