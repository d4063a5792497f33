/// What people are shown of a latency check: both arms' histograms since judging began, and the siblings' before the
/// deploy and of about the last minute.
struct ShownLatency: Hashable, Sendable {
  private(set) var updated: [Double]
  private(set) var siblings: [Double]
  private(set) var before: [Double]
  private(set) var recent: [Double]
  /// The updated arm against the blocks of the recording that were used.
  private(set) var paired: [Double]
  private(set) var recorded: [Double]
  /// The updated arm since the last block.
  private var unpaired: [Double]
  private var faded = 0.0

  init(buckets: Int) {
    updated = Array(repeating: 0, count: buckets)
    (siblings, before, recent) = (updated, updated, updated)
    (paired, recorded, unpaired) = (updated, updated, updated)
  }

  mutating func addUpdated(_ bucket: Int, _ count: Double, isSoak: Bool) {
    updated[bucket] += count
    if isSoak { unpaired[bucket] += count }
  }

  /// A block was used against what the updated arm showed since the last one.
  mutating func pair(_ block: [Double]) {
    for index in block.indices where index < paired.count {
      recorded[index] += block[index]
      paired[index] += unpaired[index]
      unpaired[index] = 0
    }
  }

  /// Takes what instances on the old version showed.
  mutating func add(_ look: LatencyLook, _ members: [Int], isBeforeDeploy: Bool) {
    for index in members {
      let range = look.range(index)
      if isBeforeDeploy {
        for cell in look.cells[range] { before[cell.place] += cell.count }
      } else {
        for cell in look.cells[range] { siblings[cell.place] += cell.count }
        for cell in look.cells[range] { recent[cell.place] += cell.count }
      }
    }
  }

  /// Lets the recent histogram fade, ten seconds at a time.
  mutating func fade(seconds: Double) {
    faded += seconds
    guard faded >= 10 else { return }
    let kept = LogSpace.exponential(-faded / 60)
    for index in recent.indices { recent[index] *= kept }
    faded = 0
  }

  mutating func coarsen(_ map: [Int32], buckets: Int) {
    updated = LatencyReference.coarsened(updated, map, buckets)
    siblings = LatencyReference.coarsened(siblings, map, buckets)
    before = LatencyReference.coarsened(before, map, buckets)
    recent = LatencyReference.coarsened(recent, map, buckets)
    paired = LatencyReference.coarsened(paired, map, buckets)
    recorded = LatencyReference.coarsened(recorded, map, buckets)
    unpaired = LatencyReference.coarsened(unpaired, map, buckets)
  }
}
