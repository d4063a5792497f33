@testable internal import PolicyFile

/// Writes a document's values in another layout: block style, text in double quotes, plain values as they were.
enum TreePrinter {
  /// Nil for what is no document without errors.
  static func print(_ bytes: [UInt8]) -> String? {
    var sink = DiagnosticSink(source: SourceText(bytes, path: "policy.yaml"))
    guard let tree = SourceTree.compose(bytes, into: &sink), !sink.hasErrors else { return nil }
    return block(tree, indent: 0).map { $0.hasPrefix("\n") ? String($0.dropFirst()) : $0 }
  }

  /// What stands behind `key:` or `-`.
  private static func block(_ node: SourceNode, indent: Int) -> String? {
    let margin = "\n" + String(repeating: " ", count: indent)
    switch node.content {
    case .reported: return nil
    case .missing: return ""
    case .scalar(let text, let isPlain): return isPlain ? " " + text : " " + quoted(text)
    case .sequence(let items):
      if items.isEmpty { return " []" }
      var text = ""
      for item in items {
        guard let inner = block(item, indent: indent + 2) else { return nil }
        text += margin + "-" + inner
      }
      return text
    case .mapping(let entries):
      if entries.isEmpty { return " {}" }
      var text = ""
      for entry in entries {
        guard let inner = block(entry.value, indent: indent + 2) else { return nil }
        text += margin + quoted(entry.key) + ":" + inner
      }
      return text
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
