public import RolloutCore

/// A policy file as it was read.
public struct PolicyParse: Sendable {
  /// Nil exactly when there is an error among `diagnostics`.
  public var policy: Policy?
  /// Errors and warnings in the order of the file.
  public var diagnostics: [Diagnostic]
  let root: DecodedObject?
  let source: SourceText

  public var hasErrors: Bool { policy == nil }

  /// What only shows when the instances are known: for policies that take them from a file or a command. Empty for
  /// a policy that lists them, which was checked while it was read.
  public func diagnose(_ instances: [Instance]) -> [Diagnostic] {
    guard let root, root["instances"]?.list == nil else { return [] }
    var lint = PolicyLint(root: root, sink: DiagnosticSink(source: source))
    lint.checkInstances(instances)
    return lint.sink.sorted()
  }

  /// A probe or a check by its index in the policy.
  public enum ObservationPlace: Hashable, Sendable {
    case probe(Int)
    case check(Int)
  }

  /// The error that the address written there is never asked, or nil where the file has no such place.
  public func refused(_ place: ObservationPlace, _ message: String) -> Diagnostic? {
    let (key, index) =
      switch place {
      case .probe(let index): ("probes", index)
      case .check(let index): ("checks", index)
      }
    guard let item = root?[key]?.list?.dropFirst(index).first, let object = item.object else { return nil }
    let address = object["http"] ?? object["tcp"] ?? object["scrape"] ?? item
    var sink = DiagnosticSink(source: source)
    sink.error(.refusedAddress, address.span, message, help: "write `{host}` where the host stands")
    return sink.diagnostics.first
  }
}

/// Reads policy files: YAML with types from the schema only, refused with places and reasons where it is anything else.
public enum PolicyFile {
  /// Reads a policy out of the bytes of a file. Pure; never fails other than by diagnostics. `path` is only shown.
  /// Time and stack are bounded for every input.
  public static func parse(_ bytes: [UInt8], path: String) -> PolicyParse {
    let source = SourceText(bytes, path: path)
    var sink = DiagnosticSink(source: source)
    guard let tree = SourceTree.compose(bytes, into: &sink) else { return failed(source, sink) }
    guard case .mapping = tree.content else {
      if case .reported = tree.content { return failed(source, sink) }
      sink.error(
        .wrongShape, tree.span, "the file is \(tree.shape), not a policy",
        help: "start from `policies/reference.yaml`, which documents every key")
      return failed(source, sink)
    }
    var decoder = SchemaDecoder(sink: sink)
    let decoded = decoder.decode(tree, as: .object(PolicySchema.root), for: "policy")
    guard let root = decoded?.object else { return failed(source, decoder.sink) }
    var lint = PolicyLint(root: root, sink: decoder.sink)
    lint.run()
    let policy = lint.sink.hasErrors ? nil : PolicyBuilder(root: root).build()
    return PolicyParse(policy: policy, diagnostics: lint.sink.sorted(), root: root, source: source)
  }

  private static func failed(_ source: SourceText, _ sink: DiagnosticSink) -> PolicyParse {
    PolicyParse(policy: nil, diagnostics: sink.sorted(), root: nil, source: source)
  }
}
