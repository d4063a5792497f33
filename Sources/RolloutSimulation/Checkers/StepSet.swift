package import RolloutCore

/// A set of kinds of steps, in one byte.
package struct StepSet: Hashable, Sendable {
  package private(set) var bits: UInt8 = 0

  package init() {}

  /// False when it was in already.
  package mutating func insert(_ step: StepKind) -> Bool {
    let bit = UInt8(1) << UInt8(step.ordinal)
    defer { bits |= bit }
    return bits & bit == 0
  }
}

extension StepKind {
  /// Place among all of them, from 0.
  package var ordinal: Int {
    switch self {
    case .stage: 0
    case .drain: 1
    case .activate: 2
    case .undrain: 3
    case .revertDrain: 4
    case .revertActivate: 5
    case .revertUndrain: 6
    }
  }
}
