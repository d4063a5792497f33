internal import RolloutCore

@testable internal import Observers

/// A series selector of a policy on its first line, a label's value on each other.
enum SelectorOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let text = lines.first ?? ""
    let selector: SeriesSelector
    do throws(SeriesSelector.Mistake) { selector = try SeriesSelector(text) } catch {
      let width = text.unicodeScalars.count
      try require(error.column >= 1 && error.column <= width + 2, "column \(error.column) of \(width): \(error)")
      return
    }
    for value in lines.dropFirst().prefix(8) {
      let sample = MetricSample(name: selector.name, labels: [MetricLabel(name: "code", value: value)], value: 1)
      _ = selector.matches(sample)
      try require(!selector.matches(MetricSample(name: selector.name + "x", value: 1)), "another metric is picked")
    }
  }
}
