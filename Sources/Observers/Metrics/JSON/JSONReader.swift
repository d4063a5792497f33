internal import CurlClient
internal import RolloutCore

/// Reads checks from a JSON document on each instance, with numbers that count up for ever: one request of an instance
/// serves all checks.
actor JSONReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let documents: InstanceDocuments
  private var desk: JSONDesk

  init(_ group: ReaderGroup, address: String, curl: CurlClient) {
    checks = group.indices
    interval = group.interval
    documents = InstanceDocuments(
      group, address: address, curl: curl, mediaType: "application/json", maxBody: 1 << 20)
    let checks = group.checks.map { Self.check($0.measure) }
    desk = JSONDesk(checks, instances: group.instances, interval: group.interval)
  }

  private static func check(_ measure: CheckPolicy.Measure) -> Result<JSONCheck, ReadingProblem> {
    Result { () throws(ReadingProblem) in try JSONCheck(measure, isCumulative: true) }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of policy: CheckPolicy, address: String, on instances: [Instance]) -> String? {
    if case .failure(let problem) = check(policy.measure) { return problem.detail }
    return InstanceDocuments.refusal(of: address, on: instances)
  }

  func read(at now: Timestamp) async -> [[Observation]] {
    let documents = await documents.get { body throws(ReadingProblem) in
      guard let document = JSONValue(body) else { throw ReadingProblem(.error, detail: "not a JSON document") }
      return document
    }
    return desk.observe(documents, at: now)
  }
}
