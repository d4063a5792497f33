internal import ChildProcesses
internal import PolicyFile
internal import RolloutCore

/// The instances that a policy means.
enum Inventory {
  /// How long the program of `instances: {command: …}` may take.
  static let commandTimeout = Duration.seconds(60)
  /// 10,000 hosts with long names and labels.
  static let outputLimit = 4 << 20

  static func instances(of document: PolicyDocument, in context: CommandContext) async throws(CommandFailure)
    -> [Instance]
  {
    let found: [Instance]
    switch document.policy.instances {
    case .listed(let instances): return instances
    case .file(let path): found = try read(path, in: context)
    case .command(let argv): found = try await run(argv, document.directory, in: context)
    }
    let doubts = document.parse.diagnose(found)
    if doubts.contains(where: { $0.severity == .error }) { throw rendered(doubts, in: context) }
    return found
  }

  private static func read(_ path: String, in context: CommandContext) throws(CommandFailure) -> [Instance] {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, limit: outputLimit) } catch {
      throw .invalid(
        "cannot read the hosts file \(path): \(error.detail)", next: "correct `instances: {file: …}` in the policy")
    }
    return try parse(bytes, path, in: context)
  }

  private static func run(_ argv: [String], _ directory: String, in context: CommandContext)
    async throws(CommandFailure) -> [Instance]
  {
    let name = argv.joined(separator: " ")
    let result = await ChildProcess.run(
      ProcessCommand(argv, workingDirectory: directory), timeout: commandTimeout, outputLimit: outputLimit)
    switch result {
    case .failure(let failure):
      throw .invalid("the inventory `\(name)` gave no hosts: \(failure)", next: "run it by hand in \(directory)")
    case .success(let ended):
      guard ended.status.isSuccess else {
        let words = String(decoding: ended.errorOutput.suffix(500), as: UTF8.self)
        let said = words.split(whereSeparator: \.isNewline).last.map { ": " + DisplayText.clean(String($0)) } ?? ""
        throw .invalid(
          "the inventory `\(name)` ended with \(ended.status)\(said)", next: "run it by hand in \(directory)")
      }
      guard !ended.isTruncated else {
        throw .invalid("the inventory `\(name)` printed more than \(outputLimit >> 20) MiB")
      }
      return try parse(ended.output, "output of \(name)", in: context)
    }
  }

  private static func parse(_ bytes: [UInt8], _ name: String, in context: CommandContext) throws(CommandFailure)
    -> [Instance]
  {
    let parse = HostsFile.parse(bytes, path: name)
    guard let instances = parse.instances else { throw rendered(parse.diagnostics, in: context) }
    return instances
  }

  private static func rendered(_ diagnostics: [Diagnostic], in context: CommandContext) -> CommandFailure {
    .invalid(DiagnosticRenderer.render(diagnostics, colour: context.palette(for: .notes).colour))
  }
}
