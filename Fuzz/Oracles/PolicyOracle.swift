internal import FoundationEssentials
internal import RolloutCore
internal import Yams

@testable internal import PolicyFile

/// A policy, after it one file that it may include under any name.
enum PolicyOracle {
  static let mark = "=== include"

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let parts = input.parts(at: mark)
    let policy = parts[0]
    let included = parts.count > 1 ? parts[1] : nil
    let reader = IncludeReader { path in
      included.map { .success(IncludedFile(path: path, bytes: $0)) } ?? .failure(.unreadable("no such file"))
    }
    let parse = PolicyFile.parse(policy, path: "policy.yaml", including: reader)
    try require(
      (parse.policy == nil) == parse.diagnostics.contains { $0.severity == .error },
      "a policy beside errors, or neither")
    for diagnostic in parse.diagnostics {
      try Spans.check(diagnostic, in: diagnostic.path == "policy.yaml" ? policy : included ?? [])
    }
    try require(parse.diagnostics.count <= 51 * max(2, parse.sources.count), "\(parse.diagnostics.count) diagnostics")
    _ = DiagnosticRenderer.render(parse.diagnostics, colour: true)
    if let included { try checkSet(included) }
    try tree(policy)
    if let accepted = parse.policy { try stable(accepted, policy, reader) }
  }

  private static func checkSet(_ bytes: [UInt8]) throws(Violation) {
    for diagnostic in PolicyFile.diagnoseCheckSet(bytes, path: "checks.yaml") ?? [] {
      try Spans.check(diagnostic, in: bytes)
    }
  }

  /// What the journal keeps of a policy is all of it, and layout says nothing.
  private static func stable(_ policy: Policy, _ bytes: [UInt8], _ reader: IncludeReader) throws(Violation) {
    do {
      let again = try JSONDecoder().decode(Policy.self, from: JSONEncoder().encode(policy))
      try require(again == policy, "a policy that is another one after the journal")
    } catch let violation as Violation {
      throw violation
    } catch {
      throw Violation("a policy that cannot be kept: \(error)")
    }
    let commented = PolicyFile.parse(bytes + Array("\n# the end\n".utf8), path: "policy.yaml", including: reader)
    try require(bytes.count > 200_000 || commented.policy == policy, "a comment at the end changes the policy")
    guard let printed = TreePrinter.print(bytes), printed.utf8.count < 200_000,
      printed.split(separator: "\n").allSatisfy({ $0.utf8.count < 8000 })
    else { return }
    let parsed = PolicyFile.parse(Array(printed.utf8), path: "printed.yaml", including: reader)
    try require(
      parsed.policy == policy,
      "another policy from the same values: \(parsed.diagnostics.first.map(DiagnosticRenderer.renderLine) ?? "")")
  }

  /// What the guard lets through is to the YAML library the same document, with nothing in it that was to be refused.
  private static func tree(_ bytes: [UInt8]) throws(Violation) {
    var sink = DiagnosticSink(source: SourceText(bytes, path: "policy.yaml"))
    guard let tree = SourceTree.compose(bytes, into: &sink), !sink.hasErrors else { return }
    let documents: [Node]
    do {
      documents = try Array(Yams.compose_all(yaml: bytes.text, Resolver.basic, .default, .utf8))
    } catch { throw Violation("accepted, and no YAML: \(error)") }
    try require(documents.count == 1, "\(documents.count) documents pass for one")
    try same(tree, documents[0])
  }

  private static func same(_ ours: SourceNode, _ theirs: Node) throws(Violation) {
    try require(theirs.anchor == nil, "an anchor is let through")
    switch (ours.content, theirs) {
    case (.scalar(let text, _), .scalar(let scalar)):
      try require(text == scalar.string, "`\(text)` for `\(scalar.string)`")
    case (.missing, .scalar(let scalar)): try require(scalar.string.isEmpty, "`\(scalar.string)` is missed")
    case (.sequence(let a), .sequence(let b)):
      try require(a.count == b.count, "\(a.count) of \(b.count) items")
      for (one, other) in zip(a, b) { try same(one, other) }
    case (.mapping(let a), .mapping(let b)):
      try require(a.count == b.count, "\(a.count) of \(b.count) keys")
      for (entry, pair) in zip(a, b) {
        try require(entry.key == pair.key.string, "the key `\(entry.key)` for `\(pair.key.string ?? "")`")
        try same(entry.value, pair.value)
      }
    default: throw Violation("\(ours.shape) for another thing")
    }
  }
}
