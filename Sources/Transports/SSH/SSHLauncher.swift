internal import ChildProcesses
import Glibc
internal import HostProtocol
internal import RolloutCore

/// Command lines of the system's ssh for one host.
///
/// The session's ssh is itself the control master, so that its connection lives exactly as long as the session and
/// needs no background process. Other channels run over its socket; where the server refuses more channels on one
/// connection, ssh makes a connection of its own.
struct SSHLauncher: HostLauncher {
  let address: String
  let port: Int?
  let policy: SSHPolicy
  let program: String
  let environment: [String: String?]
  let controlPath: String

  var isRemote: Bool { true }
  /// The connection, a login shell with slow start files, and sending the script.
  var openTimeout: Duration { .milliseconds(policy.connectTimeout.milliseconds) + .seconds(20) }

  var sessionCommand: ProcessCommand {
    command(["-o", "ControlMaster=yes", "-o", "ControlPersist=no"])
  }

  var channelCommand: ProcessCommand { command(["-o", "ControlMaster=no"]) }

  /// A master that was killed leaves its socket, and the next one would then refuse to share its connection.
  func clearTheWay() { unlink(controlPath) }

  func explain(status: ProcessStatus?, errorOutput: String) -> String {
    SSHDiagnosis(address: address, port: port, policy: policy).sentence(status: status, errorOutput: errorOutput)
  }

  /// Whether `address` can be nothing but a host name, an IP address or an alias of ssh's configuration. ssh hands it
  /// to the commands of its configuration too, so no character that means something to a shell is let through.
  static func isAddress(_ address: String) -> Bool {
    let allowed = address.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "._-:%@[]".utf8.contains(byte)
      }
    }
    let name = address.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    return allowed && !name.isEmpty && !name.hasPrefix("-") && !address.hasPrefix("-")
  }

  private func command(_ multiplexing: [String]) -> ProcessCommand {
    var argv = [program, "-T", "-a", "-x"]
    if let file = policy.configFile { argv += ["-F", file] }
    argv += multiplexing + ["-S", Self.escape(controlPath)]
    for option in Self.fixedOptions + ["ConnectTimeout=\(max(1, (policy.connectTimeout.milliseconds + 999) / 1000))"] {
      argv += ["-o", option]
    }
    if let file = policy.knownHostsFile { argv += ["-o", "UserKnownHostsFile=\(Self.quote(file))"] }
    if let file = policy.identityFile { argv += ["-o", "IdentityFile=\(Self.quote(file))"] }
    if let user = policy.user { argv += ["-l", user] }
    if let port = port ?? policy.port { argv += ["-p", String(port)] }
    return ProcessCommand(argv + ["--", address, HostScript.bootstrapCommand()], environment: environment)
  }

  /// ssh takes the first value it meets, and these come before its configuration files.
  private static let fixedOptions = [
    "BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "ServerAliveInterval=5",
    "ServerAliveCountMax=3", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no",
    "RemoteCommand=none", "RequestTTY=no", "LogLevel=INFO",
  ]

  /// A path as a word of ssh's configuration.
  private static func quote(_ path: String) -> String {
    "\"" + escape(path).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Paths in ssh's options have percent sequences of their own.
  private static func escape(_ path: String) -> String { path.replacing("%", with: "%%") }
}
