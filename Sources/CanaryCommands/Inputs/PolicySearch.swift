internal import PolicyFile
internal import RolloutCore

/// Which file is meant when none is named.
struct PolicySearch {
  let context: CommandContext
  /// What `--policy` said.
  var named: String?

  /// In the working directory, in this order.
  static let names = ["canary.yaml", "canary.yml", ".canary.yaml"]

  static func names(for service: String?) -> [String] {
    names + (service.map { ["policies/\($0).yaml", "policies/\($0).yml"] } ?? [])
  }

  /// The policy for `service`, or the directory's when nil.
  func find(service: String?) throws(CommandFailure) -> PolicyDocument {
    if let named {
      let document = try read(named)
      if let service, document.policy.service != service { throw otherService(service, [document]) }
      return document
    }
    var others: [PolicyDocument] = []
    for name in Self.names(for: service) where Files.exists(context.absolute(name)) {
      let document = try read(name)
      guard let service, document.policy.service != service else { return document }
      others.append(document)
    }
    if let service, !others.isEmpty { throw otherService(service, others) }
    throw missing(service)
  }

  /// The service that the directory is about; nil when no policy is found or it cannot be read.
  func service() -> String? { try? find(service: nil).policy.service }

  func read(_ name: String) throws(CommandFailure) -> PolicyDocument {
    try PolicyDocument.read(context.absolute(name), shownAs: name, in: context)
  }

  private func otherService(_ service: String, _ found: [PolicyDocument]) -> CommandFailure {
    let list = found.map { "\($0.shownPath) is about \($0.policy.service)" }.joined(separator: ", ")
    let near = NearestName.find(service, among: found.map(\.policy.service))
    let hint = near.map { "did you mean `\($0)`?" } ?? "name the policy of \(service) with --policy FILE"
    return .refused("no policy for the service \(service): \(list)", next: hint)
  }

  private func missing(_ service: String?) -> CommandFailure {
    let policies = Files.names(in: context.absolute("policies")).filter {
      $0.hasSuffix(".yaml") || $0.hasSuffix(".yml")
    }
    let known = policies.map { String($0[..<($0.lastIndex(of: ".") ?? $0.endIndex)]) }
    let looked = Self.names(for: service).joined(separator: ", ")
    var next: [String] = []
    if let service, let near = NearestName.find(service, among: known) { next.append("did you mean `\(near)`?") }
    next.append("name a policy file with --policy FILE, or run the command where one is")
    return .init(.invalidPolicy, "no policy found in \(context.directory): looked for \(looked)", next: next)
  }
}
