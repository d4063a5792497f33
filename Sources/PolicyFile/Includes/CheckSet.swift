/// The checks of a file that policies include.
struct CheckSet {
  var path: String
  var checks: [Decoded]
  /// False when some check could not be read.
  var isWhole: Bool

  static func read(_ bytes: [UInt8], path: String, into sink: inout DiagnosticSink) -> CheckSet {
    guard let tree = SourceTree.compose(bytes, into: &sink) else {
      return CheckSet(path: path, checks: [], isWhole: false)
    }
    return decode(tree, path: path, into: &sink)
  }

  static func decode(_ tree: SourceNode, path: String, into sink: inout DiagnosticSink) -> CheckSet {
    var tree = tree
    refuseNested(in: &tree, into: &sink)
    var decoder = SchemaDecoder(sink: sink)
    let decoded = decoder.decode(tree, as: .object(PolicySchema.checkSet), for: "the file")
    sink = decoder.sink
    let checks = decoded?.object?["checks"]?.list ?? []
    return CheckSet(path: path, checks: checks, isWhole: decoded?.isWhole == true && !sink.hasErrors)
  }

  /// Whether a document is one: it has checks and no other key of a policy.
  static func isMeant(by tree: SourceNode) -> Bool {
    guard case .mapping(let entries) = tree.content else { return false }
    let known = Set(entries.map(\.key)).filter { PolicySchema.root.field($0) != nil }
    return known == ["checks"]
  }

  private static func refuseNested(in tree: inout SourceNode, into sink: inout DiagnosticSink) {
    guard case .mapping(var entries) = tree.content,
      let index = entries.firstIndex(where: { $0.key == "checks" }),
      case .sequence(var items) = entries[index].value.content
    else { return }
    for (position, item) in items.enumerated() {
      guard case .mapping(let keys) = item.content, let key = keys.first(where: { $0.key == "include" }) else {
        continue
      }
      sink.error(
        .nestedInclude, key.keySpan, "an include in an included file", help: "include each file in the policy itself")
      items[position].content = .reported
    }
    entries[index].value.content = .sequence(items)
    tree.content = .mapping(entries)
  }
}
