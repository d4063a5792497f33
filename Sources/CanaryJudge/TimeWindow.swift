/// Divides time into windows of equal length; a tick belongs to the window in which it ends.
struct TimeWindow: Hashable, Sendable {
  let length: Double
  private var current: Int?

  init(length: Double) { self.length = length }

  /// Whether a window is full now that a tick ending at `second` was taken.
  mutating func closes(at second: Double) -> Bool {
    let index = Int((min(max(second, -1e9), 1e9) / length + 1e-9).rounded(.down))
    defer { current = index }
    guard let current else { return false }
    return index > current
  }
}
