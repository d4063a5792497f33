/// The last `limit` bytes of a stream.
struct ByteTail: Sendable {
  let limit: Int
  private var bytes: [UInt8] = []
  private(set) var isTruncated = false

  init(limit: Int) { self.limit = limit }

  mutating func append(_ new: [UInt8]) {
    bytes += new
    // Cutting at twice the limit keeps the cost per byte constant.
    if bytes.count > 2 * limit { cut() }
  }

  var value: [UInt8] { Array(bytes.suffix(limit)) }
  var isCut: Bool { isTruncated || bytes.count > limit }

  private mutating func cut() {
    isTruncated = true
    bytes.removeFirst(bytes.count - limit)
  }
}
