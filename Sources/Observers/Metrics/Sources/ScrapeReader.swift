internal import CanaryJudge
internal import CurlClient
internal import RolloutCore

/// Reads checks from Prometheus expositions on the instances themselves: one scrape of an instance serves all checks of
/// that address.
actor ScrapeReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let documents: InstanceDocuments
  private let metricNames: [String]
  /// By check of `checks`, then by instance.
  private var readers: [[CheckReader]]
  /// By check: the bucket edges that all instances showed last, so that they share one array.
  private var layouts: [[Double]]

  /// Longest exposition read.
  private static let maxBody = 16 << 20
  /// Samples with a timestamp of their own older than this are no data (Prometheus's look-back).
  private static let staleness = TimeSpan.minutes(5)

  init(_ group: ReaderGroup, address: String, curl: CurlClient) {
    interval = group.interval
    documents = InstanceDocuments(
      group, address: address, curl: curl, mediaType: "text/plain;version=0.0.4", maxBody: Self.maxBody)
    var (indices, names, readers): ([Int], [String], [[CheckReader]]) = ([], [], [])
    for (index, check) in zip(group.indices, group.checks) {
      guard case .success(let source) = Self.source(of: check) else { continue }
      indices.append(index)
      names += source.metricNames.filter { !names.contains($0) }
      readers.append(group.instances.map { _ in CheckReader(source, worst: .init(check.worseWhen)) })
    }
    (checks, metricNames) = (indices, names)
    self.readers = readers
    layouts = indices.map { _ in [] }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of check: CheckPolicy, address: String, on instances: [Instance]) -> String? {
    if case .failure(let problem) = source(of: check) { return problem.detail }
    return InstanceDocuments.refusal(of: address, on: instances)
  }

  func read(at now: Timestamp) async -> [[Observation]] {
    let answers = await documents.get { [metricNames] body throws(ReadingProblem) in
      do { return try ExpositionParser.samples(in: body, named: metricNames) } catch {
        throw ReadingProblem(.error, detail: "not a Prometheus exposition, \(error)")
      }
    }
    let staleBefore = now.milliseconds - Self.staleness.milliseconds
    return checks.indices.map { check in
      answers.enumerated().map { instance, answer in
        switch answer {
        case .failure(let problem): return .none(problem)
        case .success(let samples):
          let observed = readers[check][instance].read(samples, at: now, staleBefore: staleBefore)
          return shared(observed, check)
        }
      }
    }
  }

  /// With the layout that the others have, where it is the same.
  private func shared(_ observation: Observation, _ check: Int) -> Observation {
    guard case .measured(.histogram(var histogram)) = observation else { return observation }
    if histogram.upperBounds == layouts[check] {
      histogram.upperBounds = layouts[check]
    } else {
      layouts[check] = histogram.upperBounds
    }
    return .measured(.histogram(histogram))
  }

  private static func source(of check: CheckPolicy) -> Result<CheckSource, ReadingProblem> {
    do { return .success(try CheckSource(check.measure)) } catch {
      return .failure(ReadingProblem(.error, detail: "selector, \(error)"))
    }
  }
}
