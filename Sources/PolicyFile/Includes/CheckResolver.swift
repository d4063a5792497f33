/// Follows the `include` items of a policy's checks, one deep.
struct CheckResolver {
  /// Distinct files; bounds time and memory.
  static let maximumFiles = 16

  struct CheckSet {
    var path: String
    var checks: [Decoded]
    var isWhole: Bool
  }

  let root: DecodedObject
  let reader: IncludeReader
  /// Of the policy and of the included files, in the order in which they were first included.
  private(set) var sinks: [DiagnosticSink]
  private(set) var files: [IncludedFile] = []
  private(set) var checks: [ResolvedCheck] = []
  /// False when some check could not be read.
  private(set) var isWhole = true
  private var sets: [CheckSet] = []

  init(root: DecodedObject, sink: DiagnosticSink, reader: IncludeReader) {
    self.root = root
    self.reader = reader
    sinks = [sink]
  }

  mutating func run() {
    guard let value = root["checks"] else {
      isWhole = !root.has("checks")
      return
    }
    isWhole = value.isWhole
    for item in value.list ?? [] {
      guard let object = item.object else { continue }
      if object.has("include") {
        include(object)
      } else {
        add(item, file: 0)
      }
    }
  }

  private mutating func add(_ item: Decoded, file: Int, changes: Decoded? = nil, inclusion: Span? = nil) {
    guard let object = item.object else { return }
    var layers = [ResolvedCheck.Layer(object: object, file: file)]
    if let changes = changes?.object { layers.insert(ResolvedCheck.Layer(object: changes, file: 0), at: 0) }
    let own = layers.count - 1
    var isWhole = item.isWhole && changes?.isWhole ?? true
    if let metrics = root["metrics"], !PolicySchema.sourceKeys.contains(where: object.has) {
      if let object = metrics.object { layers.append(ResolvedCheck.Layer(object: object, file: 0)) }
      isWhole = isWhole && metrics.isWhole
    } else if root.has("metrics"), root["metrics"] == nil {
      isWhole = false
    }
    checks.append(ResolvedCheck(layers: layers, own: own, inclusion: inclusion, isWhole: isWhole))
  }

  // MARK: - Inclusions

  private mutating func include(_ inclusion: DecodedObject) {
    guard let named = inclusion["include"], let path = named.text, let index = load(path, named.span) else {
      isWhole = false
      return
    }
    let set = sets[index]
    isWhole = isWhole && set.isWhole
    let changes = changes(inclusion)
    let names = set.checks.compactMap { $0.object?["name"]?.text }
    for change in changes where set.isWhole && !names.contains(change.name.text ?? "") {
      let near = NearestName.find(change.name.text ?? "", among: names)
      sinks[0].error(
        .unknownCheck, change.name.span, "`\(change.name.text ?? "")` is no check of \(set.path)",
        help: near.map { "did you mean `\($0)`?" } ?? "it has " + names.map { "`\($0)`" }.joined(separator: ", "))
    }
    for check in set.checks {
      let name = check.object?["name"]?.text
      add(
        check, file: index + 1, changes: changes.first { $0.name.text == name }?.value, inclusion: named.span)
    }
  }

  private func changes(_ inclusion: DecodedObject) -> [(name: Decoded, value: Decoded)] {
    guard case .dictionary(let pairs)? = inclusion["with"]?.value else { return [] }
    return pairs
  }

  /// Index among `sets` of a file that is included here for the first time; nil after reporting why there is none.
  private mutating func load(_ path: String, _ span: Span) -> Int? {
    guard sets.count < Self.maximumFiles else {
      sinks[0].error(
        .tooManyIncludes, span, "more than \(Self.maximumFiles) included files", help: "put the checks into fewer files"
      )
      return nil
    }
    switch reader.read(path) {
    case .failure(.outside(let directory)):
      sinks[0].error(
        .includeOutside, span, "`\(path.prefix(80))` leads out of \(directory)",
        help: "include files of the policy's own repository only")
      return nil
    case .failure(.unreadable(let detail)):
      sinks[0].error(
        .includeUnreadable, span, "cannot include `\(path.prefix(80))`: \(detail)",
        help: "the path is relative to the policy")
      return nil
    case .success(let file):
      if sets.contains(where: { $0.path == file.path }) {
        sinks[0].error(
          .duplicateName, span, "`\(path.prefix(80))` is included twice", help: "keep one; `with` changes its checks")
        return nil
      }
      files.append(file)
      sets.append(read(file))
      return sets.count - 1
    }
  }

  private mutating func read(_ file: IncludedFile) -> CheckSet {
    var sink = DiagnosticSink(source: SourceText(file.bytes, path: file.path))
    var decoded: Decoded?
    if var tree = SourceTree.compose(file.bytes, into: &sink) {
      Self.refuseNested(in: &tree, into: &sink)
      var decoder = SchemaDecoder(sink: sink)
      decoded = decoder.decode(tree, as: .object(PolicySchema.checkSet), for: "the file")
      sink = decoder.sink
    }
    let checks = decoded?.object?["checks"]?.list ?? []
    sinks.append(sink)
    return CheckSet(path: file.path, checks: checks, isWhole: decoded?.isWhole == true && !sink.hasErrors)
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
