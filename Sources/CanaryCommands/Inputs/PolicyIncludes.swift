internal import PolicyFile

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension IncludeReader {
  /// Longest included file that is read; the parser refuses it well before.
  private static let limit = 1 << 20

  /// Reads files beside the policy at the absolute `path`, as long as they lie, after every link is followed, in the
  /// policy's repository: the nearest directory above it with `.git`, else its own directory.
  static func beside(policy path: String, shownAs name: String) -> IncludeReader {
    let directory = Paths.directory(of: path)
    let shown = name.contains("/") ? Paths.directory(of: name) + "/" : ""
    return IncludeReader { relative in
      let parts = relative.split(separator: "/").filter { $0 != "." }
      guard let base = realPath(directory) else { return .failure(.unreadable("no directory \(directory)")) }
      let root = repository(above: base)
      let plain = parts.joined(separator: "/")
      guard let target = realPath(Paths.join(base, plain)) else {
        return .failure(.unreadable(Files.Failure(errno).detail))
      }
      guard root == "/" || target.hasPrefix(root + "/") else { return .failure(.outside(root)) }
      guard Files.isRegular(target) else { return .failure(.unreadable("not a regular file")) }
      do throws(Files.Failure) {
        return .success(IncludedFile(path: shown + plain, bytes: try Files.read(target, limit: limit)))
      } catch {
        return .failure(.unreadable(error.detail))
      }
    }
  }

  private static func repository(above directory: String) -> String {
    var candidate = directory
    while !Files.exists(Paths.join(candidate, ".git")) {
      if candidate == "/" || candidate == "." { return directory }
      candidate = Paths.directory(of: candidate)
    }
    return candidate
  }

  /// Absolute and without links; nil with `errno` where there is nothing.
  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
