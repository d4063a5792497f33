public import RolloutCore

/// A policy file as it was read.
public struct PolicyParse: Sendable {
  /// Nil exactly when there is an error among `diagnostics`.
  public var policy: Policy?
  /// Errors and warnings in the order of the file, then those of each included file.
  public var diagnostics: [Diagnostic]
  /// The files whose checks became a part of the policy, in the order in which it names them.
  public var included: [IncludedFile]
  let root: DecodedObject?
  let checks: [ResolvedCheck]
  /// Of the policy and of each included file.
  let sources: [SourceText]

  public var hasErrors: Bool { policy == nil }

  /// What only shows when the instances are known: for policies that take them from a file or a command. Empty for
  /// a policy that lists them, which was checked while it was read.
  public func diagnose(_ instances: [Instance]) -> [Diagnostic] {
    guard let root, root["instances"]?.list == nil else { return [] }
    var lint = PolicyLint(root: root, checks: checks, sinks: sources.map { DiagnosticSink(source: $0) })
    lint.checkInstances(instances)
    return lint.diagnostics
  }

  /// A probe or a check by its index in the policy.
  public enum ObservationPlace: Hashable, Sendable {
    case probe(Int)
    case check(Int)
  }

  /// The error that the address written there is never asked, or nil where the file has no such place.
  public func refused(_ place: ObservationPlace, _ message: String) -> Diagnostic? {
    guard let (address, isOfInstance) = address(place) else { return nil }
    var sink = DiagnosticSink(source: sources[address.file])
    let help = isOfInstance ? "write `{host}` where the host stands" : nil
    sink.error(.refusedAddress, address.span, message, help: help)
    return sink.diagnostics.first
  }

  private func address(_ place: ObservationPlace) -> (place: Place, isOfInstance: Bool)? {
    switch place {
    case .probe(let index):
      guard let item = root?["probes"]?.list?.dropFirst(index).first, let object = item.object else { return nil }
      return (Place(file: 0, span: (object["http"] ?? object["tcp"] ?? item).span), true)
    case .check(let index):
      guard let check = checks.dropFirst(index).first else { return nil }
      guard let key = check.source?.key, let place = check.place(key) else { return (check.place, false) }
      return (place, key == "scrape" || key == "http")
    }
  }
}

/// Reads policy files: YAML with types from the schema only, refused with places and reasons where it is anything else.
public enum PolicyFile {
  /// Reads a policy out of the bytes of a file and what it includes. Never fails other than by diagnostics, and touches
  /// no file itself. `path` is only shown. Time and stack are bounded for every input.
  public static func parse(_ bytes: [UInt8], path: String, including reader: IncludeReader = .none) -> PolicyParse {
    let source = SourceText(bytes, path: path)
    var sink = DiagnosticSink(source: source)
    guard let tree = SourceTree.compose(bytes, into: &sink) else { return failed(sink) }
    guard case .mapping = tree.content else {
      if case .reported = tree.content { return failed(sink) }
      sink.error(
        .wrongShape, tree.span, "the file is \(tree.shape), not a policy",
        help: "start from `policies/reference.yaml`, which documents every key")
      return failed(sink)
    }
    var decoder = SchemaDecoder(sink: sink)
    let decoded = decoder.decode(tree, as: .object(PolicySchema.root), for: "policy")
    guard let root = decoded?.object else { return failed(decoder.sink) }
    var resolver = CheckResolver(root: root, sink: decoder.sink, reader: reader)
    resolver.run()
    var lint = PolicyLint(root: root, checks: resolver.checks, sinks: resolver.sinks)
    lint.checksAreWhole = resolver.isWhole
    lint.run()
    let builder = PolicyBuilder(root: root, checks: resolver.checks)
    return PolicyParse(
      policy: lint.hasErrors ? nil : builder.build(), diagnostics: lint.diagnostics, included: resolver.files,
      root: root, checks: resolver.checks, sources: resolver.sinks.map(\.source))
  }

  /// What is wrong in a file that policies include, by itself; nil where the document is no set of checks. A policy may
  /// still find more, since it says where the numbers come from and which labels there are.
  public static func diagnoseCheckSet(_ bytes: [UInt8], path: String) -> [Diagnostic]? {
    var sink = DiagnosticSink(source: SourceText(bytes, path: path))
    guard let tree = SourceTree.compose(bytes, into: &sink), CheckSet.isMeant(by: tree) else { return nil }
    let set = CheckSet.decode(tree, path: path, into: &sink)
    let checks = set.checks.compactMap { item in
      item.object.map { ResolvedCheck(layers: [.init(object: $0, file: 0)], own: 0, isWhole: item.isWhole) }
    }
    var lint = PolicyLint(root: DecodedObject(span: tree.span, entries: []), checks: checks, sinks: [sink])
    lint.checkEach()
    return lint.diagnostics
  }

  private static func failed(_ sink: DiagnosticSink) -> PolicyParse {
    PolicyParse(
      policy: nil, diagnostics: sink.sorted(), included: [], root: nil, checks: [], sources: [sink.source])
  }
}
