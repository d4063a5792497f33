internal import RolloutCore

@testable internal import HostProtocol

/// What a host's script, or whatever runs in its place, writes. The first byte says how the rest is cut into pieces.
enum ReplyOracle {
  static let command = HostCommand(
    key: StepKey(rollout: "r1", host: "web1", step: .activate, attempt: 2), fence: Fence(epoch: 3, step: 4),
    service: "checkout", directory: "/srv/checkout",
    action: .activate(.init(version: "2.0", restart: ["true"], timeout: .seconds(5))))
  static let mark = "r1/web1/activate/2 3.4"

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let bytes = Array(input.dropFirst())
    let (singly, failure) = read(bytes, by: 1)
    let (pieces, otherFailure) = read(bytes, by: 1 + Int(input.first ?? 0))
    try require(failure == otherFailure, "whether a stream fails depends on how it is cut")
    try require(
      failure == nil ? pieces == singly : singly.starts(with: pieces), "what a stream says depends on how it is cut")
    let responses = singly.compactMap { item in if case .response(let response) = item { response } else { nil } }
    let expected = written(bytes)
    try require(responses.count <= expected.count, "more answers than the host wrote")
    try require(failure != nil || responses.count == expected.count, "an answer is lost")
    for (response, lines) in zip(responses, expected) { try judge(response, lines) }
  }

  private static func read(_ bytes: [UInt8], by size: Int) -> ([HostStream.Item], HostStreamFailure?) {
    var stream = HostStream()
    var items: [HostStream.Item] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      do { items += try stream.append(rest.prefix(size)) } catch { return (items, error) }
      rest = rest.dropFirst(size)
    }
    return (items, nil)
  }

  /// The lines of each whole answer, by a reader that knows nothing but lines.
  private static func written(_ bytes: [UInt8]) -> [[String]] {
    var answers: [[String]] = []
    var lines: [String]?
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
      let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
      guard let known = lines else {
        if text.hasPrefix("canary-host ") { lines = [] }
        continue
      }
      lines = known + [text]
      if text == "end" || text.hasPrefix("end ") {
        answers.append(lines ?? [])
        lines = []
      }
    }
    return answers
  }

  private static func judge(_ response: HostResponse, _ lines: [String]) throws(Violation) {
    let request: HostRequest
    let inspection: HostRequest
    do throws(InvalidRequest) {
      request = try .perform(command)
      inspection = try .inspect(
        service: "checkout", directory: "/srv/checkout", step: command.key, fence: command.fence)
    } catch { throw Violation("a plain request is refused: \(error)") }
    let isOurs = lines.last == "end " + mark
    try require(response.answers(request) == isOurs, "an answer to \(lines.last ?? "nothing") is taken for ours")
    try require(response.answers(inspection) == isOurs, "a report on \(lines.last ?? "nothing") is taken for ours")
    let outcome = response.outcome
    try require(
      (outcome == .succeeded) == (lines.first == "status succeeded"), "success of \(lines.first ?? "nothing")")
    try isPrintable(outcome)
    if let report = try? response.report() { try judge(report, lines) }
    if let result = try? response.checkResult() {
      try require(lines.first == "status ok", "a check's result out of \(lines.first ?? "nothing")")
      try isPrintable(result.output, lineBreaks: true)
    }
  }

  private static func judge(_ report: HostReport, _ lines: [String]) throws(Violation) {
    try require(lines.first == "status ok", "a report out of \(lines.first ?? "nothing")")
    try require(report.freeBytes >= 0, "less than nothing free")
    for text in [report.bootID, report.current?.text ?? ""] + report.releases.map(\.version.text) {
      try isPrintable(text)
    }
    let isDone = report.step == .finished(.succeeded)
    try require(!isDone || lines.contains("step succeeded"), "a step that is done, of which nothing is said")
    if case .finished(let outcome) = report.step { try isPrintable(outcome) }
  }

  private static func isPrintable(_ outcome: Outcome) throws(Violation) {
    switch outcome {
    case .failed(let detail), .notSent(let detail), .unanswered(let detail): try isPrintable(detail)
    case .succeeded, .refused: break
    }
  }

  private static func isPrintable(_ text: String, lineBreaks: Bool = false) throws(Violation) {
    let bad = text.unicodeScalars.first {
      ($0.value < 0x20 && !(lineBreaks && $0 == "\n")) || (0x7F..<0xA0).contains($0.value)
        || (0x202A...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value)
    }
    try require(bad == nil, "a host moves the cursor: \(text.prefix(200).debugDescription)")
  }
}
