/// A promise that was broken.
public struct Violation: Hashable, Sendable, Codable {
  /// `G3`, `G10`, …; the list is in docs/SIMULATION.md.
  public var invariant: String
  public var detail: String
  /// Milliseconds of virtual time since the begin.
  public var at: Int64
}
