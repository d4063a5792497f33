/// What people are shown of a latency check: both arms' histograms since judging began, and the siblings' before the
/// deploy and of about the last minute.
struct ShownLatency: Hashable, Sendable {
  var updated: [Double]
  private(set) var siblings: [Double]
  private(set) var before: [Double]
  private(set) var recent: [Double]
  private var faded = 0.0

  init(buckets: Int) {
    updated = Array(repeating: 0, count: buckets)
    (siblings, before, recent) = (updated, updated, updated)
  }

  mutating func add(_ bucket: Int, _ count: Double, isBeforeDeploy: Bool) {
    if isBeforeDeploy {
      before[bucket] += count
    } else {
      siblings[bucket] += count
      recent[bucket] += count
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
  }
}
