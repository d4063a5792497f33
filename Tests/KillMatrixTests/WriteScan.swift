import Foundation

/// Finds what changes a journal or a host's disk in the text of the sources.
enum WriteScan {
  /// How often each of `words` is in the code of a file, comments left out.
  static func count(_ words: [String], in text: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    for line in text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
      for word in words {
        let found = line.ranges(of: word).count
        if found > 0 { counts[word, default: 0] += found }
      }
    }
    return counts
  }

  /// Programs and functions of the script with which it changes the disk, and redirections into files.
  private static var hostWrite: Regex<Substring> {
    #/
    (?:^|[\s;&|(!{])
    (?:mv|ln|rm|mkdir|chmod|mktemp|sync|tar\ -x\S*|replace|replace_both|remove_tree|sync_path|sync_tree|write_fence
    |claim|keep_success|keep_failure)(?:[\s;]|$) | [0-9&]?>>?"?\$
    /#
  }

  /// Lines that change the disk, by the function that they are in.
  static func hostWrites(in script: String) -> [String: Int] {
    let hostWrite = hostWrite
    var counts: [String: Int] = [:]
    var function = "outside of functions"
    for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
      if let start = line.firstMatch(of: #/^([a-z_]+)\(\) \{(.*)/#) {
        function = String(start.1)
        if line.hasSuffix("}"), start.2.contains(hostWrite) { counts[function, default: 0] += 1 }
      } else if line.hasPrefix("}") {
        function = "outside of functions"
      } else if !line.drop(while: { $0 == " " }).hasPrefix("#"), line.contains(hostWrite) {
        counts[function, default: 0] += 1
      }
    }
    // A list of programs that a host must have.
    counts["missing_tools"] = nil
    return counts
  }
}
