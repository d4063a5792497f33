internal import CanaryJudge
internal import CurlClient
internal import RolloutCore

/// Reads checks from Prometheus expositions on the instances themselves: one scrape of an instance serves all checks of
/// that address.
actor ScrapeReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let curl: CurlClient
  private let metricNames: [String]
  private let addresses: [Result<InstanceAddress, ReadingProblem>]
  /// By check of `checks`, then by instance.
  private var readers: [[CheckReader]]
  /// By check: the bucket edges that all instances showed last, so that they share one array.
  private var layouts: [[Double]]

  /// Longest exposition read.
  private static let maxBody = 16 << 20
  /// A slower answer is none, even where the interval would leave more time.
  private static let longestTimeout: Int64 = 10_000
  /// Samples with a timestamp of their own older than this are no data (Prometheus's look-back).
  private static let staleness = TimeSpan.minutes(5)

  init(_ group: ReaderGroup, address: String, curl: CurlClient) {
    self.curl = curl
    interval = group.interval
    addresses = group.instances.map { Self.address(address, of: $0) }
    var (indices, names, readers): ([Int], [String], [[CheckReader]]) = ([], [], [])
    for (index, check) in zip(group.indices, group.checks) {
      guard case .success(let source) = Self.source(of: check) else { continue }
      indices.append(index)
      names += source.metricNames.filter { !names.contains($0) }
      readers.append(group.instances.map { _ in CheckReader(source) })
    }
    (checks, metricNames) = (indices, names)
    self.readers = readers
    layouts = indices.map { _ in [] }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of check: CheckPolicy, address: String, on instances: [Instance]) -> String? {
    if case .failure(let problem) = source(of: check) { return problem.detail }
    for instance in instances {
      if case .failure(let problem) = self.address(address, of: instance) { return problem.detail }
    }
    return nil
  }

  func read(at now: Timestamp) async -> [[Observation]] {
    let answers = await scrape()
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

  private typealias Answer = Result<[MetricSample], ReadingProblem>

  private func scrape() async -> [Answer] {
    await withTaskGroup(of: (Int, Answer).self) { group in
      for (index, address) in addresses.enumerated() {
        group.addTask { (index, await self.scrape(address)) }
      }
      var answers = [Answer](repeating: .failure(ReadingProblem(.noData, detail: "not asked")), count: addresses.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers
    }
  }

  private nonisolated func scrape(_ address: Result<InstanceAddress, ReadingProblem>) async -> Answer {
    let url: CurlURL
    switch address {
    case .success(let address): url = address.url
    case .failure(let problem): return .failure(problem)
    }
    let timeout = Int(clamping: min(interval.milliseconds, Self.longestTimeout))
    let request = CurlRequest(
      url, headers: [CurlHeader(name: "Accept", value: "text/plain;version=0.0.4")], timeout: timeout,
      connectTimeout: timeout, maxBody: Self.maxBody)
    let name = "GET \(Phrase.clean(url.text, limit: 160))"
    switch await curl.get(request) {
    case .failure(let failure):
      return .failure(ReadingProblem(.noData, detail: "\(name): \(failure)"))
    case .success(let response) where response.status != 200:
      // What stands before an instance says so when that does not answer.
      let kind: ReadingProblem.Kind = (502...504).contains(response.status) ? .noData : .error
      return .failure(ReadingProblem(kind, detail: "\(name): \(response.status), expected 200"))
    case .success(let response):
      do { return .success(try ExpositionParser.samples(in: response.body, named: metricNames)) } catch {
        return .failure(ReadingProblem(.error, detail: "\(name): not a Prometheus exposition, \(error)"))
      }
    }
  }

  private static func source(of check: CheckPolicy) -> Result<CheckSource, ReadingProblem> {
    do { return .success(try CheckSource(check.measure)) } catch {
      return .failure(ReadingProblem(.error, detail: "selector, \(error)"))
    }
  }

  private static func address(_ template: String, of instance: Instance) -> Result<InstanceAddress, ReadingProblem> {
    do { return .success(try InstanceAddress(expanding: template, for: instance)) } catch {
      return .failure(ReadingProblem(.error, detail: "\(error)"))
    }
  }
}
