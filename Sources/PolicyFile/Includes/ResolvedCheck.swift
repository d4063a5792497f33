/// A place in one of the files of a policy.
struct Place: Hashable, Sendable {
  /// 0 is the policy, n the n-th included file.
  var file: Int
  var span: Span
}

/// A check as a policy has it: written there, or taken from an included file and changed; with the policy's `metrics`
/// where it has no source of its own.
struct ResolvedCheck: Sendable {
  struct Layer: Sendable {
    var object: DecodedObject
    var file: Int
  }

  /// The first that has a key decides.
  var layers: [Layer]
  /// Index of the layer that the check itself is.
  var own: Int
  /// Where the policy names the file that the check was taken from.
  var inclusion: Span?
  /// False when a part was refused, so that nothing may be concluded from what is missing.
  var isWhole: Bool

  subscript(key: String) -> Decoded? { layer(key)?.object[key] }
  func has(_ key: String) -> Bool { layer(key) != nil }

  /// Where the value of `key` stands, else the key.
  func place(_ key: String) -> Place? {
    guard let layer = layer(key), let span = layer.object[key]?.span ?? layer.object.keySpan(key) else { return nil }
    return Place(file: layer.file, span: span)
  }

  /// Where the check begins.
  var place: Place { Place(file: layers[own].file, span: layers[own].object.span) }

  private func layer(_ key: String) -> Layer? { layers.first { $0.object.has(key) } }

  /// The key of its source, with its value.
  var source: (key: String, value: Decoded)? {
    for key in PolicySchema.sourceKeys {
      if let value = self[key] { return (key, value) }
    }
    return nil
  }

  /// The keys that name a metric, with what they name.
  var metrics: [(key: String, value: Decoded)] {
    PolicySchema.metricKeys.compactMap { key in self[key].map { (key, $0) } }
  }
}
