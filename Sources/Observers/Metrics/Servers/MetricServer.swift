internal import CurlClient
internal import RolloutCore

/// An HTTP API that many checks are read from.
struct MetricServer: Sendable {
  let url: CurlURL
  let curl: CurlClient
  let token: BearerToken?

  /// Longest answer read.
  static let maxBody = 32 << 20

  struct Answer: Sendable {
    var status: Int
    var body: [UInt8]
    /// By the server's own clock where it says so: its samples have those times, and ours may be another.
    var now: Timestamp
  }

  enum Failure: Error, Hashable, Sendable {
    case tooLarge
    case none(ReadingProblem)

    var problem: ReadingProblem {
      switch self {
      case .none(let problem): problem
      case .tooLarge: ReadingProblem(.error, detail: "answer longer than \(maxBody) bytes; select fewer series")
      }
    }
  }

  /// `base` with `path` behind it.
  init(base: String, path: String, curl: CurlClient, token: BearerToken? = nil) throws(ReadingProblem) {
    url = try Self.address(base: base, path: path)
    self.curl = curl
    self.token = token
  }

  static func address(base: String, path: String) throws(ReadingProblem) -> CurlURL {
    let shown = Phrase.address(base)
    do {
      let plain = try CurlURL(base)
      if plain.query == nil {
        return try CurlURL((plain.text.hasSuffix("/") ? String(plain.text.dropLast()) : plain.text) + path)
      }
    } catch { throw ReadingProblem(.error, detail: "\(shown): \(error)") }
    throw ReadingProblem(.error, detail: "\(shown): a base address has no ?")
  }

  /// As a message names it; never with the query or the token.
  var name: String { "POST \(Phrase.address(url))" }

  /// Sends a form. Ends within `timeout`, and at once when the calling task is cancelled.
  func post(_ form: [FormField], timeout: TimeSpan, now: Timestamp) async -> Result<Answer, Failure> {
    let limit = Int(clamping: max(1, timeout.milliseconds))
    var headers = [CurlHeader(name: "Accept", value: "application/json")]
    if let token { headers.append(CurlHeader(name: "Authorization", value: "Bearer \(token.secret)")) }
    var request = CurlRequest(
      url, method: .post, headers: headers, timeout: limit, connectTimeout: limit, maxBody: Self.maxBody)
    request.body = Array(form.map(\.encoded).joined(separator: "&").utf8)
    switch await curl.get(request) {
    case .failure(.tooLarge): return .failure(.tooLarge)
    case .failure(.unusable(let detail)):
      return .failure(.none(ReadingProblem(.error, detail: "\(name): \(detail)")))
    case .failure(let failure): return .failure(.none(ReadingProblem(.noData, detail: "\(name): \(failure)")))
    case .success(let response):
      let date = response.header("Date").flatMap(HTTPDate.milliseconds)
      return .success(
        Answer(
          status: response.status, body: response.body, now: date.map(Timestamp.init(milliseconds:)) ?? now))
    }
  }

  /// What an answer other than 200 means: a server that starts, is overloaded or hidden behind a gateway gave none.
  func problem(_ answer: Answer, detail: String?) -> ReadingProblem {
    let kind: ReadingProblem.Kind = [429, 502, 503, 504].contains(answer.status) ? .noData : .error
    let reason = detail.map { ": " + Phrase.clean(Phrase.trimmed($0), limit: 200) } ?? ""
    return ReadingProblem(kind, detail: "\(name): \(answer.status), expected 200\(reason)")
  }
}

/// One `name=value` of a form.
struct FormField: Hashable, Sendable {
  var name: String
  var value: String

  var encoded: String { Self.encode(name) + "=" + Self.encode(value) }

  private static let digits = Array("0123456789ABCDEF".utf8)

  /// Everything but RFC 3986's unreserved characters as %XX.
  private static func encode(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A secret of the environment; its text goes into a request and nowhere else.
struct BearerToken: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  let secret: String
  var description: String { "(secret)" }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// The time of an HTTP `Date` header (RFC 9110, 5.6.7, the form that servers have to send).
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT` in milliseconds since 1970; nil for anything else.
  static func milliseconds(_ text: String) -> Int64? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int64(words[1]), (1...31).contains(day),
      let month = months.firstIndex(where: { $0 == words[2] }), let year = Int64(words[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int64($0) }
    guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
    else { return nil }
    let days = daysSince1970(year, Int64(month) + 1, day)
    return (days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]) * 1000
  }

  /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil, for years after 0.
  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

extension TimeSpan {
  var duration: Duration { .milliseconds(milliseconds) }
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.init(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}
