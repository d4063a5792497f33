internal import CanaryJudge

extension Histogram {
  init(cumulative: [(edge: Double, count: Double)]) {
    var bounds: [Double] = []
    var counts: [Double] = []
    for bucket in cumulative.sorted(by: { $0.edge < $1.edge }) {
      if bounds.last == bucket.edge {
        counts[counts.count - 1] += bucket.count
      } else {
        bounds.append(bucket.edge)
        counts.append(bucket.count)
      }
    }
    var buckets: [Bucket] = []
    var below = 0.0
    for (index, count) in counts.enumerated() where count > below {
      buckets.append(Bucket(index: Int32(clamping: index), count: count - below))
      below = count
    }
    self.init(upperBounds: bounds, buckets: buckets)
  }
}
