/// What `--output` takes.
enum OutputMode: String, CaseIterable, Sendable {
  /// For people: a live tree on a terminal, plain lines elsewhere.
  case text
  /// One object at the end.
  case json
  /// One object per line, as things happen; see docs/reference/jsonl.md.
  case jsonl
}
