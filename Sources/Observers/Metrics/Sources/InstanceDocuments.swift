internal import CurlClient
internal import RolloutCore

/// One document on each instance, asked for from all of them at once.
struct InstanceDocuments: Sendable {
  /// By instance.
  private let addresses: [Result<InstanceAddress, ReadingProblem>]
  private let curl: CurlClient
  /// Of the Accept header.
  private let mediaType: String
  /// Longest document read, in bytes.
  private let maxBody: Int
  private let timeout: Int

  /// A slower answer is none, even where the interval would leave more time. Some of the interval is always left: one
  /// instance that hangs must not make everybody's looks rarer.
  private static let longestTimeout: Int64 = 10_000

  init(_ group: ReaderGroup, address: String, curl: CurlClient, mediaType: String, maxBody: Int) {
    addresses = group.instances.map { Self.address(address, of: $0) }
    self.curl = curl
    self.mediaType = mediaType
    self.maxBody = maxBody
    timeout = Int(clamping: min(max(1, group.interval.milliseconds * 4 / 5), Self.longestTimeout))
  }

  /// Why an instance can never be asked; nil when all can.
  static func refusal(of address: String, on instances: [Instance]) -> String? {
    for instance in instances {
      if case .failure(let problem) = self.address(address, of: instance) { return problem.detail }
    }
    return nil
  }

  private static func address(_ template: String, of instance: Instance) -> Result<InstanceAddress, ReadingProblem> {
    do { return .success(try InstanceAddress(expanding: template, for: instance)) } catch {
      return .failure(ReadingProblem(.error, detail: "\(error)"))
    }
  }

  /// By instance, as `parse` reads the bodies; what it throws says what is wrong with one.
  func get<Document: Sendable>(
    _ parse: @escaping @Sendable ([UInt8]) throws(ReadingProblem) -> Document
  ) async -> [Result<Document, ReadingProblem>] {
    await withTaskGroup(of: (Int, Result<Document, ReadingProblem>).self) { group in
      for (index, address) in addresses.enumerated() {
        group.addTask { (index, await document(at: address, parse)) }
      }
      let unasked = Result<Document, ReadingProblem>.failure(ReadingProblem(.noData, detail: "not asked"))
      var documents = Array(repeating: unasked, count: addresses.count)
      for await (index, document) in group { documents[index] = document }
      return documents
    }
  }

  private func document<Document>(
    at address: Result<InstanceAddress, ReadingProblem>,
    _ parse: ([UInt8]) throws(ReadingProblem) -> Document
  ) async -> Result<Document, ReadingProblem> {
    let url: CurlURL
    switch address {
    case .success(let address): url = address.url
    case .failure(let problem): return .failure(problem)
    }
    let request = CurlRequest(
      url, headers: [CurlHeader(name: "Accept", value: mediaType)], timeout: timeout, connectTimeout: timeout,
      maxBody: maxBody)
    let name = "GET \(Phrase.address(url))"
    switch await curl.get(request) {
    case .failure(let failure):
      return .failure(ReadingProblem(failure.isAnswer ? .error : .noData, detail: "\(name): \(failure)"))
    case .success(let response) where response.status != 200:
      // What stands before an instance says so when that does not answer.
      let kind: ReadingProblem.Kind = (502...504).contains(response.status) ? .noData : .error
      return .failure(ReadingProblem(kind, detail: "\(name): \(response.status), expected 200"))
    case .success(let response):
      do throws(ReadingProblem) { return .success(try parse(response.body)) } catch {
        return .failure(ReadingProblem(error.kind, detail: "\(name): \(error.detail)"))
      }
    }
  }
}

extension CurlFailure {
  /// Something answered, and what it said can never be used.
  fileprivate var isAnswer: Bool {
    switch self {
    case .tls, .tooLarge, .unusable: true
    case .resolve, .refused, .unreachable, .timedOut, .malformed, .cancelled: false
    }
  }
}
