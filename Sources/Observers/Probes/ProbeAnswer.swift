/// What one turn of a probe found.
enum ProbeAnswer: Hashable, Sendable {
  case good
  /// One phrase that names what was asked, what came, and what was expected.
  case bad(detail: String)
}
