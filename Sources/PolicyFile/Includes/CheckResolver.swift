/// Follows the `include` items of a policy's checks, one deep.
struct CheckResolver {
  /// Distinct files; bounds time and memory.
  static let maximumFiles = 16

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
    let names = set.checks.compactMap { $0.object?["name"]?.text }
    let changes = changes(inclusion, of: names, in: set)
    for check in set.checks {
      let change = check.object?["name"]?.text.flatMap { changes[$0] }
      add(check, file: index + 1, changes: change, inclusion: named.span)
    }
  }

  /// By the name of the check. Reports names that the file has not.
  private mutating func changes(
    _ inclusion: DecodedObject, of names: [String], in set: CheckSet
  ) -> [String: Decoded] {
    guard case .dictionary(let pairs)? = inclusion["with"]?.value else { return [:] }
    let known = Set(names)
    var changes: [String: Decoded] = [:]
    for (name, value) in pairs {
      guard let text = name.text else { continue }
      changes[text] = value
      guard set.isWhole, !known.contains(text), !sinks[0].isFull else { continue }
      let near = NearestName.find(text, among: Array(names.prefix(SchemaDecoder.comparedKeys)))
      let list = names.prefix(8).map { "`\($0.prefix(64))`" }.joined(separator: ", ")
      sinks[0].error(
        .unknownCheck, name.span, "`\(text.prefix(64))` is no check of \(set.path)",
        help: near.map { "did you mean `\($0)`?" } ?? "it has \(list)\(names.count > 8 ? " and others" : "")")
    }
    return changes
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
      var sink = DiagnosticSink(source: SourceText(file.bytes, path: file.path))
      let set = CheckSet.read(file.bytes, path: file.path, into: &sink)
      files.append(file)
      sets.append(set)
      sinks.append(sink)
      return sets.count - 1
    }
  }
}
