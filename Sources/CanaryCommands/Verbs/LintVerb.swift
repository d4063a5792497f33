internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore

struct LintVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check policy files; says everything that is wrong at once.",
    discussion:
      "Reads files only: no host is asked and no inventory command is run. Exits with 65 when a file has errors.")

  @Argument(
    help: ArgumentHelp("Policy files; - is standard input. Default: the policy found here.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var files: [String] = []

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    var found: [Diagnostic] = []
    var clean: [String] = []
    for name in try names(in: session) {
      let file = try read(name, in: context)
      let set = PolicyFile.diagnoseCheckSet(file.bytes, path: file.shown)
      let diagnostics: [Diagnostic]
      if let set { diagnostics = set } else { diagnostics = try check(file, name, in: context) }
      found += diagnostics
      if diagnostics.isEmpty { clean.append(set == nil ? name : "\(name) (checks to include)") }
    }
    let palette = session.palette
    let good = clean.map { palette.paint("ok", .good) + "  \($0)\n" }.joined()
    session.answer(
      text: good + DiagnosticRenderer.render(found, colour: palette.colour), json: .array(found.map(\.json)))
    return found.contains { $0.severity == .error } ? .invalidPolicy : .succeeded
  }

  private func names(in session: Session) throws(CommandFailure) -> [String] {
    if !files.isEmpty { return files }
    if let named = session.policyPath { return [named] }
    let context = session.context
    if let name = PolicySearch.names.first(where: { Files.exists(context.absolute($0)) }) { return [name] }
    let policies = Files.names(in: context.absolute("policies"))
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    if policies.isEmpty { _ = try session.policies.find(service: nil) }
    return policies.map { "policies/\($0)" }
  }

  private struct Input {
    var bytes: [UInt8]
    var path: String
    var shown: String
  }

  private func read(_ name: String, in context: CommandContext) throws(CommandFailure) -> Input {
    let path = name == "-" ? name : context.absolute(name)
    do {
      return Input(
        bytes: try Files.read(path, limit: 1 << 20), path: path, shown: name == "-" ? "(standard input)" : name)
    } catch {
      throw .invalid("cannot read \(name): \(error.detail)")
    }
  }

  private func check(
    _ file: Input, _ name: String, in context: CommandContext
  ) throws(CommandFailure) -> [Diagnostic] {
    let parse = PolicyFile.parse(
      file.bytes, path: file.shown, including: .beside(policy: context.absolute(name), shownAs: name))
    if let policy = parse.policy, case .listed(let instances) = policy.instances {
      return parse.diagnostics + misled(policy, instances, in: parse)
    }
    guard case .file(let list)? = parse.policy?.anchored(at: Paths.directory(of: file.path)).instances else {
      return parse.diagnostics
    }
    guard let hosts = try? Files.read(list, limit: Inventory.outputLimit) else {
      throw .invalid("cannot read the hosts file \(list), which \(name) names under `instances`")
    }
    let listed = HostsFile.parse(hosts, path: list)
    guard let policy = parse.policy, let instances = listed.instances else {
      return parse.diagnostics + listed.diagnostics
    }
    let doubts = parse.diagnose(instances)
    let isClear = !doubts.contains { $0.severity == .error }
    return parse.diagnostics + listed.diagnostics + doubts + (isClear ? misled(policy, instances, in: parse) : [])
  }

  private func misled(_ policy: Policy, _ instances: [Instance], in parse: PolicyParse) -> [Diagnostic] {
    AddressRefusal.all(in: policy, on: instances).compactMap { parse.refused($0.place, $0.text) }
  }
}

extension Diagnostic {
  var json: JSONText {
    .object([
      ("path", .string(path)), ("line", .count(line)), ("column", .count(column)), ("length", .count(length)),
      ("severity", .string(severity.rawValue)), ("code", .string(code.rawValue)), ("message", .string(message)),
      ("help", .text(help)),
    ])
  }
}
