internal import PolicyFile
internal import RolloutCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The file that a release is pushed from.
enum Artifact {
  private static let hole = "{version}"

  /// The release as the policy's files have it. The digest is computed from the artifact, and where the policy names a
  /// digest file, the two must agree.
  static func release(_ version: Version, of policy: Policy) throws(CommandFailure) -> Release {
    let path = expand(policy.release.artifact, version)
    let computed = try digest(of: path, version, policy)
    if let template = policy.release.sha256 {
      let listed = try listedDigest(in: expand(template, version), for: Paths.name(of: path))
      guard listed == computed else {
        throw .invalid(
          "the artifact \(path) has SHA-256 \(computed), \(expand(template, version)) names \(listed)",
          next: "build or download the artifact again; do not start from a file that is not what was published")
      }
    }
    return Release(version: version, digest: computed, artifact: path)
  }

  static func expand(_ template: String, _ version: Version) -> String {
    var parts: [Substring] = []
    var rest = template[...]
    while let range = firstHole(in: rest) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return (parts + [rest]).joined(separator: version.text)
  }

  private static func firstHole(in text: Substring) -> Range<Substring.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(hole) { return start..<text.index(start, offsetBy: hole.count) }
      start = text.index(after: start)
    }
    return nil
  }

  /// Versions whose artifacts lie where the policy says.
  static func versions(of policy: Policy) -> [String] {
    let template = policy.release.artifact
    let name = Paths.name(of: template)[...]
    guard let range = firstHole(in: name) else { return [] }
    let (prefix, suffix) = (name[..<range.lowerBound], name[range.upperBound...])
    return Files.names(in: Paths.directory(of: template)).compactMap { entry in
      guard entry.hasPrefix(prefix), entry.hasSuffix(suffix), entry.count > prefix.count + suffix.count else {
        return nil
      }
      let version = String(entry.dropFirst(prefix.count).dropLast(suffix.count))
      return VersionGrammar.accepts(version) ? version : nil
    }
  }

  private static func digest(of path: String, _ version: Version, _ policy: Policy) throws(CommandFailure) -> Digest {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw missing(path, Files.Failure(errno), version, policy) }
    defer { close(descriptor) }
    var hash = SHA256Sum()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count == 0 { return Digest(hash.text()) }
      if count > 0 {
        buffer.withUnsafeBytes { hash.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      } else if errno != EINTR {
        throw .broken("cannot read the artifact \(path): \(Files.Failure(errno).detail)")
      }
    }
  }

  private static func missing(_ path: String, _ failure: Files.Failure, _ version: Version, _ policy: Policy)
    -> CommandFailure
  {
    var next: [String] = []
    let known = versions(of: policy)
    if let near = NearestName.find(version.text, among: known) { next.append("did you mean `\(near)`?") }
    if !known.isEmpty { next.append("versions there: " + known.suffix(8).joined(separator: ", ")) }
    next.append("build the artifact, or correct `release: {artifact: …}` in the policy")
    return .init(.refused, "no artifact of \(version): \(path): \(failure.detail)", next: next)
  }

  // MARK: Digest files

  private static func listedDigest(in path: String, for name: String) throws(CommandFailure) -> Digest {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, limit: 1 << 20) } catch {
      throw .refused(
        "cannot read the digest file \(path): \(error.detail)",
        next: "make it with `sha256sum \(name) > \(Paths.name(of: path))`, or leave `sha256` out of the policy")
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let entries = lines.compactMap { DigestLine($0) }
    if let entry = entries.first(where: { $0.name == name }) { return entry.digest }
    if lines.count == 1, let only = entries.first, only.name == nil { return only.digest }
    throw .invalid(
      "\(path) has no SHA-256 of \(name)",
      next: "make it with `sha256sum \(name) > \(Paths.name(of: path))` in the artifact's directory")
  }
}

/// A line of a digest file: `sha256sum`'s `<hex>  <name>` and `<hex> *<name>`, its `--tag` form `SHA256 (<name>) =
/// <hex>`, or a digest alone.
struct DigestLine: Hashable, Sendable {
  /// Base name of the file; nil for a digest alone.
  var name: String?
  var digest: Digest

  init?(_ line: some StringProtocol) {
    let text = line.trimmingSpaces
    if text.hasPrefix("SHA256 ("), let close = text.range(ofLast: ") = ") {
      guard let digest = Self.digest(text[close.upperBound...]) else { return nil }
      self.digest = digest
      name = Paths.name(of: String(text[..<close.lowerBound].dropFirst("SHA256 (".count)))
      return
    }
    let first = text.prefix { $0 != " " && $0 != "\t" }
    guard let digest = Self.digest(first) else { return nil }
    self.digest = digest
    let rest = text.dropFirst(first.count).drop { $0 == " " || $0 == "\t" }
    let named = rest.first == "*" ? rest.dropFirst() : rest
    name = named.isEmpty ? nil : Paths.name(of: String(named))
  }

  private static func digest(_ text: some StringProtocol) -> Digest? {
    let lower = text.lowercased()
    guard lower.utf8.count == 64, lower.utf8.allSatisfy({ Character(.init($0)).isHexDigit }) else { return nil }
    return Digest(lower)
  }
}

extension StringProtocol {
  var trimmingSpaces: String {
    let start = drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
  }
}

extension String {
  /// Where `needle` stands last.
  func range(ofLast needle: String) -> Range<String.Index>? {
    var index = endIndex
    while index > startIndex {
      index = self.index(before: index)
      if self[index...].hasPrefix(needle) { return index..<self.index(index, offsetBy: needle.count) }
    }
    return nil
  }
}
