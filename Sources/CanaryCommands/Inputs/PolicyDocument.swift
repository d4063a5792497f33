internal import PolicyFile
internal import RolloutCore

/// A valid policy with the place it came from; every path in it is absolute.
struct PolicyDocument: Sendable {
  var policy: Policy
  /// SHA-256 of the file's bytes; with included files, of the digests of all of them.
  var digest: Digest
  var path: String
  /// As the person named it.
  var shownPath: String
  var warnings: [Diagnostic]
  /// Finds what only shows once the instances are known.
  var parse: PolicyParse

  /// Directory that the policy's relative paths start from.
  var directory: String { Paths.directory(of: path) }

  /// Reads and checks. An invalid policy is a failure that shows every diagnostic.
  static func read(_ path: String, shownAs name: String, in context: CommandContext) throws(CommandFailure)
    -> PolicyDocument
  {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, limit: 1 << 20) } catch {
      throw .invalid("cannot read the policy \(name): \(error.detail)", next: "name the file with --policy FILE")
    }
    let parse = PolicyFile.parse(bytes, path: name, including: .beside(policy: path, shownAs: name))
    guard let policy = parse.policy else {
      let colour = context.palette(for: .notes).colour
      throw .invalid(DiagnosticRenderer.render(parse.diagnostics, colour: colour))
    }
    return PolicyDocument(
      policy: policy.anchored(at: Paths.directory(of: path)), digest: digest(bytes, parse.included),
      path: path, shownPath: name, warnings: parse.diagnostics, parse: parse)
  }

  /// A changed included file is a changed policy.
  private static func digest(_ bytes: [UInt8], _ included: [IncludedFile]) -> Digest {
    guard !included.isEmpty else { return Digest(SHA256Sum.of(bytes)) }
    let parts = [bytes] + included.map(\.bytes)
    return Digest(SHA256Sum.of(parts.flatMap { SHA256Sum.of($0).utf8 }))
  }
}

extension Policy {
  /// The same policy with every path of this machine made absolute, since a rollout outlives the directory it was
  /// started in.
  func anchored(at directory: String) -> Policy {
    var policy = self
    policy.release.artifact = Paths.join(directory, release.artifact)
    policy.release.sha256 = release.sha256.map { Paths.join(directory, $0) }
    if case .file(let name) = instances { policy.instances = .file(Paths.join(directory, name)) }
    if case .ssh(var ssh) = transport {
      // `none` is ssh's own word for no file at all.
      ssh.configFile = ssh.configFile.map { $0 == "none" ? $0 : Self.anchor($0, directory) }
      ssh.identityFile = ssh.identityFile.map { Self.anchor($0, directory) }
      ssh.knownHostsFile = ssh.knownHostsFile.map { Self.anchor($0, directory) }
      policy.transport = .ssh(ssh)
    }
    for index in policy.checks.indices {
      guard case .command(var command) = policy.checks[index].source else { continue }
      command.directory = directory
      policy.checks[index].source = .command(command)
    }
    return policy
  }

  /// ssh itself knows what `~` means.
  private static func anchor(_ path: String, _ directory: String) -> String {
    path.hasPrefix("~") ? path : Paths.join(directory, path)
  }

  /// This policy with the other one's paths of this machine: the same file read in another checkout.
  func takingPaths(from other: Policy) -> Policy {
    var policy = self
    policy.release.artifact = other.release.artifact
    policy.release.sha256 = other.release.sha256
    if case .file = instances, case .file = other.instances { policy.instances = other.instances }
    if case .ssh(var mine) = transport, case .ssh(let theirs) = other.transport {
      mine.configFile = theirs.configFile
      mine.identityFile = theirs.identityFile
      mine.knownHostsFile = theirs.knownHostsFile
      policy.transport = .ssh(mine)
    }
    for (index, check) in other.checks.enumerated() where index < checks.count {
      guard case .command(let theirs) = check.source, case .command(var mine) = checks[index].source else { continue }
      mine.directory = theirs.directory
      policy.checks[index].source = .command(mine)
    }
    return policy
  }
}
