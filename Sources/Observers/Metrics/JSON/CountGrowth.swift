internal import RolloutCore

/// What counts that belong together grew by between two documents. The last is the one that counts everything (the
/// total of a ratio, all observations of a histogram).
///
/// A total below half of what it was began again at zero, with its process or its day, so all it shows is new. Anything
/// else that falls was corrected, as rows of a database are: taking that for a restart would present all of history as
/// new, so it is an error, once, and growth counts from there.
struct CountGrowth {
  private var last: [Double]?

  /// Nil for the first counts: what was counted before is nobody's.
  mutating func growth(to counts: [Double]) throws(ReadingProblem) -> [Double]? {
    defer { last = counts }
    guard let last, last.count == counts.count, let before = last.last, let total = counts.last else { return nil }
    if total < before / 2 { return counts }
    for (old, new) in zip(last, counts) where new < old {
      throw ReadingProblem(
        .error,
        detail: "a count fell from \(Phrase.number(old)) to \(Phrase.number(new)); counts that only grow are expected, "
          + "or cumulative: false")
    }
    return zip(counts, last).map { $0 - $1 }
  }

  /// Counts of another kind follow, such as other buckets.
  mutating func forget() { last = nil }
}
