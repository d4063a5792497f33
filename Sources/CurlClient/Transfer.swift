internal import CCurl

/// One request under way. Everything but `cancelled` and the continuation's hand-over belongs to the loop's thread.
final class Transfer: @unchecked Sendable {
  enum Task {
    case request(CurlRequest)
    /// A TCP connection and nothing else.
    case connect(CurlURL, timeout: Int)
  }

  let task: Task
  /// Written by the cancelling thread before it posts, read on the loop's thread: a cancel that comes before the
  /// transfer was added is not lost.
  let cancelled = Locked(false)
  private let continuation: CheckedContinuation<Result<CurlResponse, CurlFailure>, Never>

  var easy: UnsafeMutableRawPointer?
  var headerList: UnsafeMutablePointer<curl_slist>?
  private(set) var exceededLimit: Int?
  private var isFinished = false
  private var headers: [CurlHeader] = []
  private var headerBytes = 0
  private var body: [UInt8] = []

  static let maxHeaderBytes = 64 << 10

  init(_ task: Task, _ continuation: CheckedContinuation<Result<CurlResponse, CurlFailure>, Never>) {
    self.task = task
    self.continuation = continuation
  }

  var maxBody: Int {
    if case .request(let request) = task { return request.maxBody }
    return 0
  }

  /// False stops the transfer: there is more than was asked for.
  func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    guard body.count + bytes.count <= maxBody else {
      exceededLimit = maxBody
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }

  func take(header bytes: UnsafeRawBufferPointer) -> Bool {
    headerBytes += bytes.count
    guard headerBytes <= Self.maxHeaderBytes else {
      exceededLimit = Self.maxHeaderBytes
      return false
    }
    let line = String(decoding: bytes, as: UTF8.self)
    // A status line starts a new set: an interim answer's headers are not the answer's.
    if line.hasPrefix("HTTP/") {
      headers = []
    } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let value = line[line.index(after: colon)...]
      headers.append(CurlHeader(name: String(line[..<colon]), value: trimmed(value)))
    }
    return true
  }

  func response(status: Int) -> CurlResponse { CurlResponse(status: status, headers: headers, body: body) }

  /// Gives the answer, once.
  func finish(_ result: Result<CurlResponse, CurlFailure>) {
    guard !isFinished else { return }
    isFinished = true
    continuation.resume(returning: result)
  }

  private func trimmed(_ text: Substring) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
    guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(text[first...last])
  }
}
