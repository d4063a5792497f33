/// The recorded baseline of a latency check: all instances' histograms before the deploy, block by block, each used at
/// most once. At most 120 blocks and about 20,000 numbers.
struct RecordedLatency: Hashable, Sendable {
  struct Block: Hashable, Sendable {
    var counts: [Double]
    var seconds: Double
  }
  private var blocks: [Block] = []
  private var blockSeconds = 0.0
  private var next = 0
  private let capacity: Int

  init(buckets: Int) { capacity = max(8, min(RecordedCounts.capacity, 20000 / max(buckets, 1))) }

  var isEmpty: Bool { blocks.isEmpty }
  var usedShare: Double { blocks.isEmpty ? 1 : Double(next) / Double(blocks.count) }
  /// Seconds of the block that is to be paired next.
  var nextSeconds: Double? { next < blocks.count ? blocks[next].seconds : nil }

  mutating func record(_ counts: [Double], seconds: Double) {
    // A look that nobody answered is no quiet time.
    guard seconds > 0, counts.contains(where: { $0 > 0 }) else { return }
    if let last = blocks.indices.last, blocks[last].seconds < blockSeconds - 1e-9 {
      for index in counts.indices { blocks[last].counts[index] += counts[index] }
      blocks[last].seconds += seconds
    } else {
      blocks.append(Block(counts: counts, seconds: seconds))
    }
    if blocks.count > capacity { halve() }
  }

  private mutating func halve() {
    var merged: [Block] = []
    for index in stride(from: 0, to: blocks.count, by: 2) {
      var block = blocks[index]
      if index + 1 < blocks.count {
        for bucket in block.counts.indices { block.counts[bucket] += blocks[index + 1].counts[bucket] }
        block.seconds += blocks[index + 1].seconds
      }
      merged.append(block)
    }
    blockSeconds = merged.map(\.seconds).max() ?? 0
    blocks = merged
  }

  mutating func coarsen(_ map: [Int32], buckets: Int) {
    for index in blocks.indices {
      blocks[index].counts = LatencyReference.coarsened(blocks[index].counts, map, buckets)
    }
  }

  /// Takes the next block; nil when the recording is used up.
  mutating func take() -> Block? {
    guard next < blocks.count else { return nil }
    defer { next += 1 }
    return blocks[next]
  }
}
