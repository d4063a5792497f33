internal import CurlClient
internal import RolloutCore

/// Checks that are read from the same address at the same interval: one scrape per instance serves them all.
struct ScrapeGroup: Sendable {
  let interval: TimeSpan
  /// Indices of the checks.
  let checks: [Int]
  let metricNames: [String]
  /// One per instance, updated ones first.
  let addresses: [InstanceAddress]

  /// Answers in the order of `addresses`.
  typealias Answers = [Result<[MetricSample], ReadingProblem>]

  /// Longest exposition read.
  static let maxBody = 16 << 20
  /// A slower answer is none, even where the interval would leave more time.
  static let longestTimeout: Int64 = 10_000

  func scrape(_ curl: CurlClient) async -> Answers {
    await withTaskGroup(of: (Int, Result<[MetricSample], ReadingProblem>).self) { group in
      for (index, address) in addresses.enumerated() {
        group.addTask { (index, await scrape(address, curl)) }
      }
      var answers: Answers = Array(
        repeating: .failure(ReadingProblem(isError: false, detail: "not asked")), count: addresses.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers
    }
  }

  private func scrape(
    _ address: InstanceAddress, _ curl: CurlClient
  ) async -> Result<[MetricSample], ReadingProblem> {
    let timeout = Int(clamping: min(interval.milliseconds, Self.longestTimeout))
    let request = CurlRequest(
      address.url, headers: [CurlHeader(name: "Accept", value: "text/plain;version=0.0.4")], timeout: timeout,
      connectTimeout: timeout, maxBody: Self.maxBody)
    let name = "GET \(Phrase.clean(address.url.text, limit: 160))"
    switch await curl.get(request) {
    case .failure(let failure):
      return .failure(ReadingProblem(isError: false, detail: "\(name): \(failure)"))
    case .success(let response) where response.status != 200:
      return .failure(ReadingProblem(isError: true, detail: "\(name): \(response.status), expected 200"))
    case .success(let response):
      do { return .success(try ExpositionParser.samples(in: response.body, named: metricNames)) } catch {
        return .failure(ReadingProblem(isError: true, detail: "\(name): not a Prometheus exposition, \(error)"))
      }
    }
  }
}
