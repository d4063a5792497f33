import Glibc

extension ProcessCommand {
  /// The program's file by the `PATH` that the process will have: the first that is an executable file. Nil where the
  /// program has a slash already, where it is not found, and where that depends on the working directory.
  ///
  /// The library looks a name up by starting a process per directory until one starts, all on one thread.
  var locatedProgram: String? {
    guard let program = argv.first, !program.isEmpty, !program.contains("/") else { return nil }
    let searched: String? =
      if let changed = environment["PATH"] { changed } else { getenv("PATH").map { String(cString: $0) } }
    guard let searched else { return nil }
    for directory in searched.split(separator: ":", omittingEmptySubsequences: false) {
      guard directory.hasPrefix("/") else { return nil }
      let file = directory + "/" + program
      if Self.isProgram(file) { return file }
    }
    return nil
  }

  private static func isProgram(_ file: String) -> Bool {
    var status = stat()
    return stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(file, X_OK) == 0
  }
}
