/// What the updated arm's buckets are worth once its latency was divided by e^shift: a score per bucket and the part
/// of it that exceeds each threshold.
///
/// Within a bucket the values are taken as log-uniform. Where a bucket is too coarse to resolve the tolerance, the
/// values near an edge may be crowded on its far side, so more of the bucket is moved down: up to `crowding` times
/// the tolerance, which holds for a density up to that many times its bucket's average just above an edge. The finer
/// the bucket, the less is added; from a quarter of the tolerance down, nothing.
struct ScaleShift: Hashable, Sendable {
  private(set) var scores: [Double]
  /// Per quantile, per bucket: part in [0, 1] above the threshold; empty where there is none.
  private(set) var exceeding: [[Double]]

  static let crowding = 3.0
  static let passCrowding = 1.5

  /// `offset` and `tolerance` are in log latency. For a pass (`isPass`) a larger shift would flatter, so a coarse
  /// bucket is moved down by less instead: by the margin over `passCrowding`.
  init(reference: LatencyReference, layout: HistogramLayout, body: Move, tails: [Move]) {
    scores = Self.scores(reference, layout, body)
    exceeding = zip(reference.thresholds, tails).map { threshold, move in
      guard let threshold else { return [] }
      return Self.parts(above: threshold, layout, move)
    }
  }

  struct Move: Hashable, Sendable {
    var offset: Double
    var tolerance: Double
    var isPass = false

    /// Shift of a bucket of this width.
    func shift(width: Double) -> Double {
      guard tolerance > 0 else { return offset + tolerance }
      let coarse = min(max((width / tolerance - 0.25) / 0.75, 0), 1)
      if isPass { return offset + tolerance * (1 - coarse * (1 - 1 / ScaleShift.passCrowding)) }
      return offset + tolerance + coarse * min((ScaleShift.crowding - 1) * tolerance, width)
    }
  }

  /// Mean of the siblings' step function of scores over each bucket's moved interval.
  private static func scores(_ reference: LatencyReference, _ layout: HistogramLayout, _ move: Move) -> [Double] {
    let steps = StepIntegral(scores: reference.scores, layout: layout)
    var low = steps.start
    var high = steps.start
    return (0..<layout.count).map { bucket in
      let width = layout.width(bucket)
      let shift = move.shift(width: width)
      let a = steps.integral(to: layout.lower[bucket] - shift, from: &low)
      let b = steps.integral(to: layout.upper[bucket] - shift, from: &high)
      return min(1, max(0, (b - a) / width))
    }
  }

  private static func parts(above threshold: Int, _ layout: HistogramLayout, _ move: Move) -> [Double] {
    let edge = layout.upper[threshold]
    return (0..<layout.count).map { bucket in
      let width = layout.width(bucket)
      return min(1, max(0, (layout.upper[bucket] - move.shift(width: width) - edge) / width))
    }
  }
}

/// ∫ of the score step function over log latency, asked for in roughly ascending order.
struct StepIntegral {
  private let scores: [Double]
  private let layout: HistogramLayout
  private let sums: [Double]

  init(scores: [Double], layout: HistogramLayout) {
    self.scores = scores
    self.layout = layout
    var sum = 0.0
    sums =
      [0]
      + scores.indices.map { index in
        sum += scores[index] * layout.width(index)
        return sum
      }
  }

  var start: Int { 0 }

  func integral(to place: Double, from hint: inout Int) -> Double {
    let last = layout.count - 1
    if place <= layout.lower[0] { return (place - layout.lower[0]) * scores[0] }
    if place >= layout.upper[last] { return sums[last + 1] + (place - layout.upper[last]) * scores[last] }
    while hint > 0, layout.lower[hint] > place { hint -= 1 }
    while hint < last, layout.upper[hint] < place { hint += 1 }
    return sums[hint] + (place - layout.lower[hint]) * scores[hint]
  }
}
