/// What all instances together did before the deploy, block by block, to compare a soak with when no sibling is left.
/// Each block is used at most once, so the rate kernel stays valid. At most 120 blocks: a longer recording is kept
/// coarser.
struct RecordedCounts: Hashable, Sendable {
  struct Block: Hashable, Sendable {
    var events: Double
    var exposure: Double
    var seconds: Double
  }
  private var blocks: [Block] = []
  private var blockSeconds = 0.0
  private var next = 0
  private var pending = Block(events: 0, exposure: 0, seconds: 0)

  static let capacity = 120
  /// Ratio by which a soak's null is wider than the tolerance: the two arms are not of the same moment, so a level that
  /// moves for everybody no longer cancels.
  static let drift = 1.5

  var isEmpty: Bool { blocks.isEmpty }
  /// Share of the recording that is used up.
  var usedShare: Double { blocks.isEmpty ? 1 : Double(next) / Double(blocks.count) }

  mutating func record(events: Double, exposure: Double, seconds: Double) {
    guard exposure > 0, seconds > 0 else { return }
    if let last = blocks.last, last.seconds < blockSeconds - 1e-9 {
      blocks[blocks.count - 1].events += events
      blocks[blocks.count - 1].exposure += exposure
      blocks[blocks.count - 1].seconds += seconds
    } else {
      blocks.append(Block(events: events, exposure: exposure, seconds: seconds))
    }
    if blocks.count > Self.capacity { halve() }
  }

  private mutating func halve() {
    var merged: [Block] = []
    for index in stride(from: 0, to: blocks.count, by: 2) {
      var block = blocks[index]
      if index + 1 < blocks.count {
        block.events += blocks[index + 1].events
        block.exposure += blocks[index + 1].exposure
        block.seconds += blocks[index + 1].seconds
      }
      merged.append(block)
    }
    blockSeconds = merged.map(\.seconds).max() ?? 0
    blocks = merged
  }

  /// Takes a soak tick of the updated arm. A pair of arms when a block's time is full.
  mutating func pair(events: Double, exposure: Double, seconds: Double) -> RateTick? {
    guard next < blocks.count else { return nil }
    pending.events += events
    pending.exposure += exposure
    pending.seconds += seconds
    guard pending.seconds >= blocks[next].seconds - 1e-9 else { return nil }
    defer {
      next += 1
      pending = Block(events: 0, exposure: 0, seconds: 0)
    }
    return RateTick(
      canaryExposure: pending.exposure, canaryEvents: pending.events, baselineExposure: blocks[next].exposure,
      baselineEvents: blocks[next].events)
  }
}
