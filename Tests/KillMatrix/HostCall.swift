import Foundation

/// One call with which a host's script, or a tool that it runs, changes the disk.
public struct HostCall: Hashable, Sendable {
  var number: Int
  var operation: String
  var path: String

  static func read(_ path: String) -> [HostCall] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count == 3, let number = Int(words[0]) else { return nil }
      return HostCall(number: number, operation: String(words[1]), path: String(words[2]))
    }.sorted { $0.number < $1.number }
  }

  /// The path as seen from the service's directory, digits of processes left out.
  var place: String {
    let inner = path.components(separatedBy: "/srv/").dropFirst().joined(separator: "/srv/")
    return inner.replacing(#/\.[0-9]+(?=\.|$|/)/#, with: "").replacing(#/r?[0-9a-z]*-?[0-9]{6,}[-0-9a-z]*/#, with: "ID")
  }
}

extension [HostCall] {
  /// A step whose command may have run at the call `number` while its outcome was not on disk: `activate-1` of a host's
  /// directory, say. A repeat is then the only way to know that it was done.
  func commandInDoubt(at number: Int, in directory: String) -> String? {
    var open: String?
    for call in self where call.number <= number && call.path.hasPrefix(directory) {
      let name = call.path.split(separator: "/").last.map(String.init) ?? ""
      if name.hasSuffix(".output"), call.operation == "open" { open = String(name.dropLast(7)) }
      if let step = open, name == step + ".outcome", call.operation == "rename", call.number < number { open = nil }
    }
    return open
  }
}
