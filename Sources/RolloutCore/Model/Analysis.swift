/// What the checks are to watch now. There is one analysis in a rollout from its baseline to the end of its soak, so
/// that the false-alarm probability is spent once; a retry begins another.
public struct Analysis: Hashable, Sendable {
  /// Changes when the evidence begins anew; verdicts under an earlier number are late.
  public var number: Int64
  public var stage: Stage
  /// Hosts by index: those that count as updated, and untouched ones to compare them with. All others are left out.
  public var updated: [Int]
  public var siblings: [Int]

  public enum Stage: String, Hashable, Codable, Sendable, CaseIterable {
    /// Before the push: nothing is judged, everything is recorded.
    case baseline
    /// Updated instances against their siblings.
    case comparison
    /// Every instance is updated: against the recorded baseline and absolute limits.
    case soak
  }

  public init(number: Int64, stage: Stage, updated: [Int], siblings: [Int]) {
    self.number = number
    self.stage = stage
    self.updated = updated
    self.siblings = siblings
  }
}
