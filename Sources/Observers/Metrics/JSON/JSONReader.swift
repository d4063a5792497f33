internal import CurlClient
internal import RolloutCore

/// Reads checks from a JSON document on each instance, with numbers that count up for ever: one request per instance
/// for all checks.
actor JSONReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let addresses: [Result<InstanceAddress, InstanceAddress.Refusal>]
  private let curl: CurlClient
  private var desk: JSONDesk

  /// Longest document, in bytes.
  static let maxBody = 1 << 20
  /// A slower answer is none, even where the interval would leave more time.
  static let longestTimeout: Int64 = 10_000

  /// `checks` have this address, with `{host}`, `{id}` and labels, and this interval in common.
  init(
    _ checks: [(index: Int, policy: CheckPolicy)], address: String, interval: TimeSpan, instances: [Instance],
    curl: CurlClient
  ) {
    self.checks = checks.map(\.index)
    self.interval = interval
    self.curl = curl
    addresses = instances.map { instance in
      Result { () throws(InstanceAddress.Refusal) in try InstanceAddress(expanding: address, for: instance) }
    }
    desk = JSONDesk(checks.map { Self.check($0.policy) }, instances: instances, interval: interval)
  }

  private static func check(_ policy: CheckPolicy) -> Result<JSONCheck, ReadingProblem> {
    Result { () throws(ReadingProblem) in try JSONCheck(policy, isCumulative: true) }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of policy: CheckPolicy, address: String, on instances: [Instance]) -> String? {
    for instance in instances {
      do throws(InstanceAddress.Refusal) { _ = try InstanceAddress(expanding: address, for: instance) } catch {
        return error.description
      }
    }
    return if case .failure(let problem) = check(policy) { problem.detail } else { nil }
  }

  func read(at now: Timestamp) async -> [[Observation]] {
    let timeout = Int(clamping: min(interval.milliseconds, Self.longestTimeout))
    let documents = await withTaskGroup(of: (Int, Result<JSONValue, ReadingProblem>).self) { group in
      for (index, address) in addresses.enumerated() {
        group.addTask { [curl] in (index, await Self.document(at: address, curl, timeout: timeout)) }
      }
      let unasked = Result<JSONValue, ReadingProblem>.failure(ReadingProblem(.noData, detail: "not asked"))
      var documents = Array(repeating: unasked, count: addresses.count)
      for await (index, document) in group { documents[index] = document }
      return documents
    }
    return desk.observe(documents, at: now)
  }

  private static func document(
    at address: Result<InstanceAddress, InstanceAddress.Refusal>, _ curl: CurlClient, timeout: Int
  ) async -> Result<JSONValue, ReadingProblem> {
    let url: CurlURL
    switch address {
    case .success(let address): url = address.url
    case .failure(let refusal): return .failure(ReadingProblem(.error, detail: refusal.description))
    }
    let request = CurlRequest(
      url, headers: [CurlHeader(name: "Accept", value: "application/json")], timeout: timeout,
      connectTimeout: timeout, maxBody: maxBody)
    let name = "GET \(Phrase.clean(url.text, limit: 160))"
    switch await curl.get(request) {
    case .failure(let failure): return .failure(ReadingProblem(.noData, detail: "\(name): \(failure)"))
    case .success(let response) where response.status != 200:
      return .failure(ReadingProblem(.error, detail: "\(name): \(response.status), expected 200"))
    case .success(let response):
      guard let document = JSONValue(response.body) else {
        return .failure(ReadingProblem(.error, detail: "\(name): not a JSON document"))
      }
      return .success(document)
    }
  }
}
