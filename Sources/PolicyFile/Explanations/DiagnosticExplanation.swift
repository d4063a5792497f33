extension DiagnosticExplanation {
  /// What is known of a code. Every code has an entry.
  static func of(_ code: DiagnosticCode) -> DiagnosticExplanation {
    for table in [file, syntax, keys, types, texts, meaning, checks, doubts] {
      if let entry = table[code] { return entry }
    }
    return Self(code.rawValue, "")
  }

  init(_ title: String, _ text: String, wrong: String = "", right: String = "") {
    self.init(title: title, text: text, wrong: wrong, right: right)
  }
}
